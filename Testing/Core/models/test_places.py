from __future__ import annotations

import sys
from pathlib import Path

import pytest

import AutoContourRTCore
from AutoContourRTCore.models import places


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch, tmp_path):
    for name in (places.VARIABLE, "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)


def test_the_variable_decides(monkeypatch, tmp_path):
    monkeypatch.setenv(places.VARIABLE, str(tmp_path / "my models"))
    assert places.user_folder() == tmp_path / "my models"


@pytest.mark.parametrize(
    ("platform", "expected"),
    [
        ("linux", ".local/share/AutoContourRT/models"),
        ("darwin", "Library/Application Support/AutoContourRT/models"),
        ("win32", "AppData/Local/AutoContourRT/models"),
    ],
)
def test_without_it_the_platform_decides(platform, expected, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "platform", platform)
    assert places.user_folder() == tmp_path / expected


@pytest.mark.parametrize(
    ("platform", "variable"), [("linux", "XDG_DATA_HOME"), ("win32", "LOCALAPPDATA")]
)
def test_the_platforms_own_variable_counts(platform, variable, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setenv(variable, str(tmp_path / "data"))
    assert places.user_folder() == tmp_path / "data" / "AutoContourRT" / "models"


def test_a_relative_xdg_path_is_ignored(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", "data")
    assert places.user_folder() == tmp_path / ".local" / "share" / "AutoContourRT" / "models"


def test_shipped_models_lie_inside_the_package_and_the_users_outside():
    package = Path(AutoContourRTCore.__file__).resolve().parent
    assert places.shipped_folder() == package / "models" / "shipped"
    assert package not in places.user_folder().parents
