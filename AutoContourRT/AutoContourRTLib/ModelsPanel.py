"""The part of a panel that takes models in, gives them away and deletes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

import qt
import slicer
from slicer.i18n import tr as _

from AutoContourRTCore.models.store import ModelStore


class ModelsPanel:
    """ui: importButton, exportButton, deleteButton, and modelComboBox with ids as data.

    onChanged(id) is called when the store changed: the model to choose, "" for any.
    """

    def __init__(self, ui: Any, store: ModelStore, onChanged: Callable[[str], None]) -> None:
        self._ui, self._store, self._onChanged = ui, store, onChanged
        ui.importButton.connect("clicked(bool)", self.onImport)
        ui.exportButton.connect("clicked(bool)", self.onExport)
        ui.deleteButton.connect("clicked(bool)", self.onDelete)

    def onImport(self) -> None:
        """A zip file, or a folder by its model.json."""
        kinds = _("Models (*.zip model.json)")
        path = self._ask(qt.QFileDialog.getOpenFileName, _("Import a model"), "", kinds)
        if not path:
            return
        with slicer.util.tryWithErrorDisplay(_("The model was not imported."), waitCursor=True):
            isFolder = Path(path).name == "model.json"
            manifest = self._store.import_model(Path(path).parent if isFolder else path)
            self._onChanged(manifest.id)

    def onExport(self) -> None:
        """The chosen model, into a zip file; the file dialog asks before one is replaced."""
        model, kinds = self._chosen(), _("Models (*.zip)")
        name = f"{model}.zip"
        path = self._ask(qt.QFileDialog.getSaveFileName, _("Export the model"), name, kinds)
        if path:
            with slicer.util.tryWithErrorDisplay(_("The model was not exported."), waitCursor=True):
                self._store.export_model(model, path)

    def onDelete(self) -> None:
        """The chosen model, when the user agrees; a shipped one is refused with the reason."""
        model = self._chosen()
        question = _("Delete the model {model}? It cannot be brought back.").format(model=model)
        with slicer.util.tryWithErrorDisplay(_("The model was not deleted.")):
            if self._store.is_shipped(model) or slicer.util.confirmOkCancelDisplay(question):
                self._store.delete(model)
                self._onChanged("")

    def _chosen(self) -> str:
        return self._ui.modelComboBox.currentData or ""

    def _ask(self, question: Callable[..., str], title: str, start: str, kinds: str) -> str:
        return question(slicer.util.mainWindow(), title, start, kinds)
