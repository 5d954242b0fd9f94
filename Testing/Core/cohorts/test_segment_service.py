"""One case of a cohort; a function that writes some bytes stands for the network."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, List

import pytest

from AutoContourRTCore.cohorts import record
from AutoContourRTCore.cohorts.record import read_record
from AutoContourRTCore.cohorts.segment_request import model_key
from AutoContourRTCore.cohorts.segment_service import SegmentCaseService
from AutoContourRTCore.cohorts.service import UNFINISHED
from AutoContourRTCore.errors import Cancelled, InputError


@pytest.fixture()
def service(segment: Any, store: Any) -> SegmentCaseService:
    pytest.importorskip("torch")  # sets the number of threads
    return SegmentCaseService(segment, store)


def names(folder: Path) -> List[str]:
    return sorted(each.name for each in folder.iterdir() if each.is_file())


def test_a_case_is_contoured_once_and_its_record_tells_how(
    service: SegmentCaseService, segment: Any, ask: Any, out: Path
) -> None:
    first = service(ask())
    assert first == {"state": "done", "seconds": first["seconds"], "output": "a.seg.nrrd",
                     "message": "a warning; Parotid_L: not found"}  # fmt: skip
    assert (out / "a.seg.nrrd").read_bytes() == b"contours"
    found = read_record(out, "a")
    assert found is not None and found.run == "run 1"
    assert found.details["volumes_ml"] == {"SpinalCord": 20.0}
    assert service(ask(run="run 2")) == first and segment.calls == 1
    assert names(out) == ["a.seg.nrrd"] and not list((out / UNFINISHED).iterdir())


def touched(ct: Path) -> None:
    os.utime(ct, ns=(1, 1))


@pytest.mark.parametrize(
    "why", ["input", "model", "structures", "what is written", "no output", "force"]
)
def test_it_is_contoured_anew_when_something_it_was_made_from_is_another(
    service: SegmentCaseService, segment: Any, ask: Any, out: Path, store: Any, why: str
) -> None:
    service(ask())
    segment.content = b"new contours"
    changes: Any = {"run": "run 2"}
    if why == "input":
        touched(Path(ask().input))
    elif why == "model":
        store.model = type(store.model)(**{**store.model.__dict__, "version": "1.3"})
        changes["model_key"] = model_key(store.model)
    elif why == "structures":
        changes["structures"] = ("SpinalCord",)
    elif why == "what is written":
        changes["write"] = "seg"
    elif why == "no output":
        (out / "a.seg.nrrd").unlink()
    else:
        changes["force"] = True
    for _ in range(2):  # the second time it is done: also with force, by the same command
        assert service(ask(**changes))["state"] == "done"
    assert segment.calls == 2 and (out / "a.seg.nrrd").read_bytes() == b"new contours"


@pytest.mark.parametrize("change", ["edited", "edited, other model", "of somebody", "bad record"])
def test_contours_that_were_edited_or_are_not_ours_are_kept_unless_forced(
    service: SegmentCaseService, segment: Any, ask: Any, out: Path, change: str
) -> None:
    if change != "of somebody":
        service(ask())
    if change == "bad record":
        (out / "records" / "a.json").write_text("{")
    else:
        (out / "a.seg.nrrd").write_bytes(b"edited for an hour")
    asked = {"structures": ("SpinalCord",)} if "other" in change else {}
    before, calls = (out / "a.seg.nrrd").read_bytes(), segment.calls
    kept = service(ask(run="run 2", **asked))
    assert kept["state"] == "kept" and "--force" in kept["message"] and segment.calls == calls
    assert (out / "a.seg.nrrd").read_bytes() == before
    assert service(ask(run="run 3", force=True))["state"] == "done"
    assert (out / "a.seg.nrrd").read_bytes() == b"contours"


def test_contours_that_are_edited_while_it_computes_are_kept_too(
    service: SegmentCaseService, segment: Any, ask: Any, out: Path
) -> None:
    segment.meanwhile = lambda: (out / "a.seg.nrrd").write_bytes(b"just now")
    with pytest.raises(InputError, match=r"a\.seg\.nrrd was changed since"):
        service(ask())
    assert (out / "a.seg.nrrd").read_bytes() == b"just now"


def test_a_computer_that_stops_between_record_and_contours_leaves_nothing_that_looks_edited(
    service: SegmentCaseService, segment: Any, ask: Any, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service(ask())
    segment.content = b"new contours"
    touched(Path(ask().input))
    monkeypatch.setattr(record, "_put_in_place", lambda *_: (_ for _ in ()).throw(Cancelled()))
    with pytest.raises(Cancelled):
        service(ask())
    assert (out / "a.seg.nrrd").read_bytes() == b"contours"
    monkeypatch.undo()
    assert service(ask())["state"] == "done" and segment.calls == 3
    assert (out / "a.seg.nrrd").read_bytes() == b"new contours"


def test_another_version_or_model_on_the_workers_machine_is_refused(
    service: SegmentCaseService, segment: Any, ask: Any, store: Any
) -> None:
    with pytest.raises(InputError, match="the command 0.0.1"):
        service(ask(program="0.0.1"))
    with pytest.raises(InputError, match="'m' \\(1.2\\) is not the command's"):
        service(ask(model_key="m 1.2 another hash"))
    assert segment.calls == 0


def test_cancel_in_the_midst_leaves_nothing(
    service: SegmentCaseService, ask: Any, out: Path
) -> None:
    def progress(fraction: float, message: str) -> None:
        raise Cancelled()

    with pytest.raises(Cancelled):
        service(ask(), progress)
    assert names(out) == [] and names(out / "records") == []


def test_paths_that_this_machine_does_not_see_are_told(
    service: SegmentCaseService, ask: Any, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="every machine must see it"):
        service(ask(input=str(tmp_path / "elsewhere.nrrd")))
    with pytest.raises(InputError, match="Every machine must see the folder"):
        service(ask(folder=str(tmp_path / "elsewhere")))


def test_the_threads_that_were_given_are_used_and_given_back(
    service: SegmentCaseService, segment: Any, ask: Any
) -> None:
    import torch

    before, seen = torch.get_num_threads(), []
    segment.meanwhile = lambda: seen.append(torch.get_num_threads())
    service(ask("a", threads=3))
    service(ask("b", threads=1))
    assert seen == [3, 1] and torch.get_num_threads() == before


def test_a_record_is_plain_json(service: SegmentCaseService, ask: Any, out: Path) -> None:
    service(ask())
    written = json.loads((out / "records" / "a.json").read_text("utf-8"))
    assert written["case"] == "a" and set(written["outputs"]) == {"a.seg.nrrd"}
    assert written["asked"]["model"].startswith("m 1.2")


def test_a_structure_set_of_a_file_that_is_no_dicom_fails_only_where_it_was_asked_for(
    service: SegmentCaseService, segment: Any, ask: Any, out: Path
) -> None:
    with pytest.raises(InputError, match="is no DICOM folder"):
        service(ask(write="rtstruct"))
    assert segment.calls == 0 and names(out) == []
    assert service(ask(write="auto"))["output"] == "a.seg.nrrd"


def test_the_series_is_told_for_dicom_folders_alone_and_counts_there_as_asked(
    service: SegmentCaseService, segment: Any, ask: Any, out: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "dicom"
    folder.mkdir()
    (folder / "IM1").write_bytes(b"slice")
    asked = {"write": "seg", "series": "planning"}
    service(ask("a", **asked))
    service(ask("b", input=str(folder), **asked))
    assert segment.series == ["", "planning"]
    service(ask("b", input=str(folder), **asked))
    service(ask("b", input=str(folder), write="seg", series="other"))
    assert segment.series == ["", "planning", "other"]
