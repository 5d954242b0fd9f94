"""Reads the imports of the source tree and names every one that breaks the house rules.

Storeys: module file -> its own Lib -> AutoContourRTLib -> AutoContourRTCore. An import may lead
down, past a storey too, never up and never to a sister module. Imports inside functions count;
those under ``if TYPE_CHECKING:`` do not, for they never run.
"""

from __future__ import annotations

import ast
import graphlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Set, Tuple

#: Folders of the three modules: each holds its module file and the packages it installs.
HOMES = ("AutoContourRT", "CorrectiveTraining", "MetricsModule")
CORE = "AutoContourRTCore"
SHARED_LIB = "AutoContourRTLib"
NN_FOLDER = f"{CORE}/nn/"
#: Installed with Slicer and with the wheel alike, so that any file of Core may import them.
ALWAYS_THERE = {"numpy", "scipy", "SimpleITK"}
#: Each optional package and the one file that may import it. Add yours here.
OPTIONAL = {
    "safetensors": f"{CORE}/models/tensors.py",
    "pydicom": f"{CORE}/volumes/dicom/pydicom_files.py",
    "highdicom": f"{CORE}/volumes/dicom/highdicom_files.py",
    "dask": f"{CORE}/cohorts/dask_cluster.py",
    "distributed": f"{CORE}/cohorts/dask_cluster.py",
    "matplotlib": f"{CORE}/figures.py",
    "tqdm": f"{CORE}/cli/tqdm_bar.py",
}
LINES_BELOW = 400


@dataclass(frozen=True)
class SourceFile:
    """One Python file: the name it is imported by, where it lies, and what it imports.

    path: relative to its home, with slashes; imports: (line, dotted name) as written, relative
    ones made absolute, names taken ``from`` a module appended to it.
    """

    name: str
    home: str
    path: str
    imports: Tuple[Tuple[int, str], ...]

    @property
    def top(self) -> str:
        """The package, or the module file, that this file belongs to."""
        return self.name.split(".")[0]

    def at(self, line: int) -> str:
        """Where to look, for a message."""
        return f"{self.home}/{self.path}:{line}"


def read_tree(root: Path) -> Dict[str, SourceFile]:
    """All source files of the modules below root, by the name they are imported by."""
    files = (read_file(path, root / home) for home in HOMES for path in python_files(root / home))
    return {file.name: file for file in files}


def python_files(folder: Path) -> List[Path]:
    """The Python files below a folder, in order; none where there is no such folder."""
    return sorted(folder.rglob("*.py"))


def read_file(path: Path, home: Path) -> SourceFile:
    """One file with its imports."""
    relative = path.relative_to(home)
    parts = relative.with_suffix("").parts
    is_package = parts[-1] == "__init__"
    name = ".".join(parts[:-1] if is_package else parts)
    package = name if is_package else ".".join(parts[:-1])
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    return SourceFile(name, home.name, relative.as_posix(), tuple(imports_of(tree, package)))


