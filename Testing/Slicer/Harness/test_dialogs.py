"""Dialogs are recorded and answered, never waited for."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from SlicerHarness import answer, messages, unusedAnswers


@pytest.fixture()
def qt(scene: Any) -> Any:
    import qt

    return qt


def test_an_error_is_recorded_with_its_details(slicer_app: Any, scene: Any) -> None:
    slicer_app.util.errorDisplay("No model for this volume", detailedText="traceback")
    (message,) = messages()
    assert (message.text, message.detail) == ("No model for this volume", "traceback")
    assert "error" in message.title


def test_questions_get_the_scripted_answers_in_turn(slicer_app: Any, qt: Any) -> None:
    answer(qt.QMessageBox.Yes, qt.QMessageBox.No)
    assert slicer_app.util.confirmYesNoDisplay("Install PyTorch?") is True
    assert slicer_app.util.confirmYesNoDisplay("Install PyTorch?") is False
    assert not unusedAnswers()


def test_without_an_answer_nothing_is_agreed_to(slicer_app: Any, qt: Any) -> None:
    assert slicer_app.util.confirmYesNoDisplay("Delete the model?") is False
    assert slicer_app.util.confirmOkCancelDisplay("Delete the model?") is False
    assert qt.QFileDialog.getOpenFileName(None, "Open", "") == ""
    assert [m.text for m in messages()][:2] == ["Delete the model?"] * 2


def test_a_button_can_be_pressed_by_its_text(qt: Any) -> None:
    box = qt.QMessageBox()
    box.text = "The volume is tilted"
    harden = box.addButton("Use a hardened copy", qt.QMessageBox.AcceptRole)
    box.addButton("Stop", qt.QMessageBox.RejectRole)
    answer("Use a hardened copy")
    box.exec_()
    assert box.clickedButton() is harden
    assert messages()[-1].buttons == ("Use a hardened copy", "Stop")


def test_an_answer_that_the_box_does_not_offer_fails(qt: Any) -> None:
    answer(qt.QMessageBox.Yes)
    box = qt.QMessageBox()
    box.setStandardButtons(qt.QMessageBox.Ok)
    with pytest.raises(AssertionError, match="has no button"):
        box.exec_()


def test_file_dialogs_return_a_bare_path_as_in_pythonqt(qt: Any) -> None:
    answer("/models/a.zip", ["/a", "/b"], "/folder")
    assert qt.QFileDialog.getSaveFileName(None, "Save", "") == "/models/a.zip"
    assert qt.QFileDialog.getOpenFileNames(None, "Open", "") == ["/a", "/b"]
    assert qt.QFileDialog.getExistingDirectory(None, "Folder", "") == "/folder"


def test_a_dialog_can_be_filled_in_by_a_function(qt: Any) -> None:
    dialog = qt.QDialog()
    edit = qt.QLineEdit(dialog)

    def fill(shown: Any) -> int:
        assert shown is dialog and shown.visible
        edit.text = "Parotid_L"
        return qt.QDialog.Accepted

    answer(fill)
    assert dialog.exec_() == qt.QDialog.Accepted
    assert edit.text == "Parotid_L" and not dialog.visible
    assert qt.QDialog().exec_() == qt.QDialog.Rejected


def test_try_with_error_display_shows_and_raises(
    slicer_app: Any, scene: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(RuntimeError), caplog.at_level(logging.CRITICAL):
        with slicer_app.util.tryWithErrorDisplay("Segmentation failed.", waitCursor=True):
            raise RuntimeError("no memory")
    assert messages()[-1].text == "Segmentation failed.\n\nno memory"
    assert slicer_app.app.overrideCursor() is None


def test_progress_dialogs_and_delays_do_not_block(slicer_app: Any, scene: Any) -> None:
    progress = slicer_app.util.createProgressDialog(value=3, maximum=10, labelText="Reading")
    assert (progress.value, progress.labelText) == (3, "Reading")
    progress.close()
    slicer_app.util.delayDisplay("ready", 3000)
    assert messages()[-1].kind == "dialog"


def test_an_address_is_recorded_and_not_opened(qt: Any) -> None:
    qt.QDesktopServices.openUrl(qt.QUrl("https://example.org/help"))
    assert messages()[-1].text == "https://example.org/help"


def test_what_nobody_caught_is_remembered(qt: Any) -> None:
    from SlicerHarness import failures

    def slot() -> None:
        raise ValueError("lost correction")

    button = qt.QPushButton()
    button.connect("clicked()", slot)
    button.click()
    assert [str(error) for error in failures.uncaught()] == ["lost correction"]
    failures.forget()
