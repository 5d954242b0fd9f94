"""Which tests run without a package, however far down the imports of the source tree lead."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Dict, Set

import architecture


def files_without(missing: Set[str], root: Path) -> Set[Path]:
    """The test files below Testing/Core that reach none of the missing top-level packages.

    A module of ours that a string names counts as reached: tests start it as a process.
    """
    files = architecture.read_tree(root)
    sources = {
        name: targets(root / file.home / file.path, root / file.home, set(files))
        for name, file in files.items()
    }
    tests = root / "Testing" / "Core"
    return {
        path
        for path in tests.rglob("test_*.py")
        if not reached(targets(path, tests, set(sources)), sources) & missing
    }


def targets(path: Path, home: Path, modules: Set[str]) -> Set[str]:
    """The modules of ours, and the other top-level packages, that a file imports or names."""
    imported = {name for _, name in architecture.read_file(path, home).imports}
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    strings = {node.value for node in nodes if isinstance(node, ast.Constant)}
    started = {module for module in modules if module in strings}
    started |= {f"{module}.__main__" for module in started} & modules
    return started | {architecture.module_in(n, modules) or n.split(".")[0] for n in imported}


def reached(start: Set[str], arrows: Dict[str, Set[str]]) -> Set[str]:
    """Everything that can be reached along the arrows, the start included."""
    seen: Set[str] = set()
    waiting = set(start)
    while waiting:
        seen |= waiting
        waiting = set().union(*(arrows.get(name, set()) for name in waiting)) - seen
    return seen