def imports_of(node: ast.AST, package: str) -> Iterator[Tuple[int, str]]:
    """(line, dotted name) of every import below a node of a file of that package."""
    if isinstance(node, ast.Import):
        yield from ((node.lineno, alias.name) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = absolute_base(node, package)
        yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
    elif isinstance(node, ast.Call) and (name := imported_by_call(node)):
        yield (node.lineno, name)
    for child in children_that_run(node):
        yield from imports_of(child, package)


def absolute_base(node: ast.ImportFrom, package: str) -> str:
    """The module that a ``from`` import names, without leading dots."""
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    parts = parts[: len(parts) - node.level + 1]
    return ".".join(parts + ([node.module] if node.module else []))


def imported_by_call(call: ast.Call) -> str:
    """The module that ``import_module("x")`` or ``__import__("x")`` names, else nothing."""
    function = call.func
    called = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    first = call.args[0] if call.args else None
    is_import = called in ("import_module", "__import__") and isinstance(first, ast.Constant)
    return str(first.value) if is_import and isinstance(first, ast.Constant) else ""


def children_that_run(node: ast.AST) -> Iterator[ast.AST]:
    """The children of a node, without what stands under ``if TYPE_CHECKING:``."""
    if isinstance(node, ast.If) and "TYPE_CHECKING" in (
        getattr(node.test, "id", ""),
        getattr(node.test, "attr", ""),
    ):
        return iter(node.orelse)
    return ast.iter_child_nodes(node)


def module_in(name: str, names: Set[str]) -> str:
    """The module of the tree that a dotted name leads to, else nothing."""
    parts = name.split(".")
    prefixes = (".".join(parts[:count]) for count in range(len(parts), 0, -1))
    return next((prefix for prefix in prefixes if prefix in names), "")


def arrows(files: Dict[str, SourceFile]) -> Dict[str, Set[str]]:
    """For each module of the tree the modules of the tree that it imports."""
    names = set(files)
    return {
        file.name: {module_in(name, names) for _, name in file.imports} - {"", file.name}
        for file in files.values()
    }


def storey(top: str) -> Optional[int]:
    """0 Core, 1 AutoContourRTLib, 2 the Lib of another module, 3 module file; None: not ours."""
    if top == CORE:
        return 0
    if top == SHARED_LIB:
        return 1
    if top in [f"{home}Lib" for home in HOMES]:
        return 2
    return 3 if top in HOMES else None


def wrong_storeys(files: Dict[str, SourceFile]) -> List[str]:
    """Files outside the storeys, and imports that lead up or to a sister module."""
    found = []
    for file in files.values():
        if storey(file.top) is None:
            found.append(f"{file.at(1)} belongs to no storey: move it into Core or a Lib")
            continue
        for line, name in file.imports:
            if not may_import(file, name.split(".")[0]):
                found.append(f"{file.at(line)} imports {name}, which is not below {file.top}")
    return found


def may_import(file: SourceFile, top: str) -> bool:
    """Whether the storeys let a file import from a top-level package."""
    here, there = storey(file.top), storey(top)
    if here is None or there is None or top == file.top:
        return True
    return there < here and (there < 2 or top == f"{file.home}Lib")


def cycles(files: Dict[str, SourceFile]) -> List[str]:
    """The first import cycle, if there is one."""
    try:
        graphlib.TopologicalSorter(arrows(files)).prepare()
    except graphlib.CycleError as error:
        return ["import cycle: " + " -> ".join(reversed(error.args[1]))]
    return []


def impure_core(files: Dict[str, SourceFile]) -> List[str]:
    """Imports in Core of anything but Python, the basic packages, torch and OPTIONAL ones."""
    known = set(sys.stdlib_module_names) | ALWAYS_THERE | {"torch", *OPTIONAL}
    known |= {CORE, SHARED_LIB, *HOMES, *(f"{home}Lib" for home in HOMES)}  # wrong_storeys' matter
    return [
        f"{file.at(line)} imports {name}: Core knows nothing of it; "
        "Slicer and Qt belong into a Lib, an optional package into OPTIONAL"
        for file in files.values()
        for line, name in file.imports
        if file.top == CORE and name.split(".")[0] not in known
    ]


def torch_outside_nn(files: Dict[str, SourceFile]) -> List[str]:
    """Imports of torch or its relatives anywhere but below Core's nn/."""
    return [
        f"{file.at(line)} imports {name}: torch belongs below {NN_FOLDER}"
        for file in files.values()
        for line, name in file.imports
        if name.split(".")[0].startswith("torch") and not file.path.startswith(NN_FOLDER)
    ]


def optional_outside_adapter(files: Dict[str, SourceFile]) -> List[str]:
    """Imports of an optional package anywhere but in its one adapter file."""
    return [
        f"{file.at(line)} imports {name}: only {OPTIONAL[name.split('.')[0]]} may"
        for file in files.values()
        for line, name in file.imports
        if OPTIONAL.get(name.split(".")[0], file.path) != file.path
    ]


def long_files(root: Path) -> List[str]:
    """Python files of the source tree and of Testing that are too long to be read at once."""
    paths = [path for home in (*HOMES, "Testing") for path in python_files(root / home)]
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in paths}
    return [
        f"{path.relative_to(root)} has {count} lines, {LINES_BELOW} or more: split it"
        for path, count in lines.items()
        if count >= LINES_BELOW
    ]
