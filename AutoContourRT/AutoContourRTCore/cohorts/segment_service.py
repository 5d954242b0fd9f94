"""One case of a cohort contoured: a .seg.nrrd and, for a DICOM folder, a structure set."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, Optional, Tuple

from AutoContourRTCore.cohorts.segment_request import (
    RTSTRUCT,
    SEG,
    SegmentCaseRequest,
    model_key,
)
from AutoContourRTCore.cohorts.service import Made, once
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.messages import SegmentRequest, SegmentResult
from AutoContourRTCore.models.manifest import Manifest
from AutoContourRTCore.models.store import ModelStore
from AutoContourRTCore.progress import Progress, ignore_progress, part_of
from AutoContourRTCore.segmentation.service import SegmentationService

Segment = Callable[[SegmentRequest, Progress], SegmentResult]


class SegmentCaseService:
    """Serves one SegmentCaseRequest after the other; the model stays in memory."""

    def __init__(
        self, segment: Optional[Segment] = None, store: Optional[ModelStore] = None
    ) -> None:
        self._store = store or ModelStore()
        self._segment = segment or SegmentationService(self._store)

    def warm_up(self) -> None:
        """Import what the first request would have to wait for."""
        import AutoContourRTCore.segmentation.pipeline  # noqa: F401

    def __call__(
        self, request: SegmentCaseRequest, progress: Progress = ignore_progress
    ) -> Dict[str, Any]:
        """Do a case that is not done yet; returns what CaseRequest tells.

        Raises InputError for what the user can mend, Cancelled when the callback raises it.
        """
        return once(request, partial(self._do, request, progress), progress)

    def _do(self, request: SegmentCaseRequest, progress: Progress, work: Path) -> Made:
        manifest, contours = self._model(request), work / "contours.seg.nrrd"
        if request.write == RTSTRUCT and not request.is_dicom:
            raise InputError(
                f"{request.input} is no DICOM folder, so no structure set can name its images; "
                "leave out --write rtstruct."
            )
        series = request.series if request.is_dicom else ""
        with _on_threads(request.threads):
            found = self._segment(
                SegmentRequest(request.id, request.input, str(contours), request.model,
                               request.structures, None, request.device, series),
                part_of(progress, 0.0, 0.9),
            )  # fmt: skip
        files, warnings = {f"{request.id}.seg.nrrd": contours}, found.warnings
        if request.is_dicom and request.write != SEG:
            progress(0.9, "writing the structure set")
            made, notes = _structure_set(request, manifest, contours)
            files.update(made)
            warnings += notes
        absent = (f"{name}: {why}" for name, why in found.absent.items())
        return Made(
            files, "; ".join((*warnings, *absent)),
            {"input": request.input, "volumes_ml": found.volumes_ml, "absent": found.absent},
        )

    def _model(self, request: SegmentCaseRequest) -> Manifest:
        """InputError where another computer's model is not the same."""
        manifest = self._store.manifest(request.model)
        if model_key(manifest) != request.model_key:
            raise InputError(
                f"The worker's model {request.model!r} ({manifest.version}) is not the command's; "
                "import the same file everywhere."
            )
        return manifest


def _structure_set(
    request: SegmentCaseRequest, manifest: Manifest, contours: Path
) -> Tuple[Dict[str, Path], Tuple[str, ...]]:
    """The file, and notes. Unless it was asked for, the contours stay without it."""
    from AutoContourRTCore.segmentation.structure_set import write_structure_set
    from AutoContourRTCore.volumes.dicom.roi_names import RoiName

    path = contours.with_name("contours.dcm")
    names = None
    if request.names is not None:
        names = {name: RoiName(**values) for name, values in request.names.items()}
    try:
        notes = write_structure_set(
            contours, Path(request.input), path, manifest, request.label, names, request.body,
            request.series,
        )  # fmt: skip
    except InputError as error:
        if request.write == RTSTRUCT:
            raise
        return {}, (f"no structure set was written: {error}",)
    return {f"{request.id}.dcm": path}, notes


@contextmanager
def _on_threads(count: int) -> Iterator[None]:
    """So many CPU threads for the time of the block."""
    import SimpleITK

    from AutoContourRTCore.nn.devices import threads

    SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(count)
    with threads(count):
        yield
