from __future__ import annotations

import csv

import numpy as np
import pytest

from AutoContourRTCore.errors import Cancelled, InputError
from AutoContourRTCore.hashing import sha256_of
from AutoContourRTCore.metrics.choices.settings import Settings
from AutoContourRTCore.metrics.compare.file_comparison import (
    Files,
    compare_files,
    write_matching,
    write_rows,
)
from AutoContourRTCore.metrics.compare.rows import row_of
from AutoContourRTCore.volumes.files import write_volume
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.segfile import write_labelmap
from AutoContourRTCore.volumes.volume import Volume


@pytest.fixture()
def files(tmp_path, grid, box):
    masks = {"Brain": box((3, 4, 5), (10, 6, 7)), "Heart": box((3, 12, 12), (4, 4, 4))}
    write_labelmap(LabelMap(masks, grid), tmp_path / "a.seg.nrrd")
    masks = {"Brain": box((4, 4, 5), (10, 6, 7)), "Heart": np.zeros(grid.shape, bool)}
    write_labelmap(LabelMap(masks, grid), tmp_path / "b.seg.nrrd")
    write_volume(Volume(np.full(grid.shape, 2000, np.int16), grid), tmp_path / "dose.nrrd")
    return Files(tmp_path / "a.seg.nrrd", tmp_path / "b.seg.nrrd", case="p1", user="Ada",
                 dose=tmp_path / "dose.nrrd", dose_unit="cGy", model="head 1.0")


def read(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_table_holds_figures_verdicts_and_what_it_was_made_from(files, tmp_path):
    found = compare_files(files, Settings())
    write_rows(tmp_path / "t.csv", found)
    brain, heart = read(tmp_path / "t.csv")
    assert float(brain["dice"]) == pytest.approx(0.9) and heart["hd95_mm"] == "inf"
    assert heart["asd_test_to_reference_mm"] == "nan"
    assert (brain["verdict"], heart["verdict"]) == ("fail", "fail")
    assert brain["limits"] == "surface_dice 0.95 0.9"
    assert float(brain["dose_mean_test_gy"]) == pytest.approx(20.0)
    for row in (brain, heart):
        assert row["reference_id"] == f"sha256:{sha256_of(files.reference)}"
        assert row["test_id"] == f"sha256:{sha256_of(files.test)}"
        assert row["dose_id"] == f"sha256:{sha256_of(files.dose)}"
        assert (row["case"], row["user"], row["model"]) == ("p1", "Ada", "head 1.0")
    figures = {n: t for n, t in brain.items() if n in found.comparison.columns}
    assert row_of(figures).figures["dice"] == found.comparison.rows[0]["dice"]
    write_matching(tmp_path / "m.csv", found, "p1")
    assert [row["state"] for row in read(tmp_path / "m.csv")] == ["matched", "matched"]


def test_an_empty_segmentation_is_refused_on_either_side(files, tmp_path, grid):
    empty = LabelMap({"Brain": np.zeros(grid.shape, bool)}, grid)
    write_labelmap(empty, tmp_path / "empty.seg.nrrd")
    for sides in ((files.reference, tmp_path / "empty.seg.nrrd"),
                  (tmp_path / "empty.seg.nrrd", files.test)):
        with pytest.raises(InputError, match="empty.seg.nrrd is empty: none of its 1 segments"):
            compare_files(Files(*sides), Settings())


def test_cancel_before_the_work_begins_is_heard(files):
    def stop(fraction, message):
        if message == "reading the test":
            raise Cancelled()

    with pytest.raises(Cancelled):
        compare_files(files, Settings(), progress=stop)
