"""What is missing is said in the panel and installed from there, with consent."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List

import pytest


class Installer:
    """Notes what it is asked; torch comes when the user agrees."""

    def __init__(self, there: List[str], agrees: bool = True, fails: str = "") -> None:
        self.there, self.agrees, self.fails = there, agrees, fails
        self.asked: List[Any] = []

    def torch(self, versions: str, askConfirmation: bool) -> bool:
        self.asked.append(("torch", askConfirmation))
        if self.fails:
            raise RuntimeError(self.fails)
        if self.agrees:
            self.there.append("torch")
        return self.agrees

    def pip(self, arguments: Any) -> None:
        self.asked.append(tuple(arguments))
        self.there += ["torch", "safetensors"]

    def confirm(self, question: str) -> bool:
        return self.agrees


@pytest.fixture()
def lacking(loaded: Any, ct: Any) -> Any:
    """Makes the panel believe that torch is not there; returns the installer."""
    from AutoContourRTLib.Dependencies import Dependencies

    def make(**named: Any) -> Installer:
        installer = Installer(["safetensors"], **named)
        loaded.widget.packages.dependencies = Dependencies(
            installer=installer, installed=lambda name: name in installer.there
        )
        loaded.widget.enter()
        return installer

    return make


def test_nothing_is_said_while_nothing_is_missing(ui: Any, loaded: Any, ct: Any) -> None:
    assert not ui.dependencyFrame.isVisibleTo(loaded.panel) and ui.segmentButton.enabled


def test_what_is_missing_is_named_and_the_button_is_off(lacking: Any, ui: Any, loaded: Any) -> None:
    lacking()
    assert ui.dependencyFrame.isVisibleTo(loaded.panel)
    assert "torch" in ui.dependencyLabel.text and not ui.segmentButton.enabled
    assert "missing; see above" in ui.noticeLabel.text


def test_installing_asks_first_and_then_the_button_is_on(
    lacking: Any, ui: Any, loaded: Any
) -> None:
    installer = lacking()
    ui.installButton.click()
    assert installer.asked == [("torch", True)]
    assert not ui.dependencyFrame.isVisibleTo(loaded.panel) and ui.segmentButton.enabled


def test_who_declines_keeps_the_panel_as_it_was(lacking: Any, ui: Any, loaded: Any) -> None:
    from SlicerHarness import messages

    lacking(agrees=False)
    ui.installButton.click()
    assert ui.dependencyFrame.isVisibleTo(loaded.panel) and not messages()


def test_a_failed_installation_is_told(lacking: Any, ui: Any, loaded: Any) -> None:
    from SlicerHarness import messages

    lacking(fails="no route to host")
    ui.installButton.click()
    assert "no route to host" in messages()[-1].text
    assert ui.dependencyFrame.isVisibleTo(loaded.panel)


def test_without_internet_a_folder_of_wheels_will_do(
    lacking: Any, ui: Any, loaded: Any, tmp_path: Path
) -> None:
    from SlicerHarness import answer

    installer = lacking()
    (tmp_path / "torch-2.5-cp311.whl").write_bytes(b"")
    answer(str(tmp_path))
    ui.offlineButton.click()
    (arguments,) = installer.asked
    assert "--no-index" in arguments and str(tmp_path) in arguments
    assert ui.segmentButton.enabled
