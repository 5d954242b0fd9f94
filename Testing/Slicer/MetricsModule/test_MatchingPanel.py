"""Matches and limits that a user changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from AutoContourRTCore.metrics.inputs.csv_files import read_csv
from metrics_panel import emit
from MetricsModuleLib import KeptTable, Results


def test_limits_are_added_removed_saved_and_loaded(compared: Any, tmp_path: Path) -> None:
    from SlicerHarness import answer

    ui, path = compared.ui, tmp_path / "limits.csv"
    ui.addLimitButton.click()
    assert ui.limitsTable.rowCount == 2 and "3" in ui.limitsTable.item(1, 2).text()
    answer(str(path))
    ui.saveLimitsButton.click()
    ui.limitsTable.setCurrentCell(0, 0)
    ui.removeLimitButton.click()
    assert ui.limitsTable.rowCount == 1
    answer(str(path))
    ui.loadLimitsButton.click()
    assert ui.limitsTable.rowCount == 2 and len(read_csv(path, ())) == 2


def test_a_limits_file_of_no_measure_changes_nothing_and_one_of_the_dose_is_taken(
    compared: Any, tmp_path: Path
) -> None:
    from SlicerHarness import answer, messages

    ui, path = compared.ui, tmp_path / "limits.csv"
    head, node = "structure,measure,pass,borderline\n", compared.result.node
    before = compared.logic.getParameterNode().limits, Results.limitsOf(node)
    path.write_text(head + "*,hd95,3,5\n", encoding="utf-8")
    answer(str(path))
    ui.loadLimitsButton.click()
    message = messages()[-1]
    assert "hd95_mm" in message.text + message.detail
    assert (compared.logic.getParameterNode().limits, Results.limitsOf(node)) == before
    path.write_text(head + "*,dose_mean_difference_gy,1,2\n", encoding="utf-8")
    answer(str(path))
    ui.loadLimitsButton.click()
    assert ui.limitsTable.cellWidget(0, 1).currentData == "dose_mean_difference_gy"
    compared.result.show(node)
    assert Results.limitsOf(node).of("Brain")[0].measure == "dose_mean_difference_gy"


def test_another_partner_is_compared_and_can_be_forgotten(
    chosen: Any, worker: Any, waitFor: Any
) -> None:
    ui = chosen.ui
    rows = [ui.matchingTable.item(n, 0).text() for n in range(ui.matchingTable.rowCount)]
    combo = ui.matchingTable.cellWidget(rows.index("PTV"), 1)
    combo.currentIndex = combo.findText("Larynx")
    emit(combo, "activated", combo.currentIndex)
    assert "3 matched" in ui.matchingLabel.text
    ui.compareButton.click()
    waitFor(lambda: worker.requests)
    assert worker.requests[-1].by_hand == (("PTV", "Larynx"),)
    worker.finish()
    matching = Results.partOf(chosen.result.node, Results.MATCHING)
    assert [m["how"] for m in KeptTable.rowsOf(matching) if m["reference_name"] == "PTV"] == [
        "by hand"
    ]
    ui.resetMatchingButton.click()
    assert "2 matched" in ui.matchingLabel.text


def test_a_contour_can_be_left_out_and_brought_back(chosen: Any) -> None:
    table = chosen.ui.matchingTable

    def choose(row: int, side: int, text: str) -> None:
        combo = table.cellWidget(row, side)
        combo.currentIndex = combo.findText(text)
        emit(combo, "activated", combo.currentIndex)

    choose(0, 1, "leave out")
    assert "left out: Parotid_L" in chosen.ui.matchingLabel.text
    rows = [table.item(n, 0).text() for n in range(table.rowCount)]
    choose(rows.index("Parotid_L"), 1, "automatic")
    assert "left out" not in chosen.ui.matchingLabel.text and "2 matched" in (
        chosen.ui.matchingLabel.text
    )


def test_every_choice_does_something_and_no_box_of_before_stays(chosen: Any) -> None:
    table = chosen.ui.matchingTable

    def choices(row: int) -> list:
        combo = table.cellWidget(row, 1) or table.cellWidget(row, 0)
        return [combo.itemText(n) for n in range(combo.count)]

    assert "no partner" not in choices(0), "it is matched"
    first = table.cellWidget(0, 1)
    first.currentIndex = first.findText("leave out")
    emit(first, "activated", first.currentIndex)
    for row in range(table.rowCount):
        boxes = [table.cellWidget(row, column) is not None for column in (0, 1)]
        named = [bool(table.item(row, column).text()) for column in (0, 1)]
        assert boxes in ([False, True], [True, False])
        assert boxes == [False, True] if named[0] else boxes == [True, False]
