"""The modules as Slicer installs them: all files in one folder, nothing of the source tree."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from installed_layout import lay_out

ROOT = Path(__file__).resolve().parents[3]
CMAKE = shutil.which("cmake", path=str(Path(sys.executable).parent)) or shutil.which("cmake")
PROGRAM = """
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from SlicerHarness import failures, loadModule, start
slicer = start()
opened = {}
for name in sys.argv[3:]:
    loaded = loadModule(Path(sys.argv[2]) / f"{name}.py")
    slicer.util.selectModule(name)
    opened[name] = [loaded.module.title, loaded.module.icon is not None]
assert not failures.uncaught()
ours = [m for n, m in sys.modules.items() if n.split(".")[0].endswith(("Core", "Lib"))]
files = [m.__file__ for m in ours if getattr(m, "__file__", None)]
print(json.dumps([opened, [f for f in files if "AutoContourRT" in f]]))
"""


@pytest.mark.skipif(CMAKE is None, reason="no cmake at hand; pip install cmake")
def test_every_installed_module_opens_from_the_installed_folder_alone(tmp_path: Path) -> None:
    assert CMAKE is not None
    layout = lay_out(ROOT, tmp_path / "qt-scripted-modules", CMAKE)
    environment = {**os.environ, "PYTHONPATH": str(layout.folder), "QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, "-c", PROGRAM, str(ROOT / "Testing"), str(layout.folder)]
    run = subprocess.run(
        [*command, *layout.modules], capture_output=True, text=True, cwd=tmp_path,
        env=environment, timeout=120,
    )
    assert run.returncode == 0, run.stderr
    opened, files = json.loads(run.stdout.splitlines()[-1])
    assert opened["AutoContourRT"] == ["Auto Contour RT", True]
    assert all(has_icon for _, has_icon in opened.values())
    assert files and all(Path(file).is_relative_to(layout.folder) for file in files)
