"""Signals of the stand-in widgets, known by their C++ signature as PythonQt knows them."""

from __future__ import annotations

import inspect
import re
from typing import Any, Callable, Dict, List, Optional


def normalized(signature: str) -> str:
    """`a( const QString & )` and `a(QString)` are the same signal."""
    text = re.sub(r"\bconst\b|&", "", signature)
    return re.sub(r"\s+", "", text)


def acceptedArguments(callback: Callable[..., Any]) -> Optional[int]:
    """How many positional arguments a callable takes; None: any number."""
    try:
        parameters = inspect.signature(callback).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return None
    return sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)


def trimmed(callback: Callable[..., Any]) -> Callable[..., None]:
    """A slot that passes on as many arguments as the callable takes, as PythonQt does."""
    count = acceptedArguments(callback)

    def slot(*arguments: Any) -> None:
        callback(*(arguments if count is None else arguments[:count]))

    return slot


class CppSignal:
    """A signal of a class: `currentNodeChanged = CppSignal("currentNodeChanged(vtkMRMLNode*)")`.

    Every further signature is an overload with its own listeners.
    """

    def __init__(self, *signatures: str) -> None:
        self.signatures = [normalized(signature) for signature in signatures]

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return self
        store = instance.__dict__.setdefault("_cppSignals", {})
        if self.name not in store:
            store[self.name] = BoundSignal(instance, self.signatures)
        return store[self.name]


class BoundSignal:
    """The signal of one object; connecting to it by name takes the first overload."""

    def __init__(self, sender: Any, signatures: List[str]) -> None:
        self.sender = sender
        self.listeners: Dict[str, List[Any]] = {signature: [] for signature in signatures}
        self.first = signatures[0]

    def connect(self, callback: Callable[..., Any], signature: str = "") -> bool:
        self.listeners[signature or self.first].append((callback, trimmed(callback)))
        return True

    def disconnect(self, callback: Any = None, signature: str = "") -> bool:
        slots = self.listeners[signature or self.first]
        kept = [pair for pair in slots if callback is not None and pair[0] != callback]
        found = len(kept) < len(slots)
        slots[:] = kept
        return found

    def emit(self, *arguments: Any, signature: str = "") -> None:
        from . import failures

        if self.sender.signalsBlocked():
            return
        for _, slot in list(self.listeners[signature or self.first]):
            with failures.reported():
                slot(*arguments)

    __call__ = emit


def findSignal(sender: Any, signature: str) -> Optional[BoundSignal]:
    """The stand-in signal of that C++ signature, or None."""
    wanted = normalized(signature)
    for base in type(sender).__mro__:
        for name, member in vars(base).items():
            if isinstance(member, CppSignal) and wanted in member.signatures:
                return getattr(sender, name)
    return None
