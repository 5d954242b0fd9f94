"""Writes the lists of files in the modules' CMakeLists.txt anew, as the files lie on disk.

Slicer installs what is listed and nothing else; Testing/Core/test_packaging.py compares. Run it
after adding, renaming or deleting a file:  python Testing/list_installed_files.py
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Iterable

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "Testing" / "Checks"))

from installed_layout import on_disk  # noqa: E402


def main() -> None:
    """All modules that there are."""
    for path in sorted(ROOT.glob("*/CMakeLists.txt")):
        files = sorted(on_disk(path.parent))
        text = path.read_text(encoding="utf-8")
        scripts = [file for file in files if file.endswith(".py")]
        text = with_list(text, "MODULE_PYTHON_SCRIPTS", scripts, path.parent.name)
        resources = [file for file in files if not file.endswith(".py")]
        text = with_list(text, "MODULE_PYTHON_RESOURCES", resources, path.parent.name)
        path.write_text(text, encoding="utf-8")
        print(f"{path.relative_to(ROOT)}: {len(scripts)} scripts, {len(resources)} resources")


def with_list(text: str, name: str, files: Iterable[str], module: str) -> str:
    """A CMake script with another value in set(name ...)."""
    own = re.compile(rf"(^|/){re.escape(module)}(\.\w+)$")
    lines = ["  " + own.sub(r"\g<1>${MODULE_NAME}\g<2>", file) + "\n" for file in files]
    pattern = re.compile(rf"set\({name}\n.*?\)\n", re.DOTALL)
    if not pattern.search(text):
        raise SystemExit(f"{module}/CMakeLists.txt has no set({name} ...)")
    return pattern.sub(lambda match: f"set({name}\n{''.join(lines)}  )\n", text, count=1)


if __name__ == "__main__":
    main()
