"""What is missing, and how it is installed; nothing is installed here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, List, Set

import pytest

from AutoContourRTCore.errors import InputError
from AutoContourRTLib.Dependencies import Dependencies, Need, SlicerInstaller, isInstalled


class FakeInstaller:
    """Notes what it is asked for; installs into a set of names."""

    def __init__(self, there: Set[str], consents: bool = True) -> None:
        self.there, self.consents = there, consents
        self.did: List[Any] = []
        self.pins = ""

    def torch(self, versions: str, askConfirmation: bool) -> bool:
        self.did.append(("torch", versions, askConfirmation))
        if self.consents:
            self.there.add("torch")
        return self.consents

    def pip(self, arguments: List[str]) -> None:
        self.did.append(("pip", *arguments))
        if "-c" in arguments:
            self.pins = Path(arguments[arguments.index("-c") + 1]).read_text("utf-8")
        names = [a for a in arguments if not a.startswith("-") and ">=" in a]
        self.there.update(name.split(">=")[0] for name in names)

    def confirm(self, question: str) -> bool:
        self.did.append(("confirm", question))
        return self.consents


def made(*there: str, consents: bool = True) -> Any:
    names = set(there)
    installer = FakeInstaller(names, consents)
    return Dependencies(installer=installer, installed=names.__contains__), installer


def test_a_package_is_found_without_being_imported() -> None:
    code = (
        "import sys, types; i18n = types.ModuleType('slicer.i18n'); i18n.tr = str;"
        "sys.modules.update({'slicer': types.ModuleType('slicer'), 'slicer.i18n': i18n});"
        "from AutoContourRTLib.Dependencies import Dependencies, isInstalled;"
        "print(isInstalled('safetensors'), isInstalled('no_such_package'), isInstalled('numpy'));"
        "print(Dependencies().missing()); print('torch' in sys.modules)"
    )
    folder = Path(__file__).resolve().parents[3] / "AutoContourRT"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                         env={"PYTHONPATH": str(folder)})
    lines = run.stdout.splitlines()
    assert lines[0].split()[1:] == ["False", "True"], run.stderr
    assert lines[2] == "False"


def test_an_installation_cut_short_counts_as_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "half_there").mkdir()
    (tmp_path / "half_there" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert not isInstalled("half_there")


def test_missing_ones_are_named_with_what_installing_does() -> None:
    dependencies, _ = made("safetensors")
    assert dependencies.missing() == ("torch",)
    assert "torch" in dependencies.explanation() and "no data is sent" in dependencies.explanation()
    dependencies, installer = made("torch", "safetensors")
    assert dependencies.missing() == () and dependencies.explanation() == ""
    assert dependencies.install() and installer.did == []


def test_torch_comes_through_its_extension_and_the_rest_without_its_dependencies() -> None:
    dependencies, installer = made()
    assert dependencies.install()
    assert installer.did == [("torch", ">=2.0", True), ("pip", "--no-deps", "safetensors>=0.4")]
    assert dependencies.missing() == ()


def test_who_declines_gets_nothing() -> None:
    dependencies, installer = made(consents=False)
    assert not dependencies.install()
    assert installer.did == [("torch", ">=2.0", True)]
    dependencies, installer = made("torch", consents=False)
    assert not dependencies.install()
    assert [kind for kind, *_ in installer.did] == ["confirm"]
    assert dependencies.missing() == ("safetensors",)


def test_no_question_is_asked_where_none_is_wanted() -> None:
    dependencies, installer = made("torch")
    assert dependencies.install(askConfirmation=False)
    assert [kind for kind, *_ in installer.did] == ["pip"]


def test_the_offline_way_looks_nothing_up_and_keeps_the_parts_of_slicer(tmp_path: Path) -> None:
    import numpy

    folder = tmp_path / "wheels with blanks"
    folder.mkdir()
    dependencies, installer = made()
    with pytest.raises(InputError, match='pip download "torch>=2.0" "safetensors>=0.4"'):
        dependencies.installFromFolder(folder)
    with pytest.raises(InputError, match="no folder"):
        dependencies.installFromFolder(tmp_path / "missing")
    (folder / "a.whl").write_text("")
    dependencies.installFromFolder(folder)
    kind, *arguments = installer.did[0]
    assert arguments[:3] == ["--no-index", "--find-links", str(folder)]
    assert arguments[-2:] == ["torch>=2.0", "safetensors>=0.4"]
    assert f"numpy=={numpy.__version__}\n" in installer.pins
    assert "SimpleITK==" in installer.pins
    assert not Path(arguments[4]).exists()
    assert dependencies.missing() == ()


def test_failures_name_the_way_out() -> None:
    dependencies, installer = made("torch")
    installer.pip = lambda arguments: 1 / 0
    with pytest.raises(InputError, match="safetensors.*could not be installed.*folder of wheels"):
        dependencies.install(askConfirmation=False)
    dependencies, installer = made("safetensors")
    installer.torch = lambda versions, askConfirmation: True  # says so, but it is not there
    with pytest.raises(InputError, match="Still missing: torch"):
        dependencies.install()


def test_the_extension_is_asked_as_its_logic_wants_it(
    slicer_app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: List[Any] = []

    class Logic:
        def installTorch(self, **options: Any) -> Any:
            asked.append(options)
            return None if len(asked) == 1 else ModuleType("torch")

    module = ModuleType("PyTorchUtils")
    module.PyTorchUtilsLogic = Logic  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "PyTorchUtils", module)
    installer = SlicerInstaller()
    assert not installer.torch(">=2.0", True)
    assert installer.torch(">=2.0", True)
    assert asked[0] == {"askConfirmation": True, "torchVersionRequirement": ">=2.0"}
    monkeypatch.setitem(sys.modules, "PyTorchUtils", None)
    with pytest.raises(InputError, match="Extensions Manager"):
        installer.torch("", True)


def test_pip_is_slicers_own(slicer_app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: List[Any] = []
    monkeypatch.setattr(slicer_app.util, "pip_install", asked.append)
    SlicerInstaller().pip(["--no-deps", "safetensors>=0.4"])
    assert asked == [["--no-deps", "safetensors>=0.4"]]


def test_other_modules_may_need_other_things() -> None:
    dependencies = Dependencies([Need("pydicom", ">=2")], installer=object(), installed=bool)
    assert dependencies.missing() == ()
