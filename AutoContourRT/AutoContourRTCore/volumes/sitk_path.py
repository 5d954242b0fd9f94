"""Names of files as SimpleITK can open them."""

from __future__ import annotations

import sys
from pathlib import Path

from AutoContourRTCore.errors import InputError

_UTF8 = 65001


def sitk_path(path: Path) -> str:
    """A path for SimpleITK; it is the path itself but on Windows.

    A name that is not UTF-8 (of an old archive, say) would end the process: InputError. On Windows
    a process opens names with other than ASCII letters only where its code page is UTF-8, as
    that of Slicer is and that of a python.exe is not (InsightSoftwareConsortium/ITK issue 6739).
    Elsewhere the file's short name (8.3) serves; one that is to be written is made for that, empty.
    Raises InputError where the disk keeps no short names.
    """
    shown = str(path).encode("utf-8", "backslashreplace").decode("utf-8")
    if shown != str(path):
        raise InputError(
            f"{shown} cannot be opened: its name is not written in UTF-8, and \\udc.. stands for "
            "what cannot be read of it; rename the file or folder."
        )
    if sys.platform != "win32" or str(path).isascii() or _code_page() == _UTF8:
        return str(path)
    if not path.exists():
        path.touch()
    short = _short_name(str(path))
    if not short.isascii():
        raise InputError(
            f"{path} cannot be opened: on this Windows disk only names of plain letters (A to Z) "
            "can; move the files into a folder such as C:\\Data."
        )
    return short


def _code_page() -> int:
    import ctypes

    return int(ctypes.windll.kernel32.GetACP())  # type: ignore[attr-defined,unused-ignore]


def _short_name(path: str) -> str:
    """The 8.3 name; the path itself where there is none."""
    import ctypes

    ask = ctypes.windll.kernel32.GetShortPathNameW  # type: ignore[attr-defined,unused-ignore]
    text = ctypes.create_unicode_buffer(32768)  # the longest path of Windows
    return text.value if ask(path, text, len(text)) else path
