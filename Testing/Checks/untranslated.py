"""Finds words for the user that do not go through `_()`, in files that have it."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Iterator, List, Set, Tuple

TRANSLATORS = {"_", "translate"}


def untranslated(path: Path) -> List[str]:
    """Texts of several words outside of `_()`; docstrings and what is raised or logged is none.

    A file without the import of `tr as _` has nothing to say to users and is left out.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if not any(_is_import(node) for node in ast.walk(tree)):
        return []
    where = f"{path.parent.name}/{path.name}"
    found = _texts(tree, _docs(tree))
    return [f"{where}:{line}: {text!r} is not in _()" for line, text in found]


def _is_import(node: ast.AST) -> bool:
    names = node.names if isinstance(node, ast.ImportFrom) else []
    return any(alias.asname == "_" for alias in names)


def _docs(tree: ast.AST) -> Set[int]:
    """The constants that are docstrings, or comments in their place."""
    return {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}


def _texts(node: ast.AST, docs: Set[int]) -> Iterator[Tuple[int, str]]:
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") in TRANSLATORS:
        return
    if isinstance(node, (ast.Raise, ast.Assert)) or _names_people(node):
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
        if _are_words(node.value):
            yield node.lineno, node.value
    for child in ast.iter_child_nodes(node):
        yield from _texts(child, docs)


def _names_people(node: ast.AST) -> bool:
    """Whether it is `parent.contributors = [...]`."""
    targets = node.targets if isinstance(node, ast.Assign) else []
    return any(getattr(target, "attr", "") == "contributors" for target in targets)


def _are_words(text: str) -> bool:
    """Two words at least, and no markup, signature or style."""
    words = [word for word in text.split() if word.isalpha()]
    return len(words) > 1 and "<" not in text
