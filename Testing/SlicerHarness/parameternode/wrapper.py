"""@parameterNodeWrapper: typed attributes over a parameter node, tied to widgets."""

from __future__ import annotations

import typing
from dataclasses import dataclass
from typing import Any, Dict, List, Optional

import slicer
import vtk

from .connectors import Connector, makeConnector
from .converters import Converter, makeConverter, splitAnnotations
from .validators import Default, Validator

PROPERTY = "SlicerParameterName"


@dataclass
class Parameter:
    """One attribute of a wrapper class."""

    name: str
    annotated: Any
    converter: Converter
    validators: List[Validator]
    default: Any

    def write(self, node: Any, value: Any) -> None:
        self.converter.check(value)
        for validator in self.validators:
            validator.validate(value)
        with slicer.util.NodeModify(node):
            self.converter.write(node, self.name, value)

    def read(self, node: Any) -> Any:
        if not self.converter.isIn(node, self.name):
            self.write(node, self.default)
        return self.converter.read(node, self.name)


class _Kept:
    """The value of a parameter, kept from one ModifiedEvent of its node to the next, as in Slicer:
    a node that comes into the scene later is not seen till then."""

    def __init__(self, parameter: Parameter, node: Any) -> None:
        self._parameter, self._node = parameter, node
        self._isWriting = False
        self.value = parameter.read(node)
        node.AddObserver(vtk.vtkCommand.ModifiedEvent, self._onModified)

    def _onModified(self, caller: Any, event: Any) -> None:
        if not self._isWriting:
            self.value = self._parameter.read(self._node)

    def write(self, value: Any) -> None:
        self._isWriting = True
        try:
            with slicer.util.NodeModify(self._node):
                self._parameter.write(self._node, value)
                self.value = self._parameter.read(self._node)
        finally:
            self._isWriting = False


class WrapperBase:
    """What the decorator adds to a class."""

    allParameters: Dict[str, Parameter]

    def __init__(self, parameterNode: Any) -> None:
        self.parameterNode = parameterNode
        self._guis: Dict[int, Dict[str, Connector]] = {}
        self._nextTag = 0
        self._updating = False
        for parameter in self.allParameters.values():
            if not parameter.converter.isIn(parameterNode, parameter.name):
                parameter.write(parameterNode, parameter.default)
        self._kept = {n: _Kept(p, parameterNode) for n, p in self.allParameters.items()}

    def getValue(self, name: str) -> Any:
        self._parameter(name)
        return self._kept[name].value

    def setValue(self, name: str, value: Any) -> None:
        self._parameter(name)
        self._kept[name].write(value)

    def default(self, name: str) -> Default:
        return Default(self._parameter(name).default)

    def dataType(self, name: str) -> Any:
        return self._parameter(name).annotated

    @classmethod
    def _parameter(cls, name: str) -> Parameter:
        if name not in cls.allParameters:
            raise ValueError(f"There is no parameter '{name}', only {list(cls.allParameters)}")
        return cls.allParameters[name]

    def connectGui(self, gui: Any) -> None:
        """Ties every widget with a SlicerParameterName to its parameter; returns no tag, as in
        Slicer up to now (its issue 7547), so that nothing can untie them again.
        """
        widgets = gui.findChildren(_qwidget()) if hasattr(gui, "findChildren") \
            else list(vars(gui).values())
        named = {w.property(PROPERTY): w for w in widgets if w.property(PROPERTY)}
        self.connectParametersToGui(named)

    def connectParametersToGui(self, mapping: Dict[str, Any]) -> int:
        connectors = {n: makeConnector(w, self.dataType(n)) for n, w in mapping.items()}
        self._nextTag += 1
        tag = self._nextTag
        self._guis[tag] = connectors
        for name, connector in connectors.items():
            connector.write(self.getValue(name))
            connector.onChanged(self._reader(name, connector))
        self.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda caller, event: self._updateGui())
        return tag

    def _reader(self, name: str, connector: Connector) -> Any:
        def fromWidget() -> None:
            if not self._updating:
                self.setValue(name, connector.read())

        return fromWidget

    def disconnectGui(self, tag: Optional[int]) -> None:
        for connector in self._guis.pop(tag, {}).values():
            connector.onChanged(None)

    def _updateGui(self) -> None:
        if self._updating:
            return
        self._updating = True
        try:
            for connectors in self._guis.values():
                for name, connector in connectors.items():
                    connector.write(self.getValue(name))
        finally:
            self._updating = False

    def StartModify(self) -> Any:
        return self.parameterNode.StartModify()

    def EndModify(self, wasModified: Any) -> Any:
        return self.parameterNode.EndModify(wasModified)

    def AddObserver(self, event: Any, callback: Any, priority: float = 0.0) -> int:
        return self.parameterNode.AddObserver(event, callback, priority)

    def RemoveObserver(self, tag: int) -> None:
        self.parameterNode.RemoveObserver(tag)

    def Modified(self) -> None:
        self.parameterNode.Modified()


def _qwidget() -> Any:
    from PySide6 import QtWidgets

    return QtWidgets.QWidget


def _makeParameter(cls: Any, name: str, annotated: Any) -> Parameter:
    kind, notes = splitAnnotations(annotated)
    converter = makeConverter(kind)
    said = [note.value for note in notes if isinstance(note, Default)]
    default = said[0] if said else converter.default()
    if name in vars(cls):
        default = vars(cls)[name]
    validators = [note for note in notes if isinstance(note, Validator)]
    return Parameter(name, annotated, converter, validators, default)


def _asProperty(parameter: Parameter) -> property:
    return property(lambda self: self.getValue(parameter.name),
                    lambda self, value: self.setValue(parameter.name, value))


def parameterNodeWrapper(cls: Any = None) -> Any:
    """Class decorator; the annotations of the class become its parameters."""
    if cls is None:
        return parameterNodeWrapper
    hints = typing.get_type_hints(cls, include_extras=True)
    parameters = {name: _makeParameter(cls, name, kind) for name, kind in hints.items()}
    for name in parameters:
        if hasattr(WrapperBase, name):
            raise ValueError(f"'{name}' is reserved in a parameterNodeWrapper")
    members = {n: v for n, v in vars(cls).items() if n not in ("__dict__", "__weakref__")}
    members.update({n: _asProperty(p) for n, p in parameters.items()}, allParameters=parameters)
    members["_is_parameter_node_wrapper"] = True
    return type(cls.__name__, (WrapperBase, *cls.__bases__[:-1]), members)


def isParameterNodeWrapper(item: Any) -> bool:
    return getattr(item, "_is_parameter_node_wrapper", False)
