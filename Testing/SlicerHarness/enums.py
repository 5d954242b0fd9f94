"""Unscoped enums, as PythonQt has them: `Qt.AlignLeft`, never `Qt.AlignmentFlag.AlignLeft`."""

from __future__ import annotations

import enum
from typing import Any, Callable

from PySide6 import QtCore

from .manners import qtClasses


def install() -> None:
    for _, item in [*qtClasses(), ("Qt", QtCore.Qt)]:
        for name, member in list(vars(item).items()):
            if isinstance(member, type) and issubclass(member, enum.Enum):
                _unscope(item, name, member)


def _unscope(item: type, name: str, member: Any) -> None:
    for value in member.__members__:
        if value not in vars(item):
            setattr(item, value, member[value])
    setattr(item, name, staticmethod(_converter(member)))


def _converter(member: Any) -> Callable[[int], Any]:
    """What the enum's name is in PythonQt: a type that makes a value of an integer, no more."""

    def convert(value: int) -> Any:
        return member(value)

    convert.__name__ = member.__name__
    return convert
