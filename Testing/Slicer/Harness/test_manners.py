"""Qt as PythonQt shows it: what works in Slicer works, what fails there fails."""

from __future__ import annotations

from typing import Any, Callable, List

import pytest


@pytest.fixture()
def qt(scene: Any) -> Any:
    import qt

    return qt


def test_properties_are_read_and_set_as_attributes(qt: Any) -> None:
    button = qt.QPushButton("Segment")
    button.text, button.checkable, button.enabled = "Cancel", True, False
    button.checked = True
    assert (button.text, button.checked, button.enabled) == ("Cancel", True, False)
    assert button.isChecked() and not button.isEnabled()
    spin = qt.QDoubleSpinBox()
    spin.maximum, spin.value = 10.0, 2.5
    assert spin.value == 2.5


def test_objects_made_by_qt_itself_have_the_same_manners(qt: Any) -> None:
    table = qt.QTableWidget(2, 3)
    table.horizontalHeader().stretchLastSection = True
    assert table.horizontalHeader().stretchLastSection is True
    assert (table.rowCount, table.columnCount) == (2, 3)
    box = qt.QDialogButtonBox(qt.QDialogButtonBox.Ok)
    clicks: List[bool] = []
    box.button(qt.QDialogButtonBox.Ok).connect("clicked(bool)", clicks.append)
    box.button(qt.QDialogButtonBox.Ok).click()
    assert clicks == [False]


FORBIDDEN = [
    ("a property called as a method", lambda qt: qt.QLabel("a").text()),
    ("a new attribute", lambda qt: setattr(qt.QLabel("a"), "volume", 1)),
    ("a misspelt property", lambda qt: setattr(qt.QLabel("a"), "txt", "b")),
    ("a read-only property", lambda qt: setattr(qt.QLabel("a"), "width", 5)),
    ("an unknown property", lambda qt: qt.QLabel("a").nothing),
    ("a scoped enum", lambda qt: qt.Qt.AlignmentFlag.AlignLeft),
    ("a scoped enum of a class", lambda qt: qt.QMessageBox.StandardButton.Yes),
    ("an unknown signal", lambda qt: qt.QLabel("a").connect("clicked()", print)),
    ("a wrong signature", lambda qt: qt.QPushButton().connect("clicked(int)", print)),
    ("PySide's names", lambda qt: qt.Signal),
    ("a slot that is none", lambda qt: qt.QPushButton().connect("clicked()", "text")),
]


@pytest.mark.parametrize("what, act", FORBIDDEN, ids=[what for what, _ in FORBIDDEN])
def test_fails_as_in_slicer(qt: Any, what: str, act: Callable[[Any], Any]) -> None:
    with pytest.raises((AttributeError, TypeError, ValueError)):
        act(qt)


def test_python_subclasses_take_attributes_and_override(qt: Any) -> None:
    class Dialog(qt.QDialog):
        def __init__(self, parent: Any = None) -> None:
            super().__init__(parent)
            self.volume = 3
            self.windowTitle = "Volumes"

    dialog = Dialog()
    assert (dialog.volume, dialog.windowTitle, dialog.className()) == (3, "Volumes", "Dialog")


def test_unscoped_enums_combine_and_compare(qt: Any) -> None:
    label = qt.QLabel("a")
    label.alignment = qt.Qt.AlignRight | qt.Qt.AlignVCenter
    assert label.alignment & qt.Qt.AlignRight
    item = qt.QTableWidgetItem("a")
    item.setData(qt.Qt.UserRole, "id")
    item.setCheckState(qt.Qt.Checked)
    assert item.data(qt.Qt.UserRole) == "id" and item.checkState() == qt.Qt.Checked


def test_a_slot_gets_as_many_arguments_as_it_takes(qt: Any) -> None:
    button, heard = qt.QPushButton(), []
    button.connect("clicked(bool)", lambda: heard.append("none"))
    button.connect("clicked(bool)", lambda checked: heard.append(checked))
    button.connect("clicked(bool)", lambda *every: heard.append(every))
    button.click()
    assert heard == ["none", False, (False,)]


def test_disconnect_ends_one_slot_and_leaves_the_others(qt: Any) -> None:
    button, heard = qt.QPushButton(), []

    def first() -> None:
        heard.append("first")

    def second() -> None:
        heard.append("second")

    button.connect("clicked()", first)
    button.connect("clicked()", second)
    assert button.disconnect("clicked()", first) and not button.disconnect("clicked()", first)
    button.click()
    assert heard == ["second"]


def test_a_slot_lives_as_long_as_its_sender(qt: Any) -> None:
    class Listener:
        def __init__(self, sender: Any) -> None:
            sender.connect("clicked()", self.hear)

        def hear(self) -> None:
            heard.append(1)

    heard: List[int] = []
    button = qt.QPushButton()
    Listener(button)
    button.click()
    assert heard == [1]


def test_a_new_object_at_an_old_address_has_no_slots(qt: Any) -> None:
    heard: List[int] = []
    slot = heard.append
    for _ in range(50):
        timer = qt.QTimer()
        assert not timer.disconnect("timeout()", slot)
        timer.connect("timeout()", slot)
        timer.delete()


def test_timers_run_once_or_often(qt: Any, scene: Any) -> None:
    loop, heard = qt.QEventLoop(), []
    timer = qt.QTimer()
    timer.interval = 1

    def tick() -> None:
        heard.append("tick")
        if len(heard) == 4:
            loop.quit()

    timer.connect("timeout()", tick)
    timer.start()
    qt.QTimer.singleShot(10000, loop.quit)  # only where the timer does not go on
    loop.exec_()
    timer.stop()
    assert len(heard) >= 4 and not timer.active


def test_settings_lie_in_a_folder_of_the_harness(qt: Any, slicer_app: Any) -> None:
    settings = qt.QSettings()
    settings.setValue("AutoContourRT/model", "head-neck")
    settings.sync()
    assert settings.fileName().startswith(slicer_app.app.slicerHome)
    assert slicer_app.app.settings().value("AutoContourRT/model") == "head-neck"


def test_shortcuts_and_clipboard(qt: Any, slicer_app: Any) -> None:
    parent = qt.QWidget()
    shortcut = qt.QShortcut(qt.QKeySequence("E"), parent)
    assert shortcut.key.toString() == "E"
    slicer_app.app.clipboard().setText("Parotid_L")
    assert qt.QApplication.clipboard().text() == "Parotid_L"


def test_layout_spacing_is_a_property_though_virtual(qt: Any) -> None:
    widget = qt.QWidget()
    layout = qt.QVBoxLayout(widget)
    layout.spacing = 7
    assert layout.spacing == 7
    layout.addWidget(qt.QLabel("a"))
    widget.show()
    widget.hide()
    assert layout.count() == 1 and widget.layout() is layout


def test_size_hints_are_properties_though_virtual(qt: Any) -> None:
    widget = qt.QWidget()
    layout = qt.QVBoxLayout(widget)
    layout.addWidget(qt.QPushButton("Segment"))
    widget.show()
    assert widget.sizeHint.width() > 20 and widget.minimumSizeHint.height() > 10
    widget.hide()
    with pytest.raises(TypeError):
        widget.sizeHint()
