"""The part of the panel that lists the cases, walks through them, and takes images in."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, List

import qt
import slicer
from slicer.i18n import tr as _

from AutoContourRTCore.errors import InputError
from AutoContourRTLib import Tables
from CorrectiveTrainingLib import Texts
from CorrectiveTrainingLib.Session import Session

IMAGES = "*.nrrd *.nhdr *.nii *.nii.gz *.mha *.mhd"
DOSES = "*.dcm " + IMAGES
DOSE_UNITS = ("Gy", "cGy")


class CasesPanel:
    """ui: casesTable, the buttons below it, and what lies in addCollapsibleButton."""

    def __init__(self, ui: Any, session: Session) -> None:
        self._ui, self._session = ui, session
        titles = [_("Case"), _("State"), _("For"), _("Dice"), _("Time")]
        Tables.setHeaders(ui.casesTable, titles)
        for unit in DOSE_UNITS:
            ui.doseUnitComboBox.addItem(unit, unit)
        ui.casesTable.connect("cellDoubleClicked(int,int)", self.onDoubleClicked)
        for button, callback in (
            (ui.previousButton, self.onPrevious), (ui.saveButton, self.onSave),
            (ui.nextButton, self.onNext), (ui.addFilesButton, self.onAddFiles),
            (ui.addFolderButton, self.onAddFolder), (ui.addVolumeButton, self.onAddVolume),
            (ui.relocateButton, self.onRelocate), (ui.doseButton, self.onDose),
        ):  # fmt: skip
            button.connect("clicked(bool)", callback)

    def refresh(self) -> None:
        """Show the cases as they are now."""
        session, ui = self._session, self._ui
        project, case = session.project, session.case
        rows = []
        if project is not None:
            openCase = "" if case is None else case.id
            rows = Texts.caseRows(project, openCase, session.seconds())
        Tables.showRows(ui.casesTable, rows)
        ui.addCollapsibleButton.enabled = project is not None
        ui.saveButton.enabled = ui.nextButton.enabled = case is not None
        hasPrevious = case is not None and project.neighbour(case.id, -1) is not None
        ui.previousButton.enabled = hasPrevious
        ui.doseButton.enabled = ui.doseUnitComboBox.enabled = case is not None
        ui.doseLabel.text = "" if case is None else Texts.doseSentence(project.case(case.id))
        ui.doseLabel.visible = bool(ui.doseLabel.text)

    def onDoubleClicked(self, row: int, column: int) -> None:
        """Open the case of a row."""
        caseId = Tables.keyAt(self._ui.casesTable, row)
        self._do(_("The case was not opened."), lambda: self._session.open(caseId))

    def onPrevious(self) -> None:
        """The case before."""
        self._do(_("The case was not opened."), self._session.previous)

    def onSave(self) -> None:
        """Save the case."""
        self._do(_("The case was not saved; what you drew is kept."), self._session.save)

    def onNext(self) -> None:
        """Save and open the next one; at the end of the list say so."""
        self._do(_("The next case was not opened; what you drew is kept."), self._next)

    def _next(self) -> None:
        isLast = self._session.nextCase() is None
        if self._session.saveAndNext() and isLast:
            slicer.util.showStatusMessage(_("This was the last case; it is saved."), 5000)

    def onAddFiles(self) -> None:
        """Image files that the user chooses."""
        kinds = _("Images ({kinds})").format(kinds=IMAGES)
        paths = qt.QFileDialog.getOpenFileNames(
            slicer.util.mainWindow(), _("Add images"), "", kinds
        )
        self._add(list(paths or ()))

    def onAddFolder(self) -> None:
        """A DICOM folder that the user chooses."""
        folder = qt.QFileDialog.getExistingDirectory(
            slicer.util.mainWindow(), _("Add a folder with one CT series")
        )
        self._add([folder] if folder else [])

    def onAddVolume(self) -> None:
        """The chosen volume of the scene."""
        node = self._ui.volumeSelector.currentNode()
        self._do(_("The volume was not added."), lambda: self._session.addVolumeNode(node))

    def onDose(self) -> None:
        """The dose file of the open case, which the user chooses."""
        kinds = _("Dose files ({kinds});;All files (*)").format(kinds=DOSES)
        path = qt.QFileDialog.getOpenFileName(
            slicer.util.mainWindow(), _("Dose of the open case"), "", kinds
        )
        unit = self._ui.doseUnitComboBox.currentData
        if path:
            failed = _("The case has no new dose.")
            self._do(failed, lambda: self._setDose(Path(path), unit))

    def _setDose(self, path: Path, unit: str) -> None:
        problems = self._session.setDose(path, unit)
        if problems:
            text = _("The case has its dose. These structures could not be judged by it:")
            slicer.util.warningDisplay("\n\n".join((text, *problems)))

    def onRelocate(self) -> None:
        """Look for images that are gone in a folder."""
        folder = qt.QFileDialog.getExistingDirectory(
            slicer.util.mainWindow(), _("Where are the images now?")
        )
        if folder:
            self._do(_("The images were not found."), lambda: self._relocate(Path(folder)))

    def _relocate(self, folder: Path) -> None:
        if not self._session.relocateAll(folder):
            raise InputError(_(
                "No image that is missing was found in {folder}, by its file name and content. "
                "Choose the folder that holds the files, or the folders of all patients."
            ).format(folder=folder))  # fmt: skip

    def _add(self, paths: List[str]) -> None:
        copy = self._ui.copyCheckBox.checked
        self._do(_("Not all images were added."), lambda: self._session.addFiles(paths, copy))

    def _do(self, failed: str, action: Callable[[], Any]) -> None:
        try:
            with slicer.util.tryWithErrorDisplay(failed, waitCursor=True):
                action()
        finally:
            self.refresh()
