"""`autocontourrt segment-cohort` with a tiny model and coarse phantoms."""

from __future__ import annotations

import csv
import os
import shutil
import signal
from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import pydicom
import pytest

import dicom_series as made
from AutoContourRTCore.volumes.dicom.structures import read_structures
from AutoContourRTCore.volumes.files import read_volume, write_volume
from AutoContourRTCore.volumes.segfile import read_labelmap
from AutoContourRTCore.volumes.volume import Volume


@pytest.fixture()
def cohort(phantom_ct: Path, tmp_path: Path) -> Path:
    """A file, a case folder, a DICOM series, a damaged file and a folder without a CT."""
    folder = tmp_path / "Kohorte ü"
    (folder / "p 2").mkdir(parents=True)
    (folder / "p4").mkdir()
    shutil.copy(phantom_ct, folder / "p1.nrrd")
    shutil.copy(phantom_ct, folder / "p 2" / "ct.nrrd")
    volume = read_volume(phantom_ct)
    made.write_ct(folder / "p3" / "series", np.asarray(volume.array), volume.geometry)
    (folder / "p0.nrrd").write_bytes(phantom_ct.read_bytes()[:-500])
    (folder / "list.txt").write_text("p1")
    return folder


def table(out: Path) -> Dict[str, Dict[str, str]]:
    with open(out / "summary.csv", encoding="utf-8", newline="") as file:
        return {row["case"]: row for row in csv.DictReader(file)}


def states(out: Path) -> Dict[str, str]:
    return {case: row["state"] for case, row in table(out).items()}


ALL = {"p 2": "done", "p0": "failed", "p1": "done", "p3": "done", "p4": "failed"}
TINY = ("--model", "tiny", "--device", "cpu")


def test_every_kind_of_case_is_contoured_bad_ones_are_told_and_a_second_run_does_nothing_anew(
    command: Any, cohort: Path, tmp_path: Path
) -> None:
    out = tmp_path / "made" / "out"
    done = command("segment-cohort", cohort, out, *TINY, "--workers", 2)
    assert done.code == 3, done.err
    assert "5 cases: 3 done, 0 kept, 2 failed" in done.out and "Research use only" in done.out
    assert "p0: failed: " in done.err and "truncated" in table(out)["p0"]["message"]
    assert "p4: failed: " in done.err and "p4 holds no file" in table(out)["p4"]["message"]
    assert "list.txt" in done.err
    assert states(out) == ALL and table(out)["p3"]["output"] == "p3.dcm"
    assert "Parotid_L: not found" in table(out)["p1"]["message"]
    assert float(table(out)["p1"]["seconds"]) > 0
    assert sorted(each.name for each in out.iterdir()) == [
        "logs", "p 2.seg.nrrd", "p1.seg.nrrd", "p3.dcm", "p3.seg.nrrd", "records", "summary.csv"
    ]  # fmt: skip
    found = read_labelmap(out / "p1.seg.nrrd")
    assert found.geometry.same_grid(read_volume(cohort / "p1.nrrd").geometry)
    in_set = read_structures(out / "p3.dcm", cohort / "p3").labelmap
    assert in_set.names == read_labelmap(out / "p3.seg.nrrd").names
    head = pydicom.dcmread(out / "p3.dcm").StructureSetROISequence[0]
    assert head.ROIGenerationAlgorithm == "AUTOMATIC"
    assert head.ROIGenerationDescription.endswith("model tiny 1.0")

    before = {each: each.stat().st_mtime_ns for each in out.glob("p*")}
    shutil.copy(cohort / "p1.nrrd", cohort / "p0.nrrd")  # mended
    shutil.rmtree(cohort / "p4")
    again = command("segment-cohort", cohort, out, *TINY)
    assert again.code == 0, again.err
    assert states(out) == {**{k: "done" for k in ALL if k != "p4"}}
    assert {each: each.stat().st_mtime_ns for each in before} == before


