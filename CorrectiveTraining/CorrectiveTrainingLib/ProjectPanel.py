"""The part of the panel that makes, opens and closes projects."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List, Optional, Tuple

import qt
import slicer
from slicer.i18n import tr as _

from AutoContourRTCore.correction.lock import LockedByOther
from AutoContourRTCore.correction.project import PROJECT
from AutoContourRTCore.correction.requests import GatherRequest
from AutoContourRTCore.correction.setup import correction_recipe
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.models.store import ModelStore
from AutoContourRTCore.nn.recipes import Recipe
from AutoContourRTLib.Requests import RequestHandler
from CorrectiveTrainingLib import Texts
from CorrectiveTrainingLib.Session import Session

RECIPES = ("default", "rootpainter3d", "sartor2020")


class ProjectPanel:
    """ui: projectLabel, openButton, closeButton and what lies in newProjectCollapsibleButton."""

    def __init__(self, ui: Any, session: Session, store: ModelStore) -> None:
        self._ui, self._session, self._store = ui, session, store
        self._gathering = ""  # the request that takes contoured cases in
        titles = {
            "default": _("learns fast (our own)"),
            "rootpainter3d": _("as RootPainter3D (Smith 2021)"),
            "sartor2020": _("for many contoured cases (Sartor 2020)"),
        }
        for name in RECIPES:
            text = _("{name}: {title}").format(name=name, title=titles[name])
            ui.recipeComboBox.addItem(text, name)
        for button, callback in (
            (ui.openButton, self.onOpen), (ui.closeButton, self.onClose),
            (ui.createButton, self.onCreate), (ui.gatherStopButton, self.onStopGathering),
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
        self._ui.createButton.enabled = not self._gathering
        self._ui.gatherStopButton.visible = bool(self._gathering)
        self._ui.gatherLabel.visible = bool(self._gathering)

    def close(self) -> None:
        """The panel goes: no more cases are taken in."""
        self.onStopGathering()

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
            self._session.close()  # who holds the one before is another matter
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
            folder, recipe, names, start = self._form()
            dataset = self._ui.datasetPathLineEdit.currentPath
            if dataset:
                self._gather(folder, recipe, names, start, dataset)
                return
            self._session.createProject(folder, names, recipe, start)
            self._ui.newProjectCollapsibleButton.collapsed = True

    def onClose(self) -> None:
        """Close the project."""
        with slicer.util.tryWithErrorDisplay(_("The project was not closed.")):
            self._session.close()

    def _form(self) -> Tuple[Path, Recipe, List[str], Optional[Path]]:
        """Folder, recipe, structures and the model to start from."""
        ui, folder = self._ui, self._ui.folderPathLineEdit.currentPath
        if not folder:
            raise InputError(_("Choose a folder for the project."))
        names = [name.strip() for name in ui.structuresLineEdit.text.split(",")]
        start = ui.startComboBox.currentData or ""
        manifest = self._store.manifest(start) if start else None
        name, isSmall = ui.recipeComboBox.currentData, ui.smallCheckBox.checked
        recipe = correction_recipe(name, manifest, isSmall)
        path = self._store.folder(start) if start else None
        return Path(folder), recipe, [name for name in names if name], path

    # Contoured cases

    def _gather(
        self, folder: Path, recipe: Recipe, names: List[str], start: Optional[Path], dataset: str
    ) -> None:
        """Have the worker make the project; it is opened once it is there."""
        isNew = not (folder / PROJECT).exists()
        handler = RequestHandler(
            onProgress=self._onGathering,
            onDone=lambda result: self._gathered(folder),
            onFailed=lambda message, cause: self._notGathered(folder, isNew, message),
            onCancelled=lambda: self._stoppedGathering(folder),
        )
        request = GatherRequest(
            "", str(folder), dataset, recipe.to_dict(), tuple(names) or None, str(start or ""),
            self._ui.copyCasesCheckBox.checked,
        )
        self._ui.gatherLabel.text = _("Taking the contoured cases in...")
        self._gathering = self._session.submit(request, handler)
        self.refresh()

    def onStopGathering(self) -> None:
        """No more cases."""
        if self._gathering:
            self._session.cancel(self._gathering)

    def _onGathering(self, fraction: float, message: str) -> None:
        text = _("{percent:.0f} %: {message}").format(percent=100 * fraction, message=message)
        self._ui.gatherLabel.text = text

    def _gathered(self, folder: Path) -> None:
        self._gathering = ""
        self._ui.newProjectCollapsibleButton.collapsed = True
        self.refresh()
        question = _("The project in {folder} is ready. Open it now? The one that you work on is "
                     "closed then; all of it is saved.").format(folder=folder)  # fmt: skip
        if self._session.project is None or slicer.util.confirmYesNoDisplay(question):
            self.open(str(folder))

    def _notGathered(self, folder: Path, isNew: bool, message: str) -> None:
        self._gathering = ""
        self.refresh()
        told = _("No project was made.")
        if isNew and (folder / PROJECT).exists():
            told = _("The project in {folder} ends before the case that was refused; open it to go "
                     "on with the others, or choose another folder.").format(folder=folder)
        slicer.util.errorDisplay(told + "\n\n" + message)

    def _stoppedGathering(self, folder: Path) -> None:
        self._gathering = ""
        self.refresh()
        text = _("Stopped; no project was made.")
        if (folder / PROJECT).exists():
            text = _("Stopped. Open {folder} to go on with the cases so far.").format(folder=folder)
        slicer.util.showStatusMessage(text, 10000)

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
