"""`autocontourrt compare`, and the worker's requests of the same kind."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import pytest
import SimpleITK

from AutoContourRTCore import messages
from AutoContourRTCore.metrics.compare.service import CompareRequest
from AutoContourRTCore.volumes.files import write_volume
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.imagefile import image_of, write_image
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.segfile import write_labelmap
from AutoContourRTCore.volumes.volume import Volume

GRID = Geometry((20, 24, 28), (2.5, 1.0, 1.25), (-30.0, 12.5, 100.0))


def box(k: int, size: int = 10) -> np.ndarray:
    mask = np.zeros(GRID.shape, bool)
    mask[k : k + size, 4:10, 5:12] = True
    return mask


@pytest.fixture()
def sets(tmp_path: Path) -> List[Path]:
    """Reference and test in a folder with a blank and letters beyond ASCII."""
    folder = tmp_path / "Größe Δ 患者"
    folder.mkdir()
    paths = [folder / f"{name}.seg.nrrd" for name in ("reference", "test")]
    write_labelmap(LabelMap({"Parotid-Lt": box(3), "GTV": box(5)}, GRID), paths[0])
    write_labelmap(LabelMap({"Left Parotid": box(4), "GTV": box(5)}, GRID), paths[1])
    return paths


def rows(path: Path) -> List[Dict[str, str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_it_prints_the_main_figures_and_what_to_look_at(command: Any, sets: List[Path]) -> None:
    done = command("compare", *sets)
    assert done.code == 0, done.err
    line = next(line for line in done.out.splitlines() if line.startswith("Parotid_L"))
    assert line.split()[1] == "0.900"
    assert "GTV = GTV: matched, same name, 'GTV' is unknown to the catalogue" in done.out
    assert "2 structures matched" in done.out and "no tolerance" in done.out


def test_the_table_has_all_figures_and_the_matching_is_added_to_an_audit_list(
    command: Any, sets: List[Path]
) -> None:
    output = sets[0].with_name("t.csv")
    done = command("compare", *sets, "-o", output, "--model", "head 1", "--case", "p1")
    assert done.code == 0 and str(output) in done.out
    parotid, gtv = rows(output)
    assert (parotid["structure"], parotid["case"]) == ("Parotid_L", "p1")
    assert float(parotid["dice"]) == pytest.approx(0.9) and gtv["surface_dice"] == "nan"
    assert parotid["model"] == "head 1" and parotid["test_id"].startswith("sha256:")
    audit = output.with_name("t_matching.csv")
    assert len(rows(audit)) == 2
    assert command("compare", *sets, "-o", output).code == 2  # there already
    assert command("compare", *sets, "-o", output, "--force").code == 0
    assert len(rows(audit)) == 4 and rows(audit)[2]["case"] == "reference"


def test_tolerances_rounding_limits_grid_and_map_take_effect(
    command: Any, sets: List[Path], tmp_path: Path
) -> None:
    (tmp_path / "t.csv").write_text("structure,tolerance_mm,source\nParotid_L,2.45,us\nGTV,1,us\n")
    (tmp_path / "l.csv").write_text("structure,measure,pass,borderline\n*,dice,0.95,0.85\n")
    (tmp_path / "m.csv").write_text("reference_name,test_name\nGTV,\n")
    output = tmp_path / "out.csv"
    done = command("compare", *sets, "-o", output, "--tolerances", tmp_path / "t.csv",
                   "--round-tolerance", "--limits", tmp_path / "l.csv", "--map", tmp_path / "m.csv")
    assert done.code == 0, done.err
    parotid = rows(output)[0]
    assert (parotid["tolerance_mm"], parotid["tolerance_used_mm"]) == ("2.45", "2.5")
    assert (parotid["tolerance_source"], parotid["verdict"]) == ("us", "borderline")
    assert parotid["tolerance_id"].startswith("sha256:") and parotid["surface_dice"] == "1.0"
    assert command("compare", *sets, "-o", output, "--force", "--grid", "1,1,2").code == 0
    assert rows(output)[0]["grid"] == "1 x 1 x 2 mm"


def test_a_dose_needs_its_unit_and_is_told_in_gray(
    command: Any, sets: List[Path], tmp_path: Path
) -> None:
    write_volume(Volume(np.full(GRID.shape, 2000, np.int16), GRID), tmp_path / "d.nrrd")
    words = ("compare", *sets, "-o", tmp_path / "t.csv", "--dose", tmp_path / "d.nrrd")
    assert "--dose-unit Gy" in command(*words).err
    done = command(*words, "--dose-unit", "rad")
    assert done.code == 2 and "'rad' is unknown" in done.err
    done = command(*words, "--dose-unit", "cGy", "--dvh", "D95%,V15Gy")
    assert done.code == 0 and "dDmean Gy" in done.out and "      0.00  " in done.out
    for option in (("--dvh", "D95%"), ("--dose-unit", "Gy")):
        lacking = command("compare", *sets, *option)
        assert lacking.code == 2 and "name its file with --dose" in lacking.err
    row = rows(tmp_path / "t.csv")[0]
    assert (row["dose_mean_test_gy"], row["D95%_difference_gy"]) == ("20.0", "0.0")
    assert row["V15Gy_reference_percent"] == "100.0"
    done = command(*words, "--dose-unit", "Gy", "--force")
    assert "2000 Gy: is the unit cGy?" in done.err
    done = command(*words, "--dose-unit", "Gy", "--dvh", "D95", "--force")
    assert done.code == 2 and "'D95' is unknown" in done.err


def test_bad_input_is_exit_code_2_with_one_plain_line(
    command: Any, sets: List[Path], tmp_path: Path
) -> None:
    def refused(*words: object) -> str:
        done = command("compare", *words, "--progress", "none")
        assert done.code == 2 and done.err.count("\n") == 1, done.err
        return str(done.err)

    nothing = np.zeros(GRID.shape, bool)
    write_labelmap(LabelMap({"Brain": nothing}, GRID), tmp_path / "empty.seg.nrrd")
    assert "is empty: none of its 1 segments" in refused(sets[0], tmp_path / "empty.seg.nrrd")
    write_labelmap(LabelMap({"Heart": box(3)}, GRID), tmp_path / "heart.seg.nrrd")
    assert "no structure in common" in refused(sets[0], tmp_path / "heart.seg.nrrd")
    write_image(image_of(box(3).astype(np.uint8), GRID), tmp_path / "labels.nii.gz")
    assert "label file without a table" in refused(sets[0], tmp_path / "labels.nii.gz")
    array = np.full(GRID.shape, 1.0, np.float32)
    array[3, 4, 5] = np.nan
    SimpleITK.WriteImage(image_of(array, GRID), str(tmp_path / "nan.nrrd"))
    told = refused(*sets, "--dose", tmp_path / "nan.nrrd", "--dose-unit", "Gy")
    assert "1 voxels that are not finite" in told
    assert "must end in .csv" in refused(*sets, "-o", tmp_path / "t.xlsx")
    assert "does not exist" in refused(sets[0], tmp_path / "none.seg.nrrd")
    assert "usage:" in command("compare", *sets, "--grid", "sideways").err


def test_progress_for_machines_ends_with_what_was_done(command: Any, sets: List[Path]) -> None:
    done = command("compare", *sets, "--progress", "json")
    assert done.code == 0
    *reports, last = done.lines
    assert {line["kind"] for line in reports} == {"progress"} and last["kind"] == "done"
    assert last["result"] == {"output": "", "structures": 2, "warnings": []}


def test_the_worker_compares_on_request_and_can_be_cancelled(
    start_worker: Any, sets: List[Path], tmp_path: Path
) -> None:
    line = start_worker()
    output = tmp_path / "t.csv"
    line.tell(CompareRequest("1", str(sets[0]), str(sets[1]), str(output)))
    done = line.after(messages.Done)[-1]
    assert done.result["structures"] == 2 and len(rows(output)) == 2
    line.tell(CompareRequest("2", str(sets[0]), str(sets[0].with_name("none")), str(output)))
    failed = line.after(messages.Failed)[-1]
    assert failed.cause == "input" and "does not exist" in failed.message
    line.tell(b'{"kind": "compare", "id": "3"}\n{"kind": "compare", "id": "4", "reference": "a", '
              b'"test": "b", "output": "c", "grid": "sideways"}\n')
    wrong = line.after(messages.Failed) + line.after(messages.Failed)
    assert [reply.id for reply in wrong] == ["3", "4"] and "grid" in wrong[1].message
    first = CompareRequest("5", str(sets[0]), str(sets[1]), str(tmp_path / "five.csv"))
    line.tell(first)
    line.tell(messages.CancelRequest("5"))
    last = line.said()
    while isinstance(last, messages.Progress):
        last = line.said()
    assert last == messages.Cancelled("5") and not (tmp_path / "five.csv").exists()


def test_a_misspelt_line_of_a_tolerance_file_is_told(command: Any, sets: List[Path]) -> None:
    table = sets[0].with_name("tolerances.csv")
    table.write_text("structure,tolerance_mm,source\nParotidd_L,9,ours\n", encoding="utf-8")
    done = command("compare", *sets, "--tolerances", table)
    assert done.code == 0
    assert "Warning: the tolerance of 'Parotidd_L' had no effect" in done.err


@pytest.mark.parametrize("own", ["table", "segments"])
def test_a_common_table_does_not_rename_a_set_that_has_names_of_its_own(
    command: Any, tmp_path: Path, own: str
) -> None:
    one, two = box(3, 6), box(12, 6)
    label = np.uint8(1) * one + np.uint8(2) * two
    write_image(image_of(label.astype(np.uint8), GRID), tmp_path / "test.nii.gz")
    swapped = (np.uint8(2) * one + np.uint8(1) * two).astype(np.uint8)
    if own == "table":
        reference = tmp_path / "reference.nii.gz"
        write_image(image_of(swapped, GRID), reference)
        (tmp_path / "reference.json").write_text('{"2": "Heart", "1": "Brain"}', encoding="utf-8")
    else:
        reference = tmp_path / "reference.seg.nrrd"
        write_labelmap(LabelMap({"Brain": two, "Heart": one}, GRID), reference)
    table = tmp_path / "names.csv"
    table.write_text("value,name\n1,Heart\n2,Brain\n", encoding="utf-8")
    done = command("compare", reference, tmp_path / "test.nii.gz", "--labels", table,
                   "-o", tmp_path / "t.csv")  # fmt: skip
    assert done.code == 0, done.err
    assert [float(row["dice"]) for row in rows(tmp_path / "t.csv")] == [1.0, 1.0]
