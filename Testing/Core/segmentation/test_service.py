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
from AutoContourRTCore.nn.inference import Predictor
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


def test_other_structures_of_the_same_image_need_no_network_and_are_the_same(
    models: Path, phantom_ct: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = Predictor.__call__, []

    def counting(self: Predictor, *arguments: Any) -> Any:
        calls.append(arguments)
        return real(self, *arguments)

    monkeypatch.setattr(Predictor, "__call__", counting)

    def request(name: str, **more: Any) -> SegmentRequest:
        return SegmentRequest("1", str(phantom_ct), str(tmp_path / name), "tiny", **more)

    service = SegmentationService(ModelStore(models))
    everything = service(request("all.seg.nrrd"))
    one = sorted(everything.volumes_ml)[0]
    found = service(request("one.seg.nrrd", structures=(one,)))
    assert len(calls) == 1 and found.volumes_ml == {one: everything.volumes_ml[one]}
    alone = SegmentationService(ModelStore(models))(request("alone.seg.nrrd", structures=(one,)))
    assert len(calls) == 2 and alone.volumes_ml == found.volumes_ml
    assert (tmp_path / "one.seg.nrrd").read_bytes() == (tmp_path / "alone.seg.nrrd").read_bytes()
    service(request("box.seg.nrrd", roi=(20, 60, 20, 60, 5, 30)))
    assert len(calls) == 3


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
