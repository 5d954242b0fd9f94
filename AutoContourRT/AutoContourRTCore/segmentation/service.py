"""Image file in, contours file out; model and last answer stay in memory for the next request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Optional, Tuple

from AutoContourRTCore.messages import SegmentRequest, SegmentResult
from AutoContourRTCore.models.manifest import Manifest
from AutoContourRTCore.models.store import ModelStore
from AutoContourRTCore.progress import Progress, ignore_progress, part_of
from AutoContourRTCore.volumes.files import read_volume_with_notes
from AutoContourRTCore.volumes.segfile import write_labelmap

if TYPE_CHECKING:
    from AutoContourRTCore.segmentation.pipeline import LoadedModel


class SegmentationService:
    """Serves one request after the other; torch is imported by the first, or by `warm_up`."""

    def __init__(self, store: Optional[ModelStore] = None) -> None:
        self._store = store or ModelStore()
        self._key: Optional[Tuple[Manifest, str]] = None
        self._model: Optional[LoadedModel] = None

    def warm_up(self) -> None:
        """Import what the first request would have to wait for."""
        import AutoContourRTCore.segmentation.pipeline  # noqa: F401

    def __call__(
        self,
        request: SegmentRequest,
        progress: Progress = ignore_progress,
        warn: Callable[[str], None] = lambda warning: None,
    ) -> SegmentResult:
        """Contour one file. The output is written whole or not at all.

        warn: called with what is odd about the image before the network runs; the result holds
        it too.
        Raises InputError for what the user can mend, Cancelled when the callback raises it.
        """
        from AutoContourRTCore.segmentation.pipeline import segment

        progress(0.0, "reading the image")
        volume, notes = read_volume_with_notes(request.input, request.series)
        progress(0.05, f"loading the model {request.model}")
        model = self._loaded(request.model, request.device)
        found = segment(
            volume, model, request.structures, request.roi, part_of(progress, 0.1, 0.95), warn
        )
        progress(0.95, "writing the contours")
        write_labelmap(found.labelmap, request.output)
        volumes = {name: found.labelmap.volume_ml(name) for name in found.labelmap.names}
        return SegmentResult(
            request.output, volumes, found.absent, (*notes, *found.warnings),
            {name: doubt.edge_mm for name, doubt in found.doubt.items()},
            {name: doubt.look_at for name, doubt in found.doubt.items()},
        )

    def _loaded(self, model_id: str, device: str) -> LoadedModel:
        """The model in memory where it is still the one in the store, else read anew."""
        from AutoContourRTCore.segmentation.pipeline import load_model

        key = (self._store.manifest(model_id), device)
        if self._model is None or key != self._key:
            self._model, self._key = None, None  # free the memory first
            self._model = load_model(model_id, device, self._store)
            self._key = key
        return self._model
