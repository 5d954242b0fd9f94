"""Cells that a table node keeps exactly, also through a saved scene."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from AutoContourRTCore.metrics.inputs.csv_files import read_csv
from MetricsModuleLib import KeptTable

ROWS = [
    {"structure": "Parotid_L", "dice": "0.30000000000000004", "notes": 'a "quote", a\ttab\nline'},
    {"structure": "Ein Organ ß", "dice": "nan", "notes": ""},
    {"structure": "", "dice": "inf", "notes": "x; y"},
]
COLUMNS = ("structure", "dice", "notes")


@pytest.fixture()
def table(scene: Any) -> Any:
    node = KeptTable.addTable(scene, "metrics", {"role": "x"})
    KeptTable.keep(node, COLUMNS, ROWS, ["dice"], {"dice": "Dice"})
    return node


def test_cells_come_back_as_they_were_also_from_a_saved_scene(
    slicer_app: Any, table: Any, tmp_path: Path
) -> None:
    assert slicer_app.util.saveScene(str(tmp_path / "scene.mrb"))
    slicer_app.mrmlScene.Clear()
    slicer_app.util.loadScene(str(tmp_path / "scene.mrb"))
    loaded = slicer_app.util.getNode("metrics")
    assert loaded is not table
    assert KeptTable.rowsOf(loaded) == ROWS and KeptTable.columnsOf(loaded) == COLUMNS
    shown = [[loaded.GetCellText(row, column) for column in range(3)] for row in range(3)]
    assert [row[0] for row in shown] == ["Parotid_L", "Ein Organ ß", KeptTable.BLANK]
    assert [row[1] for row in shown] == ["0.3", "nan", "inf"] and shown[2][2] == "x; y"


def test_the_node_shows_numbers_as_numbers_and_texts_without_what_slicer_damages(
    table: Any,
) -> None:
    values = [table.GetTable().GetValue(row, 1).ToDouble() for row in range(3)]
    assert np.array_equal(values, [0.1 + 0.2, np.nan, np.inf], equal_nan=True)
    assert table.GetCellText(0, 2) == "a 'quote', a tab line"
    assert table.GetColumnTitle("dice") == "Dice" and table.GetLocked()


def test_the_saved_csv_has_every_digit(table: Any, tmp_path: Path) -> None:
    KeptTable.saveCsv(table, tmp_path / "table.csv")
    assert read_csv(tmp_path / "table.csv", COLUMNS) == ROWS


def test_a_spreadsheet_gets_a_line_a_row(table: Any) -> None:
    lines = KeptTable.clipboardText(table).split("\n")
    assert lines[0] == "structure\tdice\tnotes" and lines[-2] == "\tinf\tx; y"
    assert '"a ""quote"", a\ttab' in lines[1]


def test_fewer_rows_replace_more(table: Any) -> None:
    KeptTable.keep(table, ("a",), [{"a": "1"}])
    assert KeptTable.rowsOf(table) == [{"a": "1"}]
    assert table.GetNumberOfRows() == 1 and table.GetNumberOfColumns() == 1