def test_edited_contours_are_kept_and_the_exit_code_is_0(
    command: Any, cohort: Path, tmp_path: Path
) -> None:
    for name in ("p0.nrrd", "p 2/ct.nrrd"):
        (cohort / name).unlink()
    for name in ("p3", "p4", "p 2"):
        shutil.rmtree(cohort / name)
    out = tmp_path / "out"
    assert command("segment-cohort", cohort, out, *TINY).code == 0
    (out / "p1.seg.nrrd").write_bytes(b"edited")
    kept = command("segment-cohort", cohort, out, *TINY, "--structures", "cord")
    assert kept.code == 0 and "p1: kept: p1.seg.nrrd was changed since" in kept.err
    assert (out / "p1.seg.nrrd").read_bytes() == b"edited"
    forced = command("segment-cohort", cohort, out, *TINY, "--structures", "cord", "--force",
                     "--progress", "json")  # fmt: skip
    assert forced.code == 0, forced.err
    assert read_labelmap(out / "p1.seg.nrrd").names == ("SpinalCord",)
    assert forced.lines[-1]["result"]["done"] == 1
    fractions = [line["fraction"] for line in forced.lines[:-1]]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0


@pytest.fixture()
def dicom_cohort(phantom_ct: Path, tmp_path: Path) -> Path:
    """Two DICOM folders, each with a whole series and a short one; and a file."""
    folder, volume = tmp_path / "dicom", read_volume(phantom_ct)
    short = volume.geometry.cropped((0, 0, 0), (20, *volume.geometry.shape[1:]))
    for n, case in enumerate(("p1", "p2")):
        made.write_ct(folder / case / "a", np.asarray(volume.array), volume.geometry,
                      SeriesInstanceUID=f"2.25.{n + 1}1", SeriesDescription="Planning CT")
        made.write_ct(folder / case / "b", np.asarray(volume.array)[:20], short,
                      SeriesInstanceUID=f"2.25.{n + 1}2", SeriesDescription="scout")  # fmt: skip
    shutil.copy(phantom_ct, folder / "p3.nrrd")
    return folder


