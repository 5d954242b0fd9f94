"""The model stays in memory as long as it is the one in the store."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, List

import pytest

from AutoContourRTCore.errors import Cancelled
from AutoContourRTCore.messages import SegmentRequest
from AutoContourRTCore.models.files import read_model, write_model
from AutoContourRTCore.models.store import ModelStore
from AutoContourRTCore.segmentation import pipeline
from AutoContourRTCore.segmentation.service import SegmentationService


@pytest.fixture()
def loads(monkeypatch: pytest.MonkeyPatch) -> List[str]:
    """The ids of the models that are read, in order."""
    real, seen = pipeline.load_model, []

    def counting(model_id: str, *rest: Any) -> Any:
        seen.append(model_id)
        return real(model_id, *rest)

    monkeypatch.setattr(pipeline, "load_model", counting)
    return seen


def test_a_model_is_read_once_and_again_when_it_was_replaced(
    models: Path, phantom_ct: Path, tmp_path: Path, loads: List[str]
) -> None:
    folder = tmp_path / "models" / "tiny"
    shutil.copytree(models / "tiny", folder)
    service = SegmentationService(ModelStore(tmp_path / "models"))
    request = SegmentRequest("1", str(phantom_ct), str(tmp_path / "o.seg.nrrd"), "tiny")
    first = service(request)
    assert service(request) == first and loads == ["tiny"]
    manifest, weights = read_model(folder)
    weights["head.bias"] += 20  # everything is everywhere
    write_model(folder, manifest, weights, "# Changed\n", overwrite=True)
    changed = service(request)
    assert loads == ["tiny", "tiny"]
    assert set(changed.volumes_ml) > set(first.volumes_ml)


def test_cancelling_just_before_the_writing_keeps_the_earlier_file(
    models: Path, phantom_ct: Path, tmp_path: Path
) -> None:
    out = tmp_path / "o.seg.nrrd"
    out.write_bytes(b"edited")

    def cancel_late(fraction: float, message: str) -> None:
        if fraction >= 0.95:
            raise Cancelled()

    with pytest.raises(Cancelled):
        SegmentationService()(SegmentRequest("1", str(phantom_ct), str(out), "tiny"), cancel_late)
    assert out.read_bytes() == b"edited"
