"""The dose of a case, what corrections change of it, and the figures of the paper."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, List

import numpy as np
import pytest
import slicer

import dicom_nodes
import dicom_series
import SlicerHarness
from AutoContourRTCore.correction.predictions import Prediction, write_prediction
from AutoContourRTCore.correction.project import annotation_path, case_folder
from AutoContourRTCore.volumes.files import write_volume
from AutoContourRTCore.volumes.volume import Volume


@pytest.fixture()
def doseFile(user: Any, tmp_path: Path) -> Path:
    """In cGy: 1 Gy in the first slice, 1 Gy more in each that follows."""
    volume = user.session.project.volume(user.case.id)
    k = np.indices(volume.array.shape)[0]
    path = tmp_path / "dose.nrrd"
    write_volume(Volume((100 * (1 + k)).astype(np.int16), volume.geometry), path)
    return path


def chooseDose(user: Any, path: Path, unit: str) -> None:
    combo = user.ui.doseUnitComboBox
    combo.currentIndex = combo.findData(unit)
    SlicerHarness.answer(str(path))
    user.ui.doseButton.click()


def correctSlices(user: Any, removed: int) -> None:
    """The prediction is the truth and some slices below it, which the user takes away."""
    truth = user.truth()[user.LEFT]
    first = int(np.flatnonzero(truth.any(axis=(1, 2)))[0])
    predicted = truth.copy()
    predicted[first - removed : first] = truth[first]
    geometry = user.session.project.case(user.case.id).image.geometry
    folder = case_folder(user.folder, user.case.id)
    write_prediction(Prediction({user.LEFT: predicted}, geometry, "net"), folder)
    user.session._predicted(user.case.id)
    user.edit(user.LEFT, truth)


def test_a_dose_tells_by_how_much_a_correction_changes_the_mean(
    user: Any, doseFile: Path
) -> None:
    chooseDose(user, doseFile, "cGy")
    assert user.ui.doseLabel.text.startswith("dose.nrrd; ")
    correctSlices(user, 2)  # 8 slices: their middle is one slice below that of the 6 that are right
    user.ui.saveButton.click()
    assert "1.00 Gy (Kidney_L)" in user.ui.doseLabel.text
    record = user.session.project.case(user.case.id)
    assert record.dose.unit == "cGy"
    assert record.annotations[user.LEFT].dose_deviation_gy == pytest.approx(1.0, abs=1e-4)
    assert "1.00 Gy" in user.ui.casesTable.item(0, 3).toolTip()


def test_a_dose_that_is_gone_is_told_and_the_case_is_saved(user: Any, doseFile: Path) -> None:
    chooseDose(user, doseFile, "cGy")
    correctSlices(user, 2)
    doseFile.unlink()
    user.ui.saveButton.click()
    told = SlicerHarness.messages()[-1].text
    assert doseFile.name in told and "The case is saved" in told
    record = user.session.project.case(user.case.id)
    assert record.side == "train" and record.annotations[user.LEFT].dice < 1
    assert record.annotations[user.LEFT].dose_deviation_gy is None


def test_a_dose_that_comes_after_the_correction_counts_for_it(user: Any, doseFile: Path) -> None:
    correctSlices(user, 2)
    user.ui.saveButton.click()
    assert user.ui.doseLabel.text == ""
    chooseDose(user, doseFile, "cGy")
    assert "1.00 Gy (Kidney_L)" in user.ui.doseLabel.text


def test_a_dose_that_no_frame_of_reference_ties_to_the_image_says_so(
    user: Any, doseFile: Path
) -> None:
    chooseDose(user, doseFile, "cGy")
    assert "placed by its coordinates alone" in user.ui.doseLabel.text


def test_a_volume_of_the_dicom_module_keeps_its_frame_of_reference(
    user: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = dicom_nodes.Database()
    monkeypatch.setattr(slicer, "dicomDatabase", database, raising=False)
    node = dicom_nodes.load(tmp_path / "dicom", database)
    user.session.open(user.session.addVolumeNode(node))
    stored = np.ones(dicom_nodes.GRID.shape, np.uint16)
    other = dicom_series.dose(stored, dicom_nodes.GRID, 1.0, FrameOfReferenceUID="2.25.999")
    chooseDose(user, dicom_series.save(other, tmp_path / "other.dcm"), "Gy")
    assert "belongs to another image" in SlicerHarness.messages()[-1].text
    assert user.ui.doseLabel.text == ""
    own = dicom_series.dose(stored, dicom_nodes.GRID, 1.0)
    chooseDose(user, dicom_series.save(own, tmp_path / "own.dcm"), "Gy")
    assert user.ui.doseLabel.text.startswith("own.dcm; ")
    assert "coordinates alone" not in user.ui.doseLabel.text


def test_a_volume_that_was_moved_is_in_no_known_frame_of_reference(
    user: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = dicom_nodes.Database()
    monkeypatch.setattr(slicer, "dicomDatabase", database, raising=False)
    node = dicom_nodes.load(tmp_path / "dicom", database)
    node.SetOrigin(*(value + 1.0 for value in node.GetOrigin()))
    case = user.session.project.case(user.session.addVolumeNode(node))
    assert case.frame_of_reference == ""


def test_structures_that_a_dose_cannot_judge_are_named(user: Any, doseFile: Path) -> None:
    correctSlices(user, 2)
    user.ui.saveButton.click()
    path = annotation_path(user.folder, user.case.id, user.LEFT)
    path.write_bytes(path.read_bytes()[:100])
    chooseDose(user, doseFile, "cGy")
    shown = SlicerHarness.messages()[-1].text
    assert "could not be judged" in shown and user.LEFT in shown and "damaged" in shown
    assert user.ui.doseLabel.text.startswith("dose.nrrd; ")


def test_a_file_that_is_no_dose_is_refused_and_changes_nothing(user: Any, tmp_path: Path) -> None:
    (tmp_path / "text.nrrd").write_text("no dose", encoding="utf-8")
    chooseDose(user, tmp_path / "text.nrrd", "Gy")
    assert "no new dose" in SlicerHarness.messages()[-1].text
    assert user.session.project.case(user.case.id).dose is None


def test_the_chart_shows_the_deviations_and_says_the_bands(user: Any, doseFile: Path) -> None:
    for removed in (0, 1, 3):  # middles 0, 0.5 and 1.5 slices apart
        chooseDose(user, doseFile, "cGy")
        correctSlices(user, removed)
        user.case.review(5)  # looked at: it counts also where nothing had to be corrected
        user.ui.nextButton.click()
    user.ui.plotComboBox.currentIndex = user.ui.plotComboBox.findData("dose")
    chart = user.widget.training.plots.chart("dose")
    tables = {
        chart.GetNthPlotSeriesNode(n).GetName(): chart.GetNthPlotSeriesNode(n).GetTableNode()
        for n in range(chart.GetNumberOfPlotSeriesNodes())
    }
    values = [tables["each case"].GetTable().GetValue(n, 1).ToDouble() for n in range(3)]
    assert values == pytest.approx([0.0, 0.5, 1.5], abs=1e-4)
    assert {"0.25 Gy", "1 Gy"} <= set(tables)
    legend = user.ui.legendLabel.text
    assert "Of 3 corrections 33% change" in legend and "33% by 0.25 to 1 Gy, 33% by more" in legend


class Installer:
    """Remembers what is asked of it."""

    def __init__(self, agrees: bool) -> None:
        self.agrees, self.asked, self.installed = agrees, [], []

    def confirm(self, question: str) -> bool:
        self.asked.append(question)
        return self.agrees

    def pip(self, arguments: List[str]) -> None:
        self.installed.append(arguments)


def saveFigures(user: Any, folder: Path) -> None:
    SlicerHarness.answer(str(folder))
    user.ui.figuresButton.click()


def test_the_figures_of_the_paper_are_written(user: Any, doseFile: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    chooseDose(user, doseFile, "cGy")
    correctSlices(user, 1)
    user.ui.saveButton.click()
    saveFigures(user, tmp_path)
    names = {path.name for path in tmp_path.glob("figure*.png")}
    wanted = {f"figure{kind}_{user.LEFT}.png" for kind in ("5_dice", "7_dice", "8_dose")}
    assert wanted <= names and "figure3_duration.png" in names


def test_figures_of_a_project_without_corrections_are_refused(user: Any, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    saveFigures(user, tmp_path)
    assert "no saved correction" in SlicerHarness.messages()[-1].text


@pytest.mark.parametrize("agrees", [True, False])
def test_what_draws_is_only_installed_after_the_user_agreed(
    user: Any, tmp_path: Path, agrees: bool
) -> None:
    pytest.importorskip("matplotlib")
    from CorrectiveTrainingLib.Figures import Figures

    installer = Installer(agrees)
    figures = Figures(installer, lambda name: False)
    user.edit(user.LEFT, user.truth()[user.LEFT])
    user.ui.saveButton.click()
    written = figures.save(user.folder, tmp_path / "figures")
    assert len(installer.asked) == 1 and "matplotlib" in installer.asked[0]
    assert installer.installed == ([["matplotlib"]] if agrees else [])
    assert (tmp_path / "figures").exists() == agrees == bool(written)


def test_figures_that_the_user_did_not_want_to_install_for_are_not_counted(
    user: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from CorrectiveTrainingLib.Figures import Figures

    said: List[str] = []
    monkeypatch.setattr(slicer.util, "showStatusMessage", lambda text, *more: said.append(text))
    user.widget.training.figures = Figures(Installer(False), lambda name: False)
    saveFigures(user, tmp_path)
    assert not said and len(SlicerHarness.messages()) == 1  # the choice of the folder
    assert not list(tmp_path.glob("*.png"))


def test_predictions_in_one_piece_are_a_setting_of_the_project(user: Any) -> None:
    box = user.ui.largestCheckBox
    assert not box.checked
    box.click()
    assert user.session.project.record.settings.largest_component
    user.session.openProject(user.folder)
    assert box.checked
    record = user.session.project.record
    assert replace(record.settings, largest_component=False) == replace(
        record.settings, largest_component=not box.checked
    )
