"""Gives the classes of PySide6 the manners of PythonQt, in place.

What changes for every QObject: a Qt property is read and set as an attribute and hides the
method of its name (`label.text`, never `label.text()`); `connect` and `disconnect` are methods of
the object and take C++ signatures; a new attribute can only be set on Python subclasses. Patching
in place reaches objects that Qt itself made too, such as `table.horizontalHeader()`.
"""

from __future__ import annotations

import types
from typing import Any, Callable, Dict, Iterator, List, Set, Tuple

import shiboken6
from PySide6 import QtCore, QtGui, QtWidgets

from .cppsignal import findSignal, normalized, trimmed

QObject = QtCore.QObject
#: Methods of QObject that a property must not hide.
NO_PROPERTIES = {"event", "children", "parent"}
_connectQt = QObject.connect
_disconnectQt = QObject.disconnect
_propertyNames: Dict[type, Set[str]] = {}
#: By address of the sender and signal: the slots as given, and as Qt has them.
_slots: Dict[int, Dict[str, List[Tuple[Any, Callable[..., None]]]]] = {}
#: Set while a .ui file is read: PySide then hangs every child on the root widget, PythonQt not.
loadingUi = False


def qtClasses() -> Iterator[Tuple[str, type]]:
    """Every class of QtCore, QtGui and QtWidgets."""
    for module in (QtCore, QtGui, QtWidgets):
        for name in dir(module):
            item = getattr(module, name)
            if isinstance(item, type) and isinstance(item, type(QObject)):
                yield name, item


def install() -> None:
    """Patches all classes; once is enough, twice would recurse."""
    classes = {item for _, item in qtClasses() if issubclass(item, QObject)}
    readers = {item: item.__getattribute__ for item in classes}
    for item, read in readers.items():
        _patch(item, read)
    QObject.className = _className
    QObject.delete = lambda self: shiboken6.delete(self)
    for item in (QtWidgets.QDialog, QtWidgets.QMenu, QtCore.QEventLoop):
        item.exec_ = item.exec


def _className(self: Any) -> str:
    """The C++ class; a stand-in bears the name of the class it stands in for."""
    return type(self).__name__


def _patch(item: type, read: Callable[..., Any]) -> None:
    def __getattribute__(self: Any, name: str) -> Any:
        if name == "connect" or name == "disconnect":
            return types.MethodType(_connect if name == "connect" else _disconnect, self)
        if name[0] != "_" and isProperty(type(self), name):
            return readProperty(self, name, read)
        return read(self, name)

    def __setattr__(self: Any, name: str, value: Any) -> None:
        if loadingUi and isinstance(value, QObject) and value.objectName == name:
            return
        if isProperty(type(self), name):
            writeProperty(self, name, value, read)
        elif mayHaveAttribute(self, name):
            setPythonAttribute(self, name, value)
        else:
            raise AttributeError(
                f"'{name}' does not exist on {type(self).__name__} and creating new attributes "
                "on C++ objects is not allowed"
            )

    item.__getattribute__ = __getattribute__
    item.__setattr__ = __setattr__


def setPythonAttribute(self: Any, name: str, value: Any) -> None:
    """What object.__setattr__ does, which Python refuses on a class with a C++ base."""
    for base in type(self).__mro__:
        member = vars(base).get(name)
        if isinstance(member, QtCore.Property):
            if member.fset is None:
                raise AttributeError(f"Property '{name}' of {type(self).__name__} is not writable")
            member.fset(self, value)
            return
        if hasattr(type(member), "__set__"):
            member.__set__(self, value)
            return
    self.__dict__[name] = value


def mayHaveAttribute(self: Any, name: str) -> bool:
    """Classes written in Python take new attributes; stand-ins for C++ classes only their own."""
    item = type(self)
    if item.__module__.startswith(__package__ + "."):
        return name[0] == "_" or hasattr(item, name)
    return isPythonClass(item)


