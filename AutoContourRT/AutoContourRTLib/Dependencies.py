"""What the worker needs beyond Slicer, and how to install it with the user's consent.

torch is never imported here to find out whether it is there. It is installed by the extension
PyTorch alone, which chooses the build for this computer (and imports it once, to see that it
works); the rest by Slicer's own pip. NumPy, SciPy and SimpleITK are part of Slicer and are never
replaced: nothing brings its dependencies along, and the offline way pins their present versions.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Iterator, List, Optional, Sequence, Tuple

from slicer.i18n import tr as _

from AutoContourRTCore.errors import InputError

PARTS_OF_SLICER = ("numpy", "scipy", "SimpleITK")
TORCH = "torch"


@dataclass(frozen=True)
class Need:
    """A package by the name it is imported by, and the versions that will do (pip's way)."""

    name: str
    versions: str = ""

    @property
    def requirement(self) -> str:
        """As pip wants it."""
        return self.name + self.versions


#: What contouring needs. None of them needs another package, but torch, which is not ours.
NEEDS = (Need(TORCH, ">=2.0"), Need("safetensors", ">=0.4"))


def isInstalled(name: str) -> bool:
    """Whether a package is there, whole (an installation cut short leaves no metadata), without
    importing it.
    """
    importlib.invalidate_caches()
    try:
        if importlib.util.find_spec(name) is None:
            return False
        importlib.metadata.version(name)
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return False
    return True


class SlicerInstaller:
    """Installs into Slicer's Python; that may take minutes and shows Slicer's dialogs."""

    def torch(self, versions: str, askConfirmation: bool) -> bool:
        """Through the extension PyTorch; False where the user declined."""
        try:
            import PyTorchUtils
        except ImportError as error:
            text = _(
                "PyTorch is needed. Install the extension 'PyTorch' in the Extensions Manager, "
                "restart 3D Slicer, and try again; or install from a folder of wheels."
            )
            raise InputError(text) from error
        logic = PyTorchUtils.PyTorchUtilsLogic()
        found = logic.installTorch(
            askConfirmation=askConfirmation, torchVersionRequirement=versions
        )
        return found is not None

    def pip(self, arguments: Sequence[str]) -> None:
        """``pip install`` with these arguments (alike in Slicer 5.8 and in 5.11, where
        slicer.packaging does the work).
        """
        import slicer

        slicer.util.pip_install(list(arguments))

    def confirm(self, question: str) -> bool:
        """Ask the user."""
        import slicer

        return bool(slicer.util.confirmOkCancelDisplay(question))


class Dependencies:
    """needs: what must be there. installer: as SlicerInstaller. installed: as isInstalled."""

    def __init__(
        self,
        needs: Sequence[Need] = NEEDS,
        installer: Optional[Any] = None,
        installed: Callable[[str], bool] = isInstalled,
    ) -> None:
        self._needs, self._installed = tuple(needs), installed
        self._installer = installer or SlicerInstaller()

    def missing(self) -> Tuple[str, ...]:
        """Names of the packages that are not there."""
        return tuple(need.name for need in self._needs if not self._installed(need.name))

    def explanation(self) -> str:
        """What is missing and what installing does; "" when nothing is missing."""
        missing = self.missing()
        if not missing:
            return ""
        text = _(
            "Contouring needs what 3D Slicer does not bring along: {names}. Installing downloads "
            "up to some gigabytes from the internet into 3D Slicer's own Python; no data is sent. "
            "Without internet, install from a folder of wheels."
        )
        return text.format(names=", ".join(missing))

    def install(self, askConfirmation: bool = True) -> bool:
        """Install what is missing; False where the user declined.

        Raises InputError, with the way out, when it did not work.
        """
        needs = [need for need in self._needs if not self._installed(need.name)]
        others = [need for need in needs if need.name != TORCH]
        for need in needs:
            if need.name == TORCH and not self._torch(need, askConfirmation):
                return False
        if others:
            names = ", ".join(need.name for need in others)
            question = _("Download and install {names} (small) into 3D Slicer's Python?")
            # With torch, the user has consented to its much larger download already.
            ask = askConfirmation and len(others) == len(needs)
            if ask and not self._installer.confirm(question.format(names=names)):
                return False
            self._pip(["--no-deps", *(need.requirement for need in others)])
        self._checkAll(_("Try again, or install from a folder of wheels."))
        return True

    def installFromFolder(self, folder: Path) -> None:
        """Install what is missing from wheels in a folder; nothing is looked up on the network.

        Raises InputError for a folder without wheels, and when it did not work.
        """
        folder = Path(folder)
        if not folder.is_dir() or not any(folder.glob("*.whl")):
            text = _(
                "{folder} is no folder with wheels (*.whl). Fill one on a computer with internet, "
                "with the same 3D Slicer and operating system: {command}"
            )
            names = " ".join(f'"{need.requirement}"' for need in self._needs)  # > is the shell's
            command = f"PythonSlicer -m pip download {names} -d FOLDER"  # no tr
            raise InputError(text.format(folder=folder, command=command))
        wanted = [need.requirement for need in self._needs if not self._installed(need.name)]
        if wanted:
            with _pinned() as constraints:
                self._pip(["--no-index", "--find-links", str(folder), "-c", constraints, *wanted])
        wayOut = _("Put the wheels of this Python and system into {folder}.")
        self._checkAll(wayOut.format(folder=folder))

    def _torch(self, need: Need, askConfirmation: bool) -> bool:
        try:
            return bool(self._installer.torch(need.versions, askConfirmation))
        except InputError:
            raise
        except Exception as error:  # pip's and the extension's own errors are of many kinds
            raise InputError(_failed(TORCH, error)) from error

    def _pip(self, arguments: List[str]) -> None:
        try:
            self._installer.pip(arguments)
        except Exception as error:
            raise InputError(_failed(arguments[-1], error)) from error

    def _checkAll(self, wayOut: str) -> None:
        missing = self.missing()
        if missing:
            text = _("Still missing: {names}.").format(names=", ".join(missing))
            raise InputError(f"{text} {wayOut}")


def _failed(what: str, error: Exception) -> str:
    text = _(
        "{what} could not be installed ({why}). See the Python console for pip's own words; check "
        "the connection and the proxy, or install from a folder of wheels."
    )
    return text.format(what=what, why=error)


@contextmanager
def _pinned() -> Iterator[str]:
    """A file of constraints that keeps the parts of Slicer as they are."""
    lines = []
    for name in PARTS_OF_SLICER:
        try:
            lines.append(f"{name}=={importlib.metadata.version(name)}\n")
        except importlib.metadata.PackageNotFoundError:
            continue  # built into Slicer without metadata: pip does not know it, nothing to pin
    descriptor, path = tempfile.mkstemp(prefix="autocontourrt-", suffix=".txt")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.writelines(lines)
        yield path
    finally:
        os.unlink(path)
