"""What SimpleITK is told to open; Windows is played."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes import sitk_path as module
from AutoContourRTCore.volumes.sitk_path import sitk_path


def test_elsewhere_a_path_is_itself(tmp_path: Path) -> None:
    assert sitk_path(tmp_path / "Müller.nrrd") == str(tmp_path / "Müller.nrrd")


def test_a_name_that_is_not_utf8_is_refused_in_words_that_can_be_written() -> None:
    """SimpleITK's SetFileName ends the process (std::logic_error) for such a name."""
    with pytest.raises(InputError, match=r"M\\udcfcller.nrrd cannot be opened.*rename") as caught:
        sitk_path(Path("/data/M\udcfcller.nrrd"))  # as os.fsdecode gives it
    str(caught.value).encode("utf-8")


@pytest.fixture()
def windows(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(module, "_code_page", lambda: 1252)
    monkeypatch.setattr(module, "_short_name", lambda path: path.replace("Müller", "MLLER~1"))
    return monkeypatch


def test_on_windows_a_file_goes_by_its_short_name_also_before_it_is_written(
    tmp_path: Path, windows: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "Müller.nrrd"
    assert sitk_path(path) == str(tmp_path / "MLLER~1.nrrd") and path.exists()
    assert sitk_path(tmp_path / "a b.nrrd") == str(tmp_path / "a b.nrrd")
    windows.setattr(module, "_code_page", lambda: 65001)  # a process as Slicer's
    assert sitk_path(path) == str(path)


def test_a_disk_without_short_names_is_told_with_the_way_out(
    tmp_path: Path, windows: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match="Größe.nrrd cannot be opened: .* plain letters"):
        sitk_path(tmp_path / "Größe.nrrd")
