"""How a parameter of each type lies in a vtkMRMLScriptedModuleNode."""

from __future__ import annotations

import enum
import json
import pathlib
import typing
from typing import Any, List, Tuple

import slicer


class Converter:
    """Text in the node; `kind` is the Python type."""

    def __init__(self, kind: Any) -> None:
        self.kind = kind

    def default(self) -> Any:
        return self.kind()

    def check(self, value: Any) -> None:
        accepted = (int, float) if self.kind is float else self.kind
        if not isinstance(value, accepted):
            raise TypeError(f"{value!r} is a {type(value).__name__}, not a {self.kind.__name__}")

    def isIn(self, node: Any, name: str) -> bool:
        return bool(node.HasParameter(name))

    def write(self, node: Any, name: str, value: Any) -> None:
        node.SetParameter(name, str(value))

    def read(self, node: Any, name: str) -> Any:
        return self.kind(node.GetParameter(name))


class BoolConverter(Converter):
    def read(self, node: Any, name: str) -> bool:
        return node.GetParameter(name) == "True"


class EnumConverter(Converter):
    def default(self) -> Any:
        return next(iter(self.kind))

    def write(self, node: Any, name: str, value: Any) -> None:
        node.SetParameter(name, value.name)

    def read(self, node: Any, name: str) -> Any:
        return self.kind[node.GetParameter(name)]


class NodeConverter(Converter):
    """A node reference; an empty parameter of the same name says that None was meant."""

    def default(self) -> None:
        return None

    def check(self, value: Any) -> None:
        if value is not None and not isinstance(value, self.kind):
            raise TypeError(f"{value!r} is not a {self.kind}")

    def write(self, node: Any, name: str, value: Any) -> None:
        node.SetParameter(name, "")
        node.SetNodeReferenceID(name, value.GetID() if value is not None else None)

    def read(self, node: Any, name: str) -> Any:
        return node.GetNodeReference(name)


class ListConverter(Converter):
    """A list of text, numbers or truth values, as JSON; what is read is a tuple's worth of copy.

    Slicer's list writes itself back when it is changed in place; this one is immutable, so that
    such a change fails instead of being lost.
    """

    def default(self) -> Any:
        return ()

    def check(self, value: Any) -> None:
        (element,) = typing.get_args(self.kind)
        if isinstance(value, str):
            raise TypeError(f"{value!r} is text, not a list")
        for item in value:
            makeConverter(element).check(item)

    def write(self, node: Any, name: str, value: Any) -> None:
        node.SetParameter(name, json.dumps(list(value)))

    def read(self, node: Any, name: str) -> Tuple[Any, ...]:
        return tuple(json.loads(node.GetParameter(name)))


def splitAnnotations(annotated: Any) -> Tuple[Any, List[Any]]:
    """The bare type, and what Annotated says besides."""
    if hasattr(annotated, "__metadata__"):
        return typing.get_args(annotated)[0], list(annotated.__metadata__)
    return annotated, []


def nodeClasses(kind: Any) -> Tuple[Any, ...]:
    """The MRML classes that a type stands for: one, or a Union of some and None; else ()."""
    members = typing.get_args(kind) if typing.get_origin(kind) is typing.Union else (kind,)
    classes = tuple(item for item in members if item is not type(None))
    isNode = all(isinstance(c, type) and issubclass(c, slicer.vtkMRMLNode) for c in classes)
    return classes if isNode else ()


def makeConverter(kind: Any) -> Converter:
    """The converter of a type; a type that Slicer does not know raises."""
    if nodeClasses(kind):
        return NodeConverter(nodeClasses(kind))
    if typing.get_origin(kind) is list:
        return ListConverter(kind)
    if kind is bool:
        return BoolConverter(kind)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return EnumConverter(kind)
    if kind in (int, float, str, pathlib.Path):
        return Converter(kind)
    raise TypeError(f"The harness's parameter node cannot hold {kind}")
