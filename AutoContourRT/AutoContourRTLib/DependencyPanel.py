"""The part of a panel that says what is missing, and installs it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

import qt
import slicer
from slicer.i18n import tr as _

from AutoContourRTLib.Dependencies import Dependencies


class DependencyPanel:
    """ui: dependencyFrame (hidden while nothing is missing), dependencyLabel, installButton,
    offlineButton. onChanged is called after an installation was tried.
    """

    def __init__(
        self, ui: Any, dependencies: Dependencies, onChanged: Callable[[], None]
    ) -> None:
        self._ui, self.dependencies, self._onChanged = ui, dependencies, onChanged
        self.isMissing = False
        ui.installButton.connect("clicked(bool)", self.onInstall)
        ui.offlineButton.connect("clicked(bool)", self.onInstallOffline)

    def refresh(self) -> None:
        """Look again what is missing."""
        explanation = self.dependencies.explanation()
        self.isMissing = bool(explanation)
        self._ui.dependencyLabel.text = explanation
        self._ui.dependencyFrame.visible = self.isMissing

    def onInstall(self) -> None:
        """From the network, after the user agreed."""
        self._try(self.dependencies.install)

    def onInstallOffline(self) -> None:
        """From a folder of wheels."""
        title = _("Folder with the wheels of the packages")
        folder = qt.QFileDialog.getExistingDirectory(slicer.util.mainWindow(), title)
        if folder:
            self._try(lambda: self.dependencies.installFromFolder(Path(folder)))

    def _try(self, install: Callable[[], Any]) -> None:
        try:
            with slicer.util.tryWithErrorDisplay(_("Not everything was installed.")):
                install()
        finally:
            self.refresh()
            self._onChanged()
