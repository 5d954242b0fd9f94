"""The figures of Smith 2021 as pictures; matplotlib, which draws them, is installed on request."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, List, Optional

from slicer.i18n import tr as _

from AutoContourRTCore.errors import InputError
from AutoContourRTLib.Dependencies import SlicerInstaller, isInstalled

MATPLOTLIB = "matplotlib"


class Figures:
    """installer: as SlicerInstaller. installed: as isInstalled."""

    def __init__(
        self, installer: Optional[Any] = None, installed: Callable[[str], bool] = isInstalled
    ) -> None:
        self._installer, self._installed = installer or SlicerInstaller(), installed

    def save(self, project: Path, folder: Path) -> List[Path]:
        """Write those for which the project has data; none where the user declines to install.

        Raises InputError for a project without any saved correction, and when installing failed.
        """
        if not (self._installed(MATPLOTLIB) or self._install()):
            return []
        from AutoContourRTCore.correction.pictures import save_figures

        return save_figures(project, folder)

    def _install(self) -> bool:
        question = _(
            "Figures need the package {package}, which 3D Slicer does not bring along. Download it "
            "from the internet and install it (about 40 MB)? No data is sent."
        ).format(package=MATPLOTLIB)
        if not self._installer.confirm(question):
            return False
        try:
            self._installer.pip([MATPLOTLIB])
        except Exception as error:  # pip's own errors are of many kinds
            raise InputError(_(
                "{package} could not be installed ({error}). The table can be exported without it."
            ).format(package=MATPLOTLIB, error=error)) from error  # fmt: skip
        return True