@pytest.mark.slow
def test_series_are_chosen_by_their_description_and_structure_sets_as_segment_writes_them(
    command: Any, dicom_cohort: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    plain = command("segment-cohort", dicom_cohort, out, *TINY)
    assert plain.code == 3 and "holds 2 CT series" in table(out)["p1"]["message"]
    (tmp_path / "map.csv").write_text("name,roi_name\nSpinalCord,Cord\n")
    done = command("segment-cohort", dicom_cohort, out, *TINY, "--series", "planning ct",
                   "--structures", "cord", "--write", "rtstruct", "--label", "ours", "--body",
                   "--names", tmp_path / "map.csv")  # fmt: skip
    assert done.code == 3, done.err
    assert states(out) == {"p1": "done", "p2": "done", "p3": "failed"}
    assert "is no DICOM folder" in table(out)["p3"]["message"]
    content = pydicom.dcmread(out / "p2.dcm")
    assert content.StructureSetLabel == "ours"
    assert [each.ROIName for each in content.StructureSetROISequence] == ["Cord", "Body"]
    one = command("segment", dicom_cohort / "p2", "-o", tmp_path / "RS.dcm", *TINY, "--series",
                  "planning ct", "--structures", "cord", "--label", "ours", "--body", "--names",
                  tmp_path / "map.csv")  # fmt: skip
    assert one.code == 0, one.err
    ours, theirs = (read_structures(path, dicom_cohort / "p2" / "a").labelmap
                    for path in (out / "p2.dcm", tmp_path / "RS.dcm"))  # fmt: skip
    assert ours.names == theirs.names
    assert all(np.array_equal(mask, theirs.masks[name]) for name, mask in ours.masks.items())

    seg = command("segment-cohort", dicom_cohort, out, *TINY, "--series", "planning ct",
                  "--structures", "cord", "--write", "seg")  # fmt: skip
    assert seg.code == 0, seg.err
    assert sorted(each.name for each in out.glob("p*")) == [
        "p1.seg.nrrd", "p2.seg.nrrd", "p3.seg.nrrd"]  # fmt: skip


def test_a_name_map_to_edit_is_written_and_nothing_else(
    command: Any, cohort: Path, tmp_path: Path
) -> None:
    done = command("segment-cohort", cohort, tmp_path / "out", *TINY, "--write-names",
                   tmp_path / "map.csv")  # fmt: skip
    assert done.code == 0 and "SpinalCord" in (tmp_path / "map.csv").read_text("utf-8")
    assert not (tmp_path / "out").exists()


def bad(words: List[str], cohort: Path) -> List[str]:
    return [word.replace("IN", str(cohort)) for word in words]


@pytest.mark.parametrize(
    "words, told",
    [
        (["nowhere", "out"], "nowhere is no folder"),
        (["IN", "IN"], "choose a folder beside it"),
        (["IN", "IN/out"], "choose a folder beside it"),
        (["IN", "IN/list.txt/x"], "choose a folder beside it"),
        (["IN", "out", "--model", "nobody"], "tiny"),
        (["IN", "out", "--model", "tiny", "--structures", "Heart"], "does not contour Heart"),
        (["IN", "out", "--model", "tiny", "--label", "longer than sixteen"], "The label"),
        (["IN", "out", "--model", "tiny", "--names", "none.csv"], "The name map none.csv"),
        (["IN", "out", "--model", "tiny", "--names", "long.csv"], "16 are allowed"),
        (["IN", "out", "--model", "tiny", "--write", "seg", "--body"], "leave out --write seg"),
        (["IN", "out", "--workers", "0"], "not a number of workers"),
        (["IN", "out", "--workers", "2", "--scheduler", "tcp://x:1"], "not both"),
        (["IN/p4", "out", "--model", "tiny"], "holds no case"),
    ],
)
def test_a_bad_argument_is_exit_code_2_before_anything_is_written(
    command: Any, cohort: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    words: List[str], told: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    Path("long.csv").write_text("name,roi_name\nSpinalCord,Longer than sixteen\n", "utf-8")
    done = command("segment-cohort", *bad(words, cohort))
    assert done.code == 2 and told in done.err and "Traceback" not in done.err
    assert not (tmp_path / "out").exists()


def thin(volume: Volume) -> Volume:
    """A few slices of the neck."""
    return Volume(
        np.ascontiguousarray(volume.array[10:26]),
        volume.geometry.cropped((10, 0, 0), (26, *volume.geometry.shape[1:])),
    )


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_ctrl_c_leaves_whole_files_only_and_the_same_command_goes_on(
    start: Any, command: Any, phantom_ct: Path, tmp_path: Path
) -> None:
    cohort, out = tmp_path / "in", tmp_path / "out"
    cohort.mkdir()
    ct = thin(read_volume(phantom_ct))
    for name, hu in zip("abc", range(3)):  # the network looks at each: no two are the same
        write_volume(Volume(ct.array + hu, ct.geometry), cohort / f"{name}.nrrd")
    listen = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    words = ("segment-cohort", cohort, out, "--model", "slow", "--device", "cpu",
             "--progress", "json")  # fmt: skip
    process = start(*words, before=listen)
    while "b: window " not in process.stdout.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130 and "goes on from there" in err, err
    assert "Traceback" not in err
    assert states(out) == {"a": "done", "b": "waiting", "c": "waiting"}
    assert sorted(each.name for each in out.iterdir()) == [
        "a.seg.nrrd", "logs", "records", "summary.csv"]  # fmt: skip
    before = (out / "a.seg.nrrd").stat().st_mtime_ns
    (cohort / "c.nrrd").unlink()  # two are enough
    last = command(*words)
    assert last.code == 0, last.err
    assert states(out) == {"a": "done", "b": "done"}
    assert (out / "a.seg.nrrd").stat().st_mtime_ns == before
    told = {line["message"] for line in last.lines[:-1]}
    assert any("; b: window " in each for each in told)
    assert not any("; a: " in each for each in told)