def isPythonClass(item: type) -> bool:
    return not item.__module__.startswith("PySide6.")


def isProperty(item: type, name: str) -> bool:
    if item not in _propertyNames:
        _propertyNames[item] = _properties(item)
    return name in _propertyNames[item]


def _properties(item: type) -> Set[str]:
    """Names of a class's Qt properties, less what Python subclasses define."""
    meta = item.staticMetaObject
    found = {meta.property(index).name() for index in range(meta.propertyCount())}
    found |= {"name"} if "objectName" in found else set()
    own = {n for base in item.__mro__ if isPythonClass(base) and base is not object
           and not base.__module__.startswith("Shiboken") for n in vars(base)}
    return found - NO_PROPERTIES - own


def readProperty(self: Any, name: str, read: Callable[..., Any]) -> Any:
    """The value of a property; through the C++ getter, whose types PySide knows best."""
    name = "objectName" if name == "name" else name
    for getter in (name, "is" + name[0].upper() + name[1:]):
        try:
            return read(self, getter)()
        except (AttributeError, TypeError):
            continue
    return QObject.property(self, name)


def writeProperty(self: Any, name: str, value: Any, read: Callable[..., Any]) -> None:
    """Sets a property; one that is read-only or of another type raises."""
    name = "objectName" if name == "name" else name
    setter = getattr(self, "set" + name[0].upper() + name[1:], None)
    if setter is not None:
        setter(value)
    elif not QObject.setProperty(self, name, value):
        raise ValueError(f"Property '{name}' of {type(self).__name__} cannot be {value!r}")


def _qtSignature(self: Any, signature: str) -> str:
    normal = bytes(QtCore.QMetaObject.normalizedSignature(signature).data()).decode()
    meta = type(self).staticMetaObject
    if meta.indexOfSignal(normal) < 0:
        raise ValueError(f"{type(self).__name__} has no signal {signature}")
    return normal


def _slotsOf(self: Any) -> Dict[str, List[Tuple[Any, Callable[..., None]]]]:
    """The slots of an object; forgotten when Qt destroys it, for another may get its address."""
    address = shiboken6.getCppPointer(self)[0]
    if address not in _slots:
        _slots[address] = {}
        _connectQt(self, "2destroyed()", lambda: _slots.pop(address, None))
    return _slots[address]


def _connect(self: Any, signature: Any, callback: Any, *slot: Any) -> bool:
    """connect("clicked(bool)", f), or connect("clicked(bool)", receiver, "slot()")."""
    if isinstance(signature, QObject):  # PySide's own code: sender, signal, callable
        return bool(_connectQt(signature, callback, *slot))
    if slot:
        callback = getattr(callback, slot[0].split("(")[0])
    if not callable(callback):
        raise TypeError(f"{callback!r} cannot be called when {signature} comes")
    ours = findSignal(self, signature)
    if ours is not None:
        return ours.connect(callback, normalized(signature))
    normal = _qtSignature(self, signature)
    qtSlot = trimmed(callback)
    _slotsOf(self).setdefault(normal, []).append((callback, qtSlot))
    _connectQt(self, "2" + normal, qtSlot)
    return True


def _disconnect(self: Any, signature: Any = "", callback: Any = None, *slot: Any) -> bool:
    """disconnect("clicked(bool)", f); without f, every Python slot of that signal."""
    if isinstance(signature, QObject):
        return bool(_disconnectQt(signature, callback, *slot))
    if slot:
        callback = getattr(callback, slot[0].split("(")[0])
    ours = findSignal(self, signature)
    if ours is not None:
        return ours.disconnect(callback, normalized(signature))
    normal = _qtSignature(self, signature)
    pairs = _slotsOf(self).get(normal, [])
    leaving = [pair for pair in pairs if callback is None or pair[0] == callback]
    for pair in leaving:
        _disconnectQt(self, "2" + normal, pair[1])
        pairs.remove(pair)
    return bool(leaving)
