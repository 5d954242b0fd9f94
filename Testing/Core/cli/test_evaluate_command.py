"""`autocontourrt evaluate` and `tolerances`."""

from __future__ import annotations

import csv
import math
import shutil
from argparse import Namespace
from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import pytest

from AutoContourRTCore.anatomy.catalogue import standard_name
from AutoContourRTCore.cli.cohort_options import pool_of
from AutoContourRTCore.errors import Cancelled
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.imagefile import image_of, write_image
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.segfile import write_labelmap

GRID = Geometry((20, 24, 28), (2.5, 1.0, 1.25))


def masks(shift: int) -> Dict[str, np.ndarray]:
    brain, heart = np.zeros((2, *GRID.shape), bool)
    brain[3 + shift : 13 + shift, 4:10, 5:12] = True
    heart[5:9, 12 : 18 + shift, 14:20] = True
    return {"Brain": brain, "Heart": heart}


@pytest.fixture()
def cohort(tmp_path: Path) -> List[Path]:
    """Four cases: masks in folders, a .seg.nrrd each, and those moved by two slices."""
    for n in range(4):
        case = tmp_path / "reference" / f"p{n}" / "segmentations"
        case.mkdir(parents=True)
        for name, mask in masks(0).items():
            write_image(image_of(mask.astype(np.uint8), GRID), case / f"{name}.nii.gz")
        for folder, shift in (("test", n % 2), ("other", 2)):
            (tmp_path / folder).mkdir(exist_ok=True)
            write_labelmap(LabelMap(masks(shift), GRID), tmp_path / folder / f"p{n}.seg.nrrd")
    return [tmp_path / name for name in ("reference", "test", "other")]


