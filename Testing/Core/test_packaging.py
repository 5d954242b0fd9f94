"""What Slicer's extension build makes of our CMakeLists.txt, and whether it runs on its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Dict

import pytest

import installed_layout
from installed_layout import Layout

ROOT = Path(__file__).resolve().parents[2]
BESIDE_PYTHON = Path(sys.executable).parent
CMAKE = shutil.which("cmake", path=str(BESIDE_PYTHON)) or shutil.which("cmake")
pytestmark = pytest.mark.skipif(CMAKE is None, reason="no cmake at hand; pip install cmake")

TOP = (
    "cmake_minimum_required(VERSION 3.16.3)\nproject(Try)\nset(EXTENSION_DEPENDS PyTorch)\n"
    "find_package(Slicer REQUIRED)\ninclude(${Slicer_USE_FILE})\n"
)
MODULE = "slicerMacroBuildScriptedModule(NAME %s SCRIPTS %s RESOURCES %s)\n"


def lay_out(root: Path, folder: Path) -> Layout:
    assert CMAKE is not None
    return installed_layout.lay_out(root, folder, CMAKE)


def extension(root: Path, modules: Dict[str, str], files: str) -> None:
    """An extension on disk: the CMake line of each module, and the files of all."""
    lines = [f"add_subdirectory({name})\n" for name in modules]
    root.mkdir(exist_ok=True)
    for path in files.split():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("", encoding="utf-8")
    (root / "CMakeLists.txt").write_text(TOP + "".join(lines), encoding="utf-8")
    for name, line in modules.items():
        (root / name / "CMakeLists.txt").write_text(line, encoding="utf-8")


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    """Our own extension, installed."""
    return lay_out(ROOT, tmp_path_factory.mktemp("installed") / "qt-scripted-modules")


def in_installation(layout: Layout, tmp_path: Path, *arguments: str, given: str = "") -> str:
    """What a Python prints that sees nothing of the project but the installed files."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AUTOCONTOURRT")}
    environment.update(PYTHONPATH=str(layout.folder), PYTHONDONTWRITEBYTECODE="1")
    run = subprocess.run(
        [sys.executable, *arguments], input=given, capture_output=True, text=True, cwd=tmp_path,
        env=environment, timeout=120,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_a_file_that_no_list_names_is_found(tmp_path: Path) -> None:
    files = "A/A.py A/ALib/__init__.py A/ALib/Forgotten.py A/Resources/UI/A.ui"
    extension(tmp_path / "e", {"A": MODULE % ("A", "A.py ALib/__init__.py", "")}, files)
    found = installed_layout.wrong_lists(lay_out(tmp_path / "e", tmp_path / "i"), tmp_path / "e")
    assert found == [
        "A/CMakeLists.txt lacks ALib/Forgotten.py", "A/CMakeLists.txt lacks Resources/UI/A.ui"
    ]


def test_a_list_that_names_no_file_stops_the_build(tmp_path: Path) -> None:
    extension(tmp_path / "e", {"A": MODULE % ("A", "A.py ALib/Gone.py", "")}, "A/A.py")
    with pytest.raises(RuntimeError, match="ALib/Gone.py"):
        lay_out(tmp_path / "e", tmp_path / "i")


def test_two_modules_that_install_one_name_are_found(tmp_path: Path) -> None:
    files = "A/A.py A/Resources/UI/A.ui A/Resources/Panel.ui B/B.py B/Resources/Panel.ui"
    a = MODULE % ("A", "A.py", "Resources/UI/A.ui Resources/Panel.ui")
    b = MODULE % ("B", "B.py", "Resources/Panel.ui")
    extension(tmp_path / "e", {"A": a, "B": b}, files)
    found = installed_layout.collisions(lay_out(tmp_path / "e", tmp_path / "i"))
    assert "A and B both install Resources/Panel.ui" in found
    assert "A: Resources/Panel.ui must begin with the module's name" in found
    assert not [line for line in found if "A.ui" in line]


def test_a_script_beside_a_module_file_is_found(tmp_path: Path) -> None:
    extension(tmp_path / "e", {"A": MODULE % ("A", "A.py Helper.py", "")}, "A/A.py A/Helper.py")
    assert installed_layout.stray_modules(lay_out(tmp_path / "e", tmp_path / "i")) == ["Helper.py"]


def test_every_file_of_our_modules_is_listed_once_and_as_what_it_is(layout: Layout) -> None:
    assert "AutoContourRT" in layout.modules
    assert not installed_layout.wrong_lists(layout, ROOT)


def test_our_modules_do_not_overwrite_each_other(layout: Layout) -> None:
    assert not installed_layout.collisions(layout)
    assert not installed_layout.stray_modules(layout)


def test_every_module_folder_is_added_and_its_module_file_is_a_test(layout: Layout) -> None:
    folders = {path.parent.name for path in ROOT.glob("*/CMakeLists.txt")}
    assert set(layout.modules) == folders
    assert set(layout.tests) == {f"{module}.py" for module in layout.modules}


def test_the_description_of_the_extension_is_whole(layout: Layout) -> None:
    shown = layout.extension
    assert shown["NAME"] == "AutoContourRT" and shown["PACKED"] == "yes"
    assert shown["CATEGORY"] == "Radiotherapy" and shown["DEPENDS"] == "PyTorch"
    for name in ("HOMEPAGE", "ICONURL", "CONTRIBUTORS", "DESCRIPTION"):
        assert shown[name].strip()
    raw = shown["ICONURL"].split("/Resources/")[0]
    for url in (shown["ICONURL"], *shown["SCREENSHOTURLS"].split()):
        assert url.startswith(raw) and (ROOT / url[len(raw) + 1 :]).is_file(), url
    for name in ("LICENSE_FILE", "README_FILE"):
        assert Path(shown[name]).parent == ROOT and Path(shown[name]).is_file()
    assert ";" not in shown["DESCRIPTION"], "CMake cuts a text there"


def test_the_addresses_stand_in_the_file_itself() -> None:
    """The checks of Slicer's ExtensionsIndex read the text and replace no variables."""
    text = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    for name in ("HOMEPAGE", "ICONURL", "SCREENSHOTURLS"):
        (value,) = re.findall(rf'set\(EXTENSION_{name} "([^"]*)"\)', text)
        assert value.startswith("https://") and "$" not in value


def test_the_catalogue_entry_fits_the_schema_and_the_description(layout: Layout) -> None:
    """Fields: Slicer/Slicer, Schemas/slicer-extension-catalog-entry-schema-v1.0.1.json."""
    name = layout.extension["NAME"]
    entry = json.loads((ROOT / "Resources" / f"{name}.json").read_text(encoding="utf-8"))
    types = {
        "$schema": str, "category": str, "scm_url": str, "scm_revision": str, "scm_type": str,
        "build_dependencies": list, "build_subdirectory": str, "enabled": bool, "tier": int,
    }
    assert {"$schema", "category", "scm_url"} <= set(entry) <= set(types)
    assert all(type(value) is types[field] for field, value in entry.items())
    assert entry["$schema"].endswith("slicer-extension-catalog-entry-schema-v1.0.1.json#")
    assert entry["tier"] == 1, "a higher tier is given by the catalogue's keepers, not claimed"
    assert entry["category"] == layout.extension["CATEGORY"]
    assert entry["build_dependencies"] == layout.extension["DEPENDS"].split()
    assert entry["scm_url"].startswith(layout.extension["HOMEPAGE"])


def test_the_installed_worker_answers_a_ping(layout: Layout, tmp_path: Path) -> None:
    from AutoContourRTCore import messages

    lines = messages.encode(messages.PingRequest()) + messages.encode(messages.QuitRequest())
    said = in_installation(layout, tmp_path, "-m", "AutoContourRTCore.worker", given=lines)
    replies = [messages.parse_reply(line) for line in said.splitlines()]
    assert [type(reply) for reply in replies] == [messages.Ready, messages.Ready]


def test_the_installed_command_line_knows_the_shipped_model(
    layout: Layout, tmp_path: Path
) -> None:
    said = in_installation(layout, tmp_path, "-m", "AutoContourRTCore", "models", "list")
    assert "head_neck_7" in said and "Parotid_L" in said


def test_everything_of_core_that_is_installed_can_be_imported(
    layout: Layout, tmp_path: Path
) -> None:
    """All files but those that need a package which is not here; and their data with them."""
    program = (
        "import importlib, sys\n"
        "from AutoContourRTCore import self_test\n"
        "from AutoContourRTCore.anatomy.catalogue import CATALOGUE\n"
        "from AutoContourRTCore.models.store import ModelStore\n"
        "ModelStore().load('head_neck_7')\n"
        "assert CATALOGUE and self_test.read_stored(ModelStore().folder('head_neck_7'))\n"
        "for name in sys.argv[1:]:\n"
        "    try:\n"
        "        print(importlib.import_module(name).__file__)\n"
        "    except ModuleNotFoundError as error:\n"
        "        assert not error.name.startswith('AutoContourRT'), error\n"
    )
    paths = [path[:-3] for path in layout.of("AutoContourRT", "SCRIPTS")]
    names = [path.replace("/", ".") for path in paths if path.startswith("AutoContourRTCore/")]
    names = [name for name in names if not name.endswith("__main__")]
    found = in_installation(layout, tmp_path, "-c", program, *names).split("\n")
    assert len(found) > 0.9 * len(names)
    assert all(line.startswith(str(layout.folder)) for line in found if line)
