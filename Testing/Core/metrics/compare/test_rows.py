from __future__ import annotations

import math

import pytest

from AutoContourRTCore.metrics.compare.columns import FIGURES, column
from AutoContourRTCore.metrics.compare.rows import COMPARED, Row, column_names, row_of

WANTED = ("case,structure,reference_name,test_name,dice,msd_mm,surface_dice,tolerance_mm,"
          "tolerance_used_mm,asd_reference_to_test_mm,asd_test_to_reference_mm,hd_mm,hd95_mm,"
          "apl_mm,volume_reference_ml,volume_test_ml").split(",")


def test_the_columns_begin_as_agreed_and_none_comes_twice():
    names = column_names(("dose_mean_test_gy",))
    assert list(names[: len(WANTED)]) == WANTED
    assert len(set(names)) == len(names) and "dose_mean_test_gy" in names
    assert {figure.name for figure in FIGURES} <= set(names)


def test_a_row_survives_the_way_through_texts_with_all_digits():
    row = Row("1", "Brain", "brain", "Hirn", COMPARED,
              {"dice": 0.1 + 0.2, "hd_mm": math.inf, "msd_mm": math.nan}, "us", "1 x 1 x 1 mm",
              "as stored", ("one", "two"))
    cells = row.cells(column_names())
    assert (cells["dice"], cells["hd_mm"], cells["msd_mm"]) == ("0.30000000000000004", "inf", "nan")
    assert cells["apl_mm"] == "nan" and cells["notes"] == "one; two"
    back = row_of(cells)
    assert back["dice"] == row["dice"] and back["hd_mm"] == math.inf and math.isnan(back["msd_mm"])
    names = (back.case, back.structure, back.test_name, back.state)
    assert names == ("1", "Brain", "Hirn", COMPARED)
    assert (back.grid, back.rasterisation, back.notes) == (row.grid, row.rasterisation, row.notes)


def test_a_cell_that_is_no_number_is_an_error():
    with pytest.raises(ValueError, match="many"):
        row_of({"case": "1", "dice": "many"})


def test_a_figure_that_is_not_there_is_nan_and_so_is_the_worst_place():
    row = Row("1", "Brain", "", "", COMPARED, {"worst_x_mm": 1.0, "worst_y_mm": 2.0})
    assert math.isnan(row["dice"]) and row.worst_place is None
    full = Row("1", "Brain", "", "", COMPARED, {f"worst_{n}_mm": 1.0 for n in "xyz"})
    assert full.worst_place == (1.0, 1.0, 1.0)


def test_columns_of_the_dose_are_known_by_their_names():
    assert (column("D95%_difference_gy").unit, column("V20Gy_test_percent").unit) == ("Gy", "%")
    assert column("dice").better == 1 and column("hd95_mm").better == -1
    assert column("hd95_mm").head == "HD95 mm" and column("dice").head == "Dice"
