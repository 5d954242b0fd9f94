"""The part of the panel that makes, opens and closes projects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from AutoContourRTCore.correction.lock import LockedByOther
from AutoContourRTCore.correction.setup import correction_recipe
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.models.store import ModelStore
from CorrectiveTrainingLib import Texts
from CorrectiveTrainingLib.Session import Session

RECIPES = ("default", "rootpainter3d")


class ProjectPanel:
    """ui: projectLabel, openButton, closeButton and what lies in newProjectCollapsibleButton."""

    def __init__(self, ui: Any, session: Session, store: ModelStore) -> None:
        self._ui, self._session, self._store = ui, session, store
        titles = {
            "default": _("learns fast (our own)"),
            "rootpainter3d": _("as RootPainter3D (Smith 2021)"),
        }
        for name in RECIPES:
            ui.recipeComboBox.addItem(f"{name}: {titles[name]}", name)
        for button, callback in (
            (ui.openButton, self.onOpen), (ui.closeButton, self.onClose),
            (ui.createButton, self.onCreate),
        ):  # fmt: skip
            button.connect("clicked(bool)", callback)
        self.fillModels()

    def fillModels(self) -> None:
        """The models to start from, as they are now."""
        combo = self._ui.startComboBox
        chosen = combo.currentData
        combo.clear()
        combo.addItem(_("nothing (random weights)"), "")
        for manifest in self._store.list():
            combo.addItem(manifest.name, manifest.id)
        combo.currentIndex = max(0, combo.findData(chosen))

    def refresh(self) -> None:
        """Show what is open."""
        project = self._session.project
        self._ui.projectLabel.text = Texts.projectSentence(project)
        self._ui.closeButton.enabled = project is not None

    def onOpen(self) -> None:
        """A folder that the user chooses."""
        folder = qt.QFileDialog.getExistingDirectory(
            slicer.util.mainWindow(), _("Open a project"), self._folder()
        )
        if folder:
            self.open(folder)

    def open(self, folder: str) -> None:
        """Open a project; where somebody else has it, ask whether to take it over."""
        with slicer.util.tryWithErrorDisplay(_("The project was not opened."), waitCursor=True):
            try:
                self._session.openProject(Path(folder))
            except LockedByOther as error:
                question = _(
                    "{error}\n\nTake it over all the same? Whoever has it open can then save "
                    "nothing more in it."
                ).format(error=error)
                if slicer.util.confirmYesNoDisplay(question):
                    self._session.openProject(Path(folder), byForce=True)
        self._openFirst()

    def onCreate(self) -> None:
        """A new project of what the form says."""
        with slicer.util.tryWithErrorDisplay(_("No project was made."), waitCursor=True):
            self._create()
            self._ui.newProjectCollapsibleButton.collapsed = True

    def onClose(self) -> None:
        """Close the project."""
        with slicer.util.tryWithErrorDisplay(_("The project was not closed.")):
            self._session.close()

    def _create(self) -> None:
        ui, folder = self._ui, self._ui.folderPathLineEdit.currentPath
        if not folder:
            raise InputError(_("Choose a folder for the project."))
        names = [name.strip() for name in ui.structuresLineEdit.text.split(",")]
        start = ui.startComboBox.currentData or ""
        manifest = self._store.manifest(start) if start else None
        name, isSmall = ui.recipeComboBox.currentData, ui.smallCheckBox.checked
        recipe = correction_recipe(name, manifest, isSmall)
        path = self._store.folder(start) if start else None
        self._session.createProject(Path(folder), [n for n in names if n], recipe, path)

    def _openFirst(self) -> None:
        """The case to go on with: the one opened last, else the first that is not yet corrected."""
        project = self._session.project
        if project is None or not project.record.cases or self._session.case is not None:
            return
        with slicer.util.tryWithErrorDisplay(_("The case was not opened."), waitCursor=True):
            self._session.open(self._session.lastCase())

    def _folder(self) -> str:
        project = self._session.project
        return "" if project is None else str(project.folder.parent)
