"""What users read can be translated."""

from __future__ import annotations

from pathlib import Path

import pytest

from untranslated import untranslated

ROOT = Path(__file__).resolve().parents[2]
HOMES = ("AutoContourRT", "CorrectiveTraining", "MetricsModule")
FILES = sorted(
    path for home in HOMES for path in (ROOT / home).rglob("*.py")
    if "AutoContourRTCore" not in path.parts
)  # fmt: skip
IMPORT = "from slicer.i18n import tr as _\n"
WRONG = {
    "an f-string in _()": "x = _(f'{n} volumes')",
    "a text with values in _()": "x = _('%d volumes' % n)",
    "a formatted text in _()": "x = _('{n} volumes'.format(n=n))",
    "a sum in _()": "x = _('Volumes: ' + names)",
    "a name in _()": "x = _(text)",
    "a name in translate()": "x = translate('Context', text)",
    "a loop that hides _()": "for _, name in pairs:\n    pass",
    "words anywhere": "x = 'Choose a volume'",
    "words between values": "x = f'{test} against {reference}'",
    "words in a value": "x = f'{\"one volume\" if n == 1 else n}'",
    "a word in a label": "label.text = 'Ready'",
    "one of two words in a label": "label.text = 'Ready' if ready else ''",
    "a word behind a name": "label.text = name + ': ready'",
    "a word with a value": "label.toolTip = '{n}-fold'.format(n=n)",
    "a word by a call": "label.setText('Ready')",
    "a word in a box": "combo.addItem('Processor', 'cpu')",
    "a word in a cell": "Cell(name, toolTip='Ready')",
    "an error for the user": "raise InputError('Empty.')",
    "an error with a name": "raise InputError(f'{name!r} is empty.')",
    "another error": "raise RuntimeError('Empty.')",
    "a dialog": "slicer.util.errorDisplay('Failed.')",
    "a question": "slicer.util.confirmOkCancelDisplay(f'Delete {name}?')",
    "a context that shows errors": "with slicer.util.tryWithErrorDisplay('Failed.'):\n    f()",
}
RIGHT = {
    "a text": "label.text = _('Choose a volume')",
    "a text with values": "label.text = _('{n} volumes').format(n=n)",
    "a text in two lines": "x = _('Choose '\n      'a volume')",
    "a text beside names": "label.text = f'{name} ({_(\"test\")})'",
    "a context": "x = translate('Context', 'Choose a volume')",
    "a docstring": "def f():\n    'Choose a volume.'",
    "an error for the user": "raise InputError(_('{name!r} is empty.').format(name=name))",
    "an error of the program": "raise KeyError('no such segment')",
    "an error raised again": "raise InputError(str(error)) from error",
    "a log": "logging.warning('it took too long')",
    "people": "parent.contributors = ['Jane Doe (Some Place)']",
    "a signal": "button.connect('clicked(bool)', f)",
    "data behind a text": "combo.addItem(_('Processor'), 'cpu')",
    "a unit": "label.text = f'{ml:.1f}'",
    "what Slicer calls it": "SURFACE = 'Closed surface'  # no tr",
}


def found(folder: Path, source: str) -> int:
    (folder / "a.py").write_text(f"{IMPORT}{source}\n", encoding="utf-8")
    return len(untranslated(folder / "a.py"))


@pytest.mark.parametrize("source", WRONG.values(), ids=WRONG)
def test_what_cannot_be_translated_is_found(tmp_path: Path, source: str) -> None:
    assert found(tmp_path, source) == 1


@pytest.mark.parametrize("source", RIGHT.values(), ids=RIGHT)
def test_what_is_well_is_left_alone(tmp_path: Path, source: str) -> None:
    assert found(tmp_path, source) == 0


def test_a_file_that_translates_nothing_is_read_too(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 'two words'\nfor _ in x:\n    pass\n", encoding="utf-8")
    assert len(untranslated(tmp_path / "a.py")) == 1


def test_all_three_modules_are_read() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in FILES} == set(HOMES)
    assert ROOT / "AutoContourRT" / "AutoContourRTLib" / "WorkerTexts.py" in FILES


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_our_modules_and_panels_translate_what_they_show(path: Path) -> None:
    assert not untranslated(path)
