"""What Python 3.9 cannot read or run, found in the source by any newer Python."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Iterator, List, Tuple

BUILTIN_TYPES = set("bool bytes complex dict float frozenset int list object set str tuple".split())
#: Arguments that came after 3.9, by the name of the function that takes them.
NEW_ARGUMENTS = {"dataclass": {"slots", "kw_only", "match_args"}, "zip": {"strict"}}
#: Names that came to a module of the standard library after 3.9; None: the module itself.
NEW_NAMES = {
    "contextlib": {"aclosing", "chdir"},
    "datetime": {"UTC"},
    "enum": {"StrEnum", "EnumCheck", "verify", "member", "nonmember"},
    "hashlib": {"file_digest"},
    "inspect": {"get_annotations"},
    "itertools": {"pairwise", "batched"},
    "tomllib": None,
    "types": {"NoneType", "UnionType", "EllipsisType"},
    "typing": set(
        "Concatenate Never NotRequired ParamSpec Required Self TypeAlias TypeGuard Unpack "
        "assert_never assert_type dataclass_transform override reveal_type".split()
    ),
}


def too_new(path: Path) -> List[str]:
    """What in a file needs a Python newer than 3.9, one message each."""
    text = path.read_text(encoding="utf-8")
    try:
        tree = ast.parse(text, str(path), feature_version=(3, 9))
    except SyntaxError as error:
        return [f"{path}:{error.lineno} {error.msg}"]
    found = [*new_unions(tree), *new_arguments(tree), *new_names(tree)]
    return [f"{path}:{line} {what}" for line, what in sorted(found)]


def new_unions(tree: ast.Module) -> Iterator[Tuple[int, str]]:
    """Types joined by | where Python 3.9 would evaluate them."""
    unread = annotations(tree) if has_future_annotations(tree) else iter(())
    skipped = {id(part) for note in unread for part in ast.walk(note)}
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            if id(node) not in skipped and any(map(looks_like_type, (node.left, node.right))):
                yield node.lineno, "joins types by |: write Optional or Union"


def has_future_annotations(tree: ast.Module) -> bool:
    """Whether the file leaves its annotations unevaluated."""
    return any(
        isinstance(node, ast.ImportFrom)
        and node.module == "__future__"
        and any(alias.name == "annotations" for alias in node.names)
        for node in tree.body
    )


def annotations(tree: ast.Module) -> Iterator[ast.expr]:
    """Every annotation of an argument, a result or a variable."""
    for node in ast.walk(tree):
        note = getattr(node, "annotation", None) or getattr(node, "returns", None)
        if isinstance(note, ast.expr):
            yield note


def looks_like_type(node: ast.expr) -> bool:
    """Whether an operand is None, a built-in type, or one with its items in brackets."""
    if isinstance(node, ast.Subscript):
        return looks_like_type(node.value)
    is_none = isinstance(node, ast.Constant) and node.value is None
    return is_none or (isinstance(node, ast.Name) and node.id in BUILTIN_TYPES)


def new_arguments(tree: ast.Module) -> Iterator[Tuple[int, str]]:
    """Calls with an argument that Python 3.9 does not take."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            for keyword in node.keywords:
                if keyword.arg in NEW_ARGUMENTS.get(name, set()):
                    yield node.lineno, f"gives {name} the argument {keyword.arg}"


def new_names(tree: ast.Module) -> Iterator[Tuple[int, str]]:
    """Imports and uses of what Python 3.9's standard library does not have."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and not node.level:
            names = [(node.module or "", alias.name) for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            names = [(node.value.id, node.attr)]
        else:
            continue
        yield from ((node.lineno, f"uses {m}.{n}".rstrip(".")) for m, n in names if is_new(m, n))


def is_new(module: str, name: str) -> bool:
    """Whether a name of a standard module came after Python 3.9."""
    new = NEW_NAMES.get(module, set())
    return new is None or name in new
