"""QProcess under its PythonQt name."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, List

import pytest


def run(qt: Any, program: str, arguments: List[str], said: bytes = b"") -> List[Any]:
    """What a process says and how it ends."""
    heard: List[Any] = []
    loop, process = qt.QEventLoop(), qt.QProcess()
    environment = qt.QProcessEnvironment.systemEnvironment()
    environment.insert("ORGAN", "Größe Δ")
    environment.insert("PYTHONUTF8", "1")
    process.setProcessEnvironment(environment)
    process.connect("readyReadStandardOutput()",
                    lambda: heard.append(process.readAllStandardOutput().data()))
    process.connect("readyReadStandardError()",
                    lambda: heard.append(("error", process.readAllStandardError().data())))

    def finished(code: int, status: Any) -> None:
        heard.append((code, status == qt.QProcess.NormalExit))
        loop.quit()

    def failed(error: Any) -> None:
        heard.append(error)
        if error == qt.QProcess.FailedToStart:
            loop.quit()

    process.connect("finished(int,QProcess::ExitStatus)", finished)
    process.connect("errorOccurred(QProcess::ProcessError)", failed)
    process.start(program, arguments)
    process.write(said)
    process.closeWriteChannel()
    qt.QTimer.singleShot(30000, loop.quit)
    loop.exec_()
    return heard


@pytest.fixture()
def qt(scene: Any) -> Any:
    import qt

    return qt


def test_output_comes_by_signal_and_the_end_with_its_code(qt: Any) -> None:
    program = "import os, sys; print(sys.stdin.read() + os.environ['ORGAN']); sys.exit(3)"
    heard = run(qt, sys.executable, ["-c", program], b"heart ")
    output = b"".join(item for item in heard if isinstance(item, bytes))
    assert output.decode().strip() == "heart Größe Δ"
    assert heard[-1] == (3, True)


def test_channels_are_separate(qt: Any) -> None:
    program = "import sys; print('out'); print('err', file=sys.stderr)"
    heard = run(qt, sys.executable, ["-c", program])
    assert b"out" in b"".join(item for item in heard if isinstance(item, bytes))
    errors = [item[1] for item in heard if isinstance(item, tuple) and item[0] == "error"]
    assert b"err" in b"".join(errors)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals")
def test_a_crash_is_told_from_an_exit(qt: Any) -> None:
    heard = run(qt, sys.executable, ["-c", "import os; os.kill(os.getpid(), 9)"])
    assert qt.QProcess.Crashed in heard
    assert heard[-1][1] is False


def test_a_missing_program_is_an_error(qt: Any, tmp_path: Path) -> None:
    assert run(qt, str(tmp_path / "nothing"), []) == [qt.QProcess.FailedToStart]


@pytest.mark.skipif(sys.platform == "win32", reason="the launcher is a shell script")
def test_the_launcher_starts_this_python_as_a_child(qt: Any, slicer_app: Any) -> None:
    launcher = os.path.join(slicer_app.app.slicerHome, "bin", "PythonSlicer")
    heard = run(qt, launcher, ["-c", "import numpy, sys; print(sys.executable)"])
    output = b"".join(item for item in heard if isinstance(item, bytes)).decode()
    assert Path(output.strip()) == Path(sys.executable)
