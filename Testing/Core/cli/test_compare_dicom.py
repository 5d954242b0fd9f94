"""`autocontourrt compare` and `evaluate` on what a planning system exports: RTSTRUCT and RTDOSE."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import pytest

import dicom_series as made
from AutoContourRTCore.volumes.geometry import Geometry

GRID = Geometry((12, 24, 28), (2.5, 1.0, 1.25), (-30.0, 12.5, 100.0))


def planes(first: int) -> List[np.ndarray]:
    """Ten slices of 6 x 7 voxels from slice `first` on."""
    low, high = GRID.to_lps([0, 3.5, 4.5]), GRID.to_lps([0, 9.5, 11.5])
    return [made.box(low[:2], high[:2], GRID.to_lps([k, 0, 0])[2])
            for k in range(first, first + 10)]  # fmt: skip


def write_case(folder: Path, name: str, first: int) -> None:
    """A CT, a structure set of one parotid, and a dose of 2 Gy a slice, rising."""
    made.write_ct(folder, np.zeros(GRID.shape, np.int16), GRID)
    made.save(made.structure_set([made.roi(name, planes(first))]), folder / "RS.dcm")
    stored = np.broadcast_to(200 * np.arange(12)[:, None, None], GRID.shape).astype(np.uint16)
    made.save(made.dose(stored, GRID, 0.01), folder / "RD.dcm")


@pytest.fixture()
def cases(tmp_path: Path) -> List[Path]:
    """Reference: slices 0 to 9, mean dose 9 Gy. Test: slices 1 to 10, 11 Gy. Dice 0.9."""
    write_case(tmp_path / "clinic" / "p1", "Parotid Left", 0)
    write_case(tmp_path / "auto" / "p1", "Parotid_L", 1)
    return [tmp_path / "clinic" / "p1", tmp_path / "auto" / "p1"]


def rows(path: Path) -> List[Dict[str, str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def check(row: Dict[str, str]) -> None:
    assert float(row["dice"]) == pytest.approx(0.9)
    assert float(row["dose_mean_reference_gy"]) == pytest.approx(9.0, abs=1e-4)
    assert float(row["dose_mean_test_gy"]) == pytest.approx(11.0, abs=1e-4)


def test_two_structure_sets_are_compared_on_a_dose_that_tells_its_unit(
    command: Any, cases: List[Path], tmp_path: Path
) -> None:
    sets = [folder / "RS.dcm" for folder in cases]
    done = command("compare", *sets, "--dose", cases[0] / "RD.dcm", "-o", tmp_path / "t.csv")
    assert done.code == 0, done.err
    (row,) = rows(tmp_path / "t.csv")
    check(row)


def test_a_dose_of_another_frame_of_reference_is_refused(
    command: Any, cases: List[Path], tmp_path: Path
) -> None:
    other = made.dose(np.ones(GRID.shape, np.uint16), GRID, FrameOfReferenceUID="2.25.9")
    made.save(other, tmp_path / "RD.dcm")
    sets = [folder / "RS.dcm" for folder in cases]
    done = command("compare", *sets, "--dose", tmp_path / "RD.dcm", "-o", tmp_path / "t.csv")
    assert done.code == 2 and "the dose belongs to another image" in done.err
    assert not (tmp_path / "t.csv").exists()


def test_a_cohort_of_structure_sets_is_evaluated_on_its_doses(
    command: Any, cases: List[Path], tmp_path: Path
) -> None:
    folders = [folder.parent for folder in cases]
    done = command("evaluate", *folders, "--dose", "RD.dcm", "-o", tmp_path / "out")
    assert done.code == 0, done.err
    tables = [path for path in (tmp_path / "out").rglob("*.csv") if "dice" in path.read_text()]
    found = [row for path in tables for row in rows(path) if row.get("dose_mean_test_gy")]
    assert found, [path.name for path in tables]
    check(found[0])
