"""Finds words for the user that Slicer cannot translate: outside of `_()`, or put wrongly into it.

A text that is meant for programs only, though it looks like words, ends its line with `# no tr`.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Iterable, Iterator, List, Set, Tuple

Found = Tuple[int, str]
MARK = "# no tr"
TRANSLATORS = {"_", "translate"}
#: Attributes and named arguments that are shown as they are, though they be one word.
SHOWN_NAMES = set(
    "text toolTip title windowTitle placeholderText statusTip helpText acknowledgementText".split()
)
#: Calls whose first argument is shown. An error's words end in a dialog or in a notice.
SHOWN_CALLS = set(
    "InputError RuntimeError ValueError errorDisplay warningDisplay infoDisplay delayDisplay "
    "confirmOkCancelDisplay confirmYesNoDisplay confirmRetryCloseDisplay messageTextBox "
    "tryWithErrorDisplay showStatusMessage setText setToolTip setWindowTitle setTitle setStatusTip "
    "setPlaceholderText addItem addTab addButton addAction QLabel QPushButton QCheckBox "
    "QRadioButton QGroupBox QAction QTableWidgetItem Cell Item SetTitle SetTitleText SetXAxisTitle "
    "SetYAxisTitle".split()
)
#: What these are told, developers read; as what is raised otherwise than by SHOWN_CALLS.
LOGS = set("debug info warning error exception critical _note".split())


def untranslated(path: Path) -> List[str]:
    """What of a file's words cannot be translated, one message each."""
    source = path.read_text(encoding="utf-8")
    tree, lines = ast.parse(source), source.splitlines()
    found = {*_misused(tree), *_outside(tree), *_single(tree)}
    where = f"{path.parent.name}/{path.name}"
    return [f"{where}:{n}: {what}" for n, what in sorted(found) if MARK not in lines[n - 1]]


def _misused(tree: ast.AST) -> Iterator[Found]:
    """`_()` of anything but one plain text; `_` as the name of something else beside it."""
    nodes = list(ast.walk(tree))
    imported = any(alias.asname == "_" for n in nodes for alias in getattr(n, "names", [])
                   if isinstance(alias, ast.alias))  # fmt: skip
    for node in nodes:
        if isinstance(node, ast.Call) and _name(node) in TRANSLATORS:
            if not node.args or not all(map(_is_text, node.args)):
                yield node.lineno, "_() takes one plain text; .format() comes behind it"
        elif imported and isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            if node.id == "_":
                yield node.lineno, "_ is the translation; call this otherwise"


def _outside(node: ast.AST) -> Iterator[Found]:
    """Texts of two words, and f-strings with a word, wherever they stand."""
    if _is_translated(node) or _is_for_developers(node):
        return
    text = _text(node)
    if len(_words(text)) > (0 if isinstance(node, ast.JoinedStr) else 1):
        yield _told(node, text)
    for child in ast.iter_child_nodes(node):
        yield from _outside(child)


def _single(tree: ast.AST) -> Iterator[Found]:
    """Texts with any letters, but for markup, where users see them."""
    for node in ast.walk(tree):
        for text in _literals(_shown(node)):
            if re.search("[A-Za-z]{2}", re.sub("<.*?>", "", _text(text))):
                yield _told(text, _text(text))


def _shown(node: ast.AST) -> List[ast.expr]:
    """What users see of an assignment or a call."""
    if isinstance(node, ast.Assign):
        names: Set[str] = {getattr(target, "attr", "") for target in node.targets}
        return [node.value] if names & SHOWN_NAMES else []
    if isinstance(node, ast.Call):
        named = [each.value for each in node.keywords if each.arg in SHOWN_NAMES]
        return named + (node.args[:1] if _name(node) in SHOWN_CALLS else [])
    return []


def _literals(shown: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """The texts that expressions are made of, as far as they stand in them."""
    for node in shown:
        if _text(node):
            yield node
        elif isinstance(node, ast.BinOp):
            yield from _literals([node.left, node.right])
        elif isinstance(node, ast.IfExp):
            yield from _literals([node.body, node.orelse])
        elif isinstance(node, ast.BoolOp):
            yield from _literals(node.values)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield from _literals([node.func.value])  # "...".format()


def _told(node: ast.AST, text: str) -> Found:
    return getattr(node, "lineno", 0), f"{text!r} is not in _()"


def _text(node: ast.AST) -> str:
    """A plain text; that of an f-string with {} for its values; "" for anything else."""
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) or "{}" for part in node.values)
    return node.value if _is_text(node) else ""


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_translated(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and _name(node) in TRANSLATORS


def _is_for_developers(node: ast.AST) -> bool:
    """Docstrings, the log, what a wrong program raises, names of people."""
    if isinstance(node, ast.Raise):
        return isinstance(node.exc, ast.Call) and _name(node.exc) not in SHOWN_CALLS
    if isinstance(node, ast.Assign):
        return any(getattr(target, "attr", "") == "contributors" for target in node.targets)
    isLog = isinstance(node, ast.Call) and _name(node) in LOGS
    return isLog or isinstance(node, ast.Assert) or (
        isinstance(node, ast.Expr) and _is_text(node.value)
    )


def _name(call: ast.Call) -> str:
    """The last name of what is called."""
    return getattr(call.func, "attr", "") or getattr(call.func, "id", "")


def _words(text: str) -> List[str]:
    """What is neither markup, nor a number, nor part of a signature."""
    return [word for word in text.split() if word.isalpha() and len(word) > 1]
