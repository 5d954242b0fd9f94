"""Lays the modules out as Slicer installs them, with the real CMake and a stand-in for Slicer.

Slicer puts the files of all modules into one folder, qt-scripted-modules, which is on sys.path:
what a CMakeLists.txt does not name is not there for users, though developers have it.
"""

from __future__ import annotations

import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Set, Tuple

HERE = Path(__file__).resolve().parent / "fake_slicer"
#: What lies beside a module's files and is not installed.
NEVER_INSTALLED = {"CMakeLists.txt", "README.md"}


@dataclass(frozen=True)
class Layout:
    """What the CMakeLists.txt of an extension ask for.

    folder: all modules' files; files: (module, "SCRIPTS" or "RESOURCES", path relative to the
    module, with slashes); tests: module files that are registered as tests;
    extension: what the Extensions Manager shows, by name (HOMEPAGE, DEPENDS, ...).
    """

    folder: Path
    files: Tuple[Tuple[str, str, str], ...]
    tests: Tuple[str, ...]
    extension: Dict[str, str]

    def of(self, module: str, kind: str) -> Set[str]:
        """The paths of one kind that a module installs."""
        return {path for owner, what, path in self.files if (owner, what) == (module, kind)}

    @property
    def modules(self) -> List[str]:
        """The modules, in the order in which they are added."""
        return list(dict.fromkeys(owner for owner, _, _ in self.files))


def lay_out(root: Path, folder: Path, cmake: str) -> Layout:
    """Run the CMakeLists.txt at root and fill the folder, which must not exist yet.

    Raises RuntimeError with CMake's own words when a script is wrong or names a missing file.
    """
    report = folder.with_suffix(".report")
    folder.mkdir(parents=True)
    report.write_text("", encoding="utf-8")
    values = {"ROOT": root, "INSTALL_DIR": folder, "REPORT": report, "Slicer_DIR": HERE}
    command = [cmake, *(f"-D{name}={path}" for name, path in values.items())]
    run = subprocess.run(
        [*command, "-P", str(HERE / "lay_out.cmake")], capture_output=True, text=True, timeout=60
    )
    if run.returncode:
        raise RuntimeError(run.stderr)
    return _read(folder, report)


def _read(folder: Path, report: Path) -> Layout:
    lines = [line.split("|", 2) for line in report.read_text(encoding="utf-8").splitlines()]
    files = [(a, b, c) for a, b, c in lines if b in ("SCRIPTS", "RESOURCES")]
    tests = [path for owner, _, path in lines if owner == "test"]
    extension = {name: value for owner, name, value in lines if owner == "extension"}
    return Layout(folder, tuple(files), tuple(tests), extension)


def on_disk(home: Path) -> Set[str]:
    """The files of a module's folder that belong into the installation, with slashes."""
    found = (path.relative_to(home) for path in home.rglob("*") if path.is_file())
    return {
        path.as_posix()
        for path in found
        if path.name not in NEVER_INSTALLED and not any(map(_is_by_product, path.parts))
    }


def _is_by_product(part: str) -> bool:
    return part.startswith(".") or part == "__pycache__" or part.endswith(".egg-info")


def wrong_lists(layout: Layout, root: Path) -> List[str]:
    """Files that are not listed, listed twice, or listed as the wrong kind."""
    found = []
    for module in layout.modules:
        scripts, resources = layout.of(module, "SCRIPTS"), layout.of(module, "RESOURCES")
        missing = on_disk(root / module) - scripts - resources
        found += [f"{module}/CMakeLists.txt lacks {path}" for path in sorted(missing)]
        found += [f"{path} is a script" for path in resources if path.endswith(".py")]
        found += [f"{path} is no script" for path in scripts if not path.endswith(".py")]
    counts = Counter((owner, path) for owner, _, path in layout.files)
    return found + [f"{owner} lists {path} twice" for (owner, path), n in counts.items() if n > 1]


def collisions(layout: Layout) -> List[str]:
    """Files that overwrite each other, or could, once all modules lie in one folder."""
    owners: Dict[str, str] = {}
    found = []
    for owner, kind, path in layout.files:
        other = owners.setdefault(path.lower(), owner)
        if other != owner:
            found.append(f"{other} and {owner} both install {path}")
        if kind == "RESOURCES" and path.startswith("Resources/"):
            if not Path(path).name.startswith(owner):
                found.append(f"{owner}: {path} must begin with the module's name")
    return found


def stray_modules(layout: Layout) -> List[str]:
    """Python files that Slicer would take for modules: beside a module file, not in a package."""
    beside = {path.name for path in layout.folder.glob("*.py")}
    return sorted(beside - {f"{module}.py" for module in layout.modules})
