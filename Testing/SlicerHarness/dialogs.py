"""Modal dialogs never block: they are recorded, and answered as the test said beforehand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, List, Optional

from PySide6 import QtGui, QtWidgets

#: Buttons that leave everything as it was, taken when a test gave no answer; the safest first.
SAFE = ("Cancel", "No", "Close", "Abort", "Discard", "Ok", "Yes")


@dataclass(frozen=True)
class Message:
    """A dialog that was shown: what it said, its buttons, and what was answered."""

    kind: str
    title: str
    text: str
    detail: str
    buttons: tuple
    answer: Any


_messages: List[Message] = []
_answers: List[Any] = []


def messages() -> List[Message]:
    """All dialogs shown since `forgetMessages`, oldest first."""
    return list(_messages)


def forgetMessages() -> None:
    _messages.clear()
    _answers.clear()


def answer(*values: Any) -> None:
    """What the next dialogs are answered, one value each.

    A message box takes a button (`qt.QMessageBox.Yes`) or a button's text; a file dialog a path
    or a list of paths; any other dialog its result, or a function of the dialog that fills it in
    and returns its result.
    """
    _answers.extend(values)


def unusedAnswers() -> List[Any]:
    return list(_answers)


def _next(default: Any) -> Any:
    return _answers.pop(0) if _answers else default


def _record(kind: str, title: str, text: str, detail: str, buttons: tuple, reply: Any) -> None:
    _messages.append(Message(kind, title, text, detail, buttons, reply))


def install() -> None:
    """Replaces what would wait for a user."""
    box, dialog = QtWidgets.QMessageBox, QtWidgets.QDialog
    for item, run in ((box, _execBox), (dialog, _execDialog)):
        item.exec = item.exec_ = run
    for kind in ("information", "warning", "critical", "question", "about"):
        setattr(box, kind, staticmethod(_staticBox(kind)))
    files = QtWidgets.QFileDialog
    files.exec = files.exec_ = _execDialog
    for name in ("getOpenFileName", "getSaveFileName", "getExistingDirectory"):
        setattr(files, name, staticmethod(_question(name, "")))
    files.getOpenFileNames = staticmethod(_question("getOpenFileNames", ()))
    QtGui.QDesktopServices.openUrl = staticmethod(_openUrl)
    for name in ("getText", "getItem", "getInt", "getDouble"):
        setattr(QtWidgets.QInputDialog, name, staticmethod(_question(name, None)))


def _openUrl(url: Any) -> bool:
    """Opens nothing; the address is the message's text."""
    _record("openUrl", "", url.toString() if hasattr(url, "toString") else url, "", (), True)
    return True


def _execBox(self: Any) -> Any:
    QtWidgets.QDialog.open(self)
    buttons = {button.text.replace("&", ""): button for button in self.buttons()}
    chosen = _chosenButton(self, _next(None), buttons)
    words = (self.windowTitle, self.text, self.informativeText, self.detailedText)
    label = next((text for text, button in buttons.items() if button is chosen), "")
    standard = self.standardButton(chosen)
    known = standard != QtWidgets.QMessageBox.NoButton
    _record("message box", words[0].strip(), "\n".join(filter(None, words[1:3])), words[3],
            tuple(buttons), standard if known else label)
    if chosen is not None:
        chosen.click()
    else:
        self.close()
    return standard if known else self.result()


def _chosenButton(box: Any, wanted: Any, buttons: Any) -> Optional[Any]:
    if isinstance(wanted, str):
        return buttons[wanted]
    if wanted is not None:
        button = box.button(wanted)
        if button is None:
            raise AssertionError(f"'{box.text}' has no button {wanted}, it has {list(buttons)}")
        return button
    for name in SAFE:
        button = box.button(getattr(QtWidgets.QMessageBox, name))
        if button is not None:
            return button
    return next(iter(buttons.values()), None)


def _execDialog(self: Any) -> int:
    reply = _next(0)
    self.show()
    if callable(reply):
        reply = reply(self)
    _record("dialog", self.windowTitle, self.className(), "", (), reply)
    self.done(int(reply))
    return int(reply)


def _staticBox(kind: str) -> Any:
    def ask(parent: Any, title: str, text: str, *more: Any) -> Any:
        box = QtWidgets.QMessageBox(parent)
        box.windowTitle, box.text = title, text
        both = QtWidgets.QMessageBox.Yes | QtWidgets.QMessageBox.No
        usual = both if kind == "question" else QtWidgets.QMessageBox.Ok
        box.setStandardButtons(more[0] if more else usual)
        return _execBox(box)

    return ask


def _question(name: str, default: Any) -> Any:
    """PythonQt returns the bare path, not PySide's pair of path and filter."""

    def ask(parent: Any = None, caption: str = "", *more: Any, **named: Any) -> Any:
        reply = _next(default)
        _record(name, caption, str(more[0]) if more else "", "", (), reply)
        return reply

    return ask