def rows(path: Path) -> List[Dict[str, str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_folders_of_masks_and_segmentation_files_of_one_name_are_compared(
    command: Any, cohort: List[Path], tmp_path: Path
) -> None:
    done = command("evaluate", *cohort[:2], "-o", tmp_path / "out")
    assert done.code == 0, done.err
    table = rows(tmp_path / "out" / "per_case.csv")
    assert [row["case"] for row in table] == ["p0", "p0", "p1", "p1", "p2", "p2", "p3", "p3"]
    assert [float(row["dice"]) for row in table[::2]] == pytest.approx([1, 0.9, 1, 0.9])
    assert "4 cases, 8 structures compared" in done.out
    assert "0.950 ± 0.058" in done.out  # 1, 0.9, 1, 0.9
    assert "<h1>" in (tmp_path / "out" / "report.html").read_text("utf-8")


def test_the_printed_table_counts_what_the_test_lacks_not_what_nobody_drew(
    command: Any, cohort: List[Path], tmp_path: Path
) -> None:
    (cohort[0] / "p0" / "segmentations" / "Heart.nii.gz").unlink()
    write_labelmap(LabelMap({"Heart": masks(0)["Heart"]}, GRID), cohort[1] / "p1.seg.nrrd")
    done = command("evaluate", *cohort[:2], "-o", tmp_path / "out")
    told = [line.split() for line in done.out.splitlines()]
    assert told[0][:5] == ["structure", "n", "not", "in", "test"]
    assert ["Brain", "4", "1"] in [words[:3] for words in told]
    assert ["Heart", "3", "0"] in [words[:3] for words in told]
    assert "0.725 ± 0.486" in done.out  # 1, 0, 1, 0.9: what the test lacks is 0


def changed(path: Path) -> int:
    return path.stat().st_mtime_ns


def test_repeated_it_compares_what_was_changed_and_keeps_the_report_of_other_folders(
    command: Any, cohort: List[Path], tmp_path: Path
) -> None:
    words, out = ("evaluate", *cohort[:2], "-o", tmp_path / "out"), tmp_path / "out"
    assert command(*words, "--workers", 2).code == 0
    table, records = (out / "per_case.csv").read_text(), sorted((out / "records").iterdir())
    before = [changed(path) for path in records]
    again = command(*words)
    assert again.code == 0, again.err
    assert [changed(path) for path in records] == before
    assert (out / "per_case.csv").read_text() == table, "with the times of the first command"
    shutil.copy(cohort[1] / "p1.seg.nrrd", cohort[1] / "p2.seg.nrrd")
    assert command(*words).code == 0
    assert [changed(path) == t for path, t in zip(records, before)] == [True, True, False, True]
    dice = [float(row["dice"]) for row in rows(out / "per_case.csv")[::2]]
    assert dice == pytest.approx([1, 0.9, 0.9, 0.9])
    other = command("evaluate", cohort[0], cohort[2], "-o", out)
    assert other.code == 2 and "report.html exists already" in other.err
    assert rows(out / "per_case.csv")[0]["test_file"] == str(cohort[1] / "p0.seg.nrrd")
    assert command("evaluate", cohort[0], cohort[2], "-o", out, "--force").code == 0
    assert rows(out / "per_case.csv")[0]["test_file"] == str(cohort[2] / "p0.seg.nrrd")
    report = tmp_path / "by hand" / "report.html"
    report.parent.mkdir()
    report.write_text("mine")
    kept = command(*words[:3], "-o", report.parent)
    assert kept.code == 2 and "--force" in kept.err and report.read_text() == "mine"


@pytest.mark.parametrize(("words", "told"), [
    (("--model", "another"), "(model)"), (("--grid", "test"), "(grid)"),
    (("--tolerances", "t.csv"), "(tolerances)"), (("--limits", "l.csv"), "(limits)"),
    (("--dose", "dose.nrrd", "--dose-unit", "Gy"), "(dose)"),
    (("--round-tolerance", "--second", "other"), "(folders, round_tolerance)"),
])  # fmt: skip
def test_the_report_of_other_settings_is_kept_and_what_differs_is_named(
    command: Any, cohort: List[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    words: Any, told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text("structure,tolerance_mm,source\nBrain,1.5,me\n")
    Path("l.csv").write_text("structure,measure,pass,borderline\nBrain,dice,0.9,0.8\n")
    first = ("evaluate", *cohort[:2], "-o", "out")
    assert command(*first).code == 0
    before = {path: path.read_bytes() for path in Path("out").rglob("*") if path.is_file()}
    other = command(*first, *words)
    assert other.code == 2 and told in other.err, other.err
    assert "-o" in other.err and "--force" in other.err
    after = {path: path.read_bytes() for path in Path("out").rglob("*") if path.is_file()}
    assert after == before
    assert command(*first).code == 0
    if "--dose" not in words:  # there is no dose here
        assert command(*first, *words, "--force").code == 0
        again = command(*first)
        assert again.code == 2 and told in again.err


@pytest.mark.parametrize(("force", "told"), [(False, "goes on from there"), (True, "begins again")])
def test_a_stopped_command_says_what_the_same_command_will_do(
    tmp_path: Path, force: bool, told: str
) -> None:
    options = Namespace(scheduler=None, workers=1, output=tmp_path, force=force)
    with pytest.raises(Cancelled, match=told), pool_of(options):
        raise KeyboardInterrupt


def test_a_bad_case_is_named_and_the_exit_code_says_that_some_failed(
    command: Any, cohort: List[Path], tmp_path: Path
) -> None:
    (cohort[1] / "p1.seg.nrrd").write_bytes(b"NRRD0004\nno more")
    (cohort[2] / "p2.seg.nrrd").write_bytes(b"")
    done = command("evaluate", *cohort[:2], "-o", tmp_path / "out", "--second", cohort[2],
                   "--names", "ours,theirs", "--progress", "json")  # fmt: skip
    assert done.code == 3, done.err
    assert "p1: " in done.err and "p2: theirs: " in done.err
    assert "3 cases, 6 structures compared, 2 cases failed." in done.err
    result = done.lines[-1]["result"]
    assert (result["cases"], result["failed"], len(result["problems"])) == (3, 2, 2)
    fractions = [line["fraction"] for line in done.lines[:-1]]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    states = {row["case"]: row for row in rows(tmp_path / "out" / "cases.csv")}
    assert {name: row["state"] for name, row in states.items()} == {
        "p0": "done", "p1": "failed", "p2": "done", "p3": "done"}  # fmt: skip
    assert "p1.seg.nrrd" in states["p1"]["message"] and float(states["p0"]["seconds"]) > 0
    second = rows(tmp_path / "out" / "second" / "cases.csv")
    assert [row["state"] for row in second] == ["done", "done", "failed", "done"]
    problems = rows(tmp_path / "out" / "problems.csv")
    assert [row["case"] for row in problems] == ["p1", "p2"]
    assert "theirs: " in (tmp_path / "out" / "report.html").read_text("utf-8")


def test_two_methods_are_compared_pairwise(
    command: Any, cohort: List[Path], tmp_path: Path
) -> None:
    done = command("evaluate", *cohort[:2], "-o", tmp_path / "out", "--second", cohort[2],
                   "--names", "ours,theirs", "--margin", "4", "--model", "m 1")
    assert done.code == 0, done.err
    assert {row["model"] for row in rows(tmp_path / "out" / "per_case.csv")} == {"m 1"}
    assert {row["model"] for row in rows(tmp_path / "out" / "per_case_second.csv")} == {""}
    brain = rows(tmp_path / "out" / "paired.csv")[0]
    assert (brain["structure"], brain["measure"], brain["n"]) == ("Brain", "dice", "4")
    assert float(brain["difference"]) == pytest.approx(0.15)
    assert (float(brain["p"]), brain["margin"], brain["non_inferior"]) == (0.125, "0.04", "")
    assert "ours against theirs" in (tmp_path / "out" / "report.html").read_text("utf-8")


def test_drawn_slices_ratings_and_a_missing_case_take_effect(
    command: Any, cohort: List[Path], tmp_path: Path
) -> None:
    (tmp_path / "drawn.csv").write_text("case,structure,slices\n*,Brain,4 5\n")
    ratings = "case,structure,grade\np0,Brain,good\np1,Brain,good\nnobody,Brain,acceptable\n"
    (tmp_path / "ratings.csv").write_text(ratings)
    (cohort[1] / "p3.seg.nrrd").unlink()
    done = command("evaluate", *cohort[:2], "-o", tmp_path / "out", "--ratings",
                   tmp_path / "ratings.csv", "--drawn-slices", tmp_path / "drawn.csv")
    assert done.code == 0 and "p3: the test has no such case" in done.err
    assert rows(tmp_path / "out" / "rating_counts.csv")[0]["good %"] == "100"
    assert "the ratings of 'nobody' were left out" in done.err
    brain = next(r for r in rows(tmp_path / "out" / "summary.csv")
                 if (r["structure"], r["measure"]) == ("Brain", "dice"))
    assert (brain["n"], float(brain["pooled"])) == ("3", 1.0)  # slices 4, 5 agree in every case


def test_bad_input_is_exit_code_2(command: Any, cohort: List[Path], tmp_path: Path) -> None:
    done = command("evaluate", cohort[0], tmp_path / "none", "-o", tmp_path / "out")
    assert done.code == 2 and "is no folder" in done.err and not (tmp_path / "out").exists()
    done = command("evaluate", *cohort[:2], "-o", cohort[1] / "p1.seg.nrrd")
    assert done.code == 2 and "is a file" in done.err
    done = command("evaluate", *cohort[:2], "-o", tmp_path / "out", "--second", cohort[2],
                   "--margin", "-1")
    assert done.code == 2 and "0 or more" in done.err
    done = command("evaluate", *cohort[:2], "-o", tmp_path / "two", "--workers", "2",
                   "--scheduler", "tcp://127.0.0.1:9")  # fmt: skip
    assert done.code == 2 and "not both" in done.err
    done = command("evaluate", *cohort[:2], "-o", cohort[1] / "out")
    assert done.code == 2 and "choose a folder beside it" in done.err
    assert not (tmp_path / "two").exists() and not (cohort[1] / "out").exists()
    assert "usage:" in command("evaluate", *cohort[:2]).err


def test_tolerances_are_derived_and_used(command: Any, cohort: List[Path], tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    done = command("tolerances", *cohort, "-o", path, "--percent", "100")
    assert done.code == 0, done.err
    derived = {row["structure"]: row for row in rows(path)}
    assert float(derived["Brain"]["tolerance_mm"]) == 5.0  # two slices of 2.5 mm
    assert derived["Brain"]["cases"] == "p0 p1 p2 p3"
    done = command("evaluate", *cohort[:2], "-o", tmp_path / "out", "--tolerances", path)
    assert done.code == 0
    row = rows(tmp_path / "out" / "per_case.csv")[2]
    assert (row["tolerance_mm"], row["surface_dice"]) == ("5.0", "1.0")
    assert "12 observer pairs in 4 cases" in row["tolerance_source"]
    assert command("tolerances", cohort[0], "-o", tmp_path / "u.csv").code == 2
    labels = tmp_path / "labels.csv"  # for label images; these observers' files name their own
    labels.write_text("value,name\n1,Heart\n2,Brain\n", encoding="utf-8")
    done = command("tolerances", *cohort, "-o", tmp_path / "v.csv", "--percent", "100",
                   "--labels", labels)  # fmt: skip
    assert done.code == 0, done.err
    again = {row["structure"]: row["tolerance_mm"] for row in rows(tmp_path / "v.csv")}
    assert again == {name: row["tolerance_mm"] for name, row in derived.items()}


@pytest.mark.slow
def test_one_command_gives_the_human_table_and_the_figures_of_the_reference_library(
    command: Any, shared_data: Path, tmp_path: Path
) -> None:
    """All 147 pairs of oncologist and radiographer."""
    data = shared_data / "masks_tcia"
    folders = [data / "validation" / who for who in ("oncologist", "radiographer")]
    done = command("evaluate", *folders, "-o", tmp_path / "out")
    assert done.code == 0, done.err
    with open(data / "reference_validation.csv", newline="", encoding="utf-8") as file:
        expected = {(r["case"], standard_name(r["structure"])): r for r in csv.DictReader(file)}
    found = {(r["case"], r["structure"]): r for r in rows(tmp_path / "out" / "per_case.csv")}
    assert set(found) == set(expected) and len(found) == 147
    names = {
        "surface_dsc": "surface_dice", "dsc": "dice", "hd95_mm": "hd95_mm",
        "asd_oncologist_to_radiographer_mm": "asd_reference_to_test_mm",
        "asd_radiographer_to_oncologist_mm": "asd_test_to_reference_mm",
        "tolerance_mm": "tolerance_mm",
    }
    for key, row in expected.items():
        theirs = [float(row[name]) for name in names]
        ours = [float(found[key][name]) for name in names.values()]
        assert ours == pytest.approx(theirs, rel=0, abs=1e-9, nan_ok=True), key
    summary = {(r["structure"], r["measure"]): r for r in rows(tmp_path / "out" / "summary.csv")}
    for structure in {structure for _, structure in expected}:
        values = [float(r["dsc"]) for (_, name), r in expected.items() if name == structure]
        drawn = [value for value in values if not math.isnan(value)]
        told = summary[(structure, "dice")]
        assert float(told["mean"]) == pytest.approx(np.mean(drawn))
        assert float(told["sd"]) == pytest.approx(np.std(drawn, ddof=1))
        assert (told["n"], told["missing"]) == (str(len(drawn)), str(7 - len(drawn)))
    report = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert all(f"<td>{structure}</td>" in report for _, structure in expected)


def test_a_misspelt_line_of_a_limits_file_is_told_once(
    command: Any, cohort: List[Path], tmp_path: Path
) -> None:
    table = tmp_path / "limits.csv"
    table.write_text("structure,measure,pass,borderline\nHaert,dice,0.9,0.8\n", encoding="utf-8")
    done = command("evaluate", *cohort[:2], "-o", tmp_path / "out", "--limits", table)
    assert done.err.count("Warning: all cases: the limits of 'Haert' had no effect") == 1
    assert [row["case"] for row in rows(tmp_path / "out" / "problems.csv")] == ["all cases"]
