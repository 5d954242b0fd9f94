"""What users read can be translated."""

from __future__ import annotations

from pathlib import Path

import pytest

from untranslated import untranslated

ROOT = Path(__file__).resolve().parents[2]
IMPORT = "from slicer.i18n import tr as _\n"


@pytest.mark.parametrize(
    "source, count",
    [
        ("label.text = 'Choose a volume'", 1),
        ("label.text = f'{n} volumes were chosen'", 1),
        ("label.text = _('Choose a volume')", 0),
        ("x = translate('Context', 'Choose a volume')", 0),
        ("def f():\n    'Choose a volume.'", 0),
        ("raise ValueError('Choose a volume')", 0),
        ("parent.contributors = ['Jane Doe (Some Place)']", 0),
        ("button.connect('clicked(bool)', f)", 0),
    ],
)
def test_words_outside_of_the_translation_are_found(
    tmp_path: Path, source: str, count: int
) -> None:
    (tmp_path / "a.py").write_text(IMPORT + source + "\n", encoding="utf-8")
    assert len(untranslated(tmp_path / "a.py")) == count


def test_a_file_without_translation_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 'two words'\n", encoding="utf-8")
    assert untranslated(tmp_path / "a.py") == []


def test_our_modules_and_panels_translate_what_they_show() -> None:
    homes = [path.parent for path in ROOT.glob("*/CMakeLists.txt")]
    files = [path for home in homes for path in home.rglob("*.py") if "Core" not in str(path)]
    assert ROOT / "AutoContourRT" / "AutoContourRT.py" in files
    assert not [line for path in files for line in untranslated(path)]
