"""A stand-in for the Slicer application over the real MRML of slicer-core. See README.md."""

from __future__ import annotations

from .bootstrap import start
from .requirements import missing

__all__ = ["answer", "clearScene", "closeModule", "forgetMessages", "loadModule", "messages",
           "missing", "photograph", "sliceView", "start", "unusedAnswers", "useLayoutManager"]

#: Names that need Qt and slicer-core, by the file they lie in; imported when asked for.
_LATE = {
    "answer": "dialogs", "forgetMessages": "dialogs", "messages": "dialogs",
    "unusedAnswers": "dialogs", "clearScene": "scene", "loadModule": "moduleloading",
    "closeModule": "moduleloading", "photograph": "photographs",
    "sliceView": "views", "useLayoutManager": "views",
}


def __getattr__(name: str) -> object:
    if name not in _LATE:
        raise AttributeError(name)
    import importlib

    start()
    return getattr(importlib.import_module(f"{__name__}.{_LATE[name]}"), name)
