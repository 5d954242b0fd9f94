"""One case of a cohort: contours and, for a DICOM folder, a structure set; whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, Mapping, Optional, Tuple

from AutoContourRTCore import __version__
from AutoContourRTCore.cohorts.record import (
    TAKEN,
    WHOLE,
    Record,
    asked_for,
    commit,
    condition,
    kept_message,
    model_key,
)
from AutoContourRTCore.cohorts.request import CaseRequest
from AutoContourRTCore.cores import cores
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.hashing import sha256_of
from AutoContourRTCore.messages import SegmentRequest, SegmentResult
from AutoContourRTCore.models.manifest import Manifest
from AutoContourRTCore.models.store import ModelStore
from AutoContourRTCore.progress import Progress, ignore_progress, part_of
from AutoContourRTCore.segmentation.service import SegmentationService

#: Where files lie until they are whole; on the disk that they are meant for.
UNFINISHED = "unfinished"
DONE, KEPT = "done", "kept"
Segment = Callable[[SegmentRequest, Progress], SegmentResult]


class CaseService:
    """Serves one CaseRequest after the other; the model stays in memory."""

    def __init__(
        self, segment: Optional[Segment] = None, store: Optional[ModelStore] = None
    ) -> None:
        self._store = store or ModelStore()
        self._segment = segment or SegmentationService(self._store)

    def warm_up(self) -> None:
        """Import what the first request would have to wait for."""
        import AutoContourRTCore.segmentation.pipeline  # noqa: F401

    def __call__(
        self, request: CaseRequest, progress: Progress = ignore_progress
    ) -> Dict[str, Any]:
        """Do a case that is not done yet; returns what CaseRequest tells.

        Raises InputError for what the user can mend, Cancelled when the callback raises it.
        """
        manifest = self._checked(request)
        asked = asked_of(request)
        state, record = condition(request.folder, request.id, asked)
        if state == WHOLE and record is not None and not _again(request, record):
            return result_of(record)
        if state == TAKEN and not request.force:
            return kept_result(request.folder, request.id)
        with _on_threads(request.threads), _workplace(request.folder) as work:
            return result_of(self._do(request, manifest, asked, work, progress))

    def _checked(self, request: CaseRequest) -> Manifest:
        """The model; InputError where another computer's program or model is not the same."""
        if request.program != __version__:
            raise InputError(
                f"The worker runs AutoContourRT {__version__}, the command {request.program}; "
                "install the same version everywhere."
            )
        manifest = self._store.manifest(request.model)
        if model_key(manifest) != request.model_key:
            raise InputError(
                f"The worker's model {request.model!r} ({manifest.version}) is not the command's; "
                "import the same file everywhere."
            )
        return manifest

    def _do(
        self, request: CaseRequest, manifest: Manifest, asked: Mapping[str, str], work: Path,
        progress: Progress,
    ) -> Record:  # fmt: skip
        began = time.monotonic()
        made = {f"{request.id}.seg.nrrd": work / "contours.seg.nrrd"}
        contours = made[f"{request.id}.seg.nrrd"]
        found = self._segment(
            SegmentRequest(request.id, request.input, str(contours), request.model,
                           request.structures, None, request.device),
            part_of(progress, 0.0, 0.9),
        )  # fmt: skip
        warnings = found.warnings
        if Path(request.input).is_dir():
            progress(0.9, "writing the structure set")
            warnings += self._structure_set(request, manifest, contours, work, made)
        record = Record(
            request.id, request.input, asked,
            {name: sha256_of(path) for name, path in made.items()},
            round(time.monotonic() - began, 2), found.volumes_ml, found.absent, warnings,
            request.run, __version__,
        )  # fmt: skip
        progress(1.0, "done")
        commit(request.folder, record, made, request.force)
        return record

    def _structure_set(
        self, request: CaseRequest, manifest: Manifest, contours: Path, work: Path,
        made: Dict[str, Path],
    ) -> Tuple[str, ...]:  # fmt: skip
        """Write it and add it to what was made; returns notes. The contours stay without it."""
        from AutoContourRTCore.volumes.dicom.rtstruct_write import Export, write_rtstruct
        from AutoContourRTCore.volumes.dicom.series import find_series
        from AutoContourRTCore.volumes.segfile import read_labelmap

        labelmap, path = read_labelmap(contours), work / "contours.dcm"
        export = Export(
            generated=dict.fromkeys(labelmap.names, "AUTOMATIC"),
            model=manifest.id, model_version=manifest.version,
        )  # fmt: skip
        try:
            notes = write_rtstruct(labelmap, find_series(Path(request.input)), path, export)
        except InputError as error:
            return (f"no structure set was written: {error}",)
        made[f"{request.id}.dcm"] = path
        return tuple(notes)


def asked_of(request: CaseRequest) -> Dict[str, str]:
    """What the case of a request is made from; InputError where it cannot be looked at."""
    try:
        return asked_for(Path(request.input), request.model_key, request.structures)
    except OSError as error:
        raise InputError(
            f"{request.input} cannot be read: {error.strerror}; every machine must see it."
        ) from error


def result_of(record: Record) -> Dict[str, Any]:
    """The result of a case that is done."""
    return {
        "state": DONE, "seconds": record.seconds, "message": record.message,
        "output": record.main_output,
    }  # fmt: skip


def kept_result(folder: Path, case: str) -> Dict[str, Any]:
    """The result of a case whose files are left as they are."""
    return {
        "state": KEPT, "seconds": 0.0, "message": kept_message(folder, case),
        "output": f"{case}.seg.nrrd",
    }  # fmt: skip


def share_of_cores(workers: int) -> int:
    """Threads for each of the workers that share the cores this process may use; at least 1."""
    return max(1, cores() // workers)


def _again(request: CaseRequest, record: Record) -> bool:
    """Whether a case that is done is to be done anew: not if this very command did it."""
    return request.force and record.run != request.run


@contextmanager
def _on_threads(count: int) -> Iterator[None]:
    """So many CPU threads for the time of the block."""
    import SimpleITK

    from AutoContourRTCore.nn.devices import threads

    SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(count)
    with threads(count):
        yield


@contextmanager
def _workplace(folder: Path) -> Iterator[Path]:
    """A folder of this attempt's own: two that do the same case never meet."""
    place = folder / UNFINISHED
    try:
        place.mkdir(exist_ok=True)
        work = Path(tempfile.mkdtemp(dir=place))
        try:
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)  # what stays, the command removes at its end
    except FileNotFoundError as error:
        if folder.is_dir() and place.is_dir():
            raise
        raise InputError(
            f"{place} is not there: was the command stopped? Every machine must see the folder "
            "under the same path."
        ) from error
