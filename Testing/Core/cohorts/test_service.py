"""A case that is done once, whatever the work is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, List

import pytest

from AutoContourRTCore.cohorts import record
from AutoContourRTCore.cohorts.record import read_record
from AutoContourRTCore.cohorts.service import UNFINISHED, Made, once, share_of_cores
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.progress import ignore_progress


def test_work_without_files_is_done_once_and_its_findings_are_in_the_record(
    ask: Any, out: Path
) -> None:
    calls: List[Path] = []

    def do(work: Path) -> Made:
        calls.append(work)
        assert work.is_dir() and work.parent == out / UNFINISHED
        return Made({}, "a remark", {"figure": "0.1"})

    first = once(ask(), do, ignore_progress)
    assert (first["output"], first["message"]) == ("records/a.json", "a remark")
    assert once(ask(run="run 2"), do, ignore_progress) == first and len(calls) == 1
    found = read_record(out, "a")
    assert found is not None and found.details == {"figure": "0.1"}
    once(replace(ask(run="run 2"), force=True), do, ignore_progress)
    assert len(calls) == 2 and not calls[0].exists()


def test_a_figure_that_json_does_not_know_is_an_error_and_leaves_no_record(
    ask: Any, out: Path
) -> None:
    with pytest.raises(ValueError, match="JSON"):
        once(ask(), lambda work: Made({}, "", {"figure": float("nan")}), ignore_progress)
    assert read_record(out, "a") is None


def test_an_earlier_output_that_cannot_be_read_is_the_case_s_own_problem(
    ask: Any, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(path: Path) -> str:
        raise OSError(5, "Input/output error")  # while it is read: no name of a file

    (out / "a.seg.nrrd").write_bytes(b"contours")
    monkeypatch.setattr(record, "sha256_of", broken)
    with pytest.raises(InputError, match="contours of a cannot be read: Input/output error"):
        once(ask(), lambda work: pytest.fail("it was done"), ignore_progress)
    assert (out / "a.seg.nrrd").read_bytes() == b"contours"


def test_a_program_of_another_version_does_nothing(ask: Any) -> None:
    with pytest.raises(InputError, match="the command 0.0.1"):
        once(ask(program="0.0.1"), lambda work: pytest.fail("it was done"), ignore_progress)


def test_workers_share_the_cores_and_each_has_one_at_least() -> None:
    every = share_of_cores(1)
    assert every >= 1 and share_of_cores(every) == 1 and share_of_cores(1000) == 1
