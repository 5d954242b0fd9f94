"""What the user reads says what happened and what to do."""

from __future__ import annotations

from AutoContourRTLib import WorkerTexts


def test_each_end_has_its_own_way_out() -> None:
    assert "could not start" in WorkerTexts.ended(1, False, ready=False)
    assert "memory" in WorkerTexts.ended(9, True, ready=True)
    assert "signal 11" in WorkerTexts.ended(11, True, ready=True)
    log = ["Starting PythonSlicer", "[python] exit abnormally - Report the problem."]
    assert "memory" in WorkerTexts.ended(1, False, True, log)
    assert "exit code 1" in WorkerTexts.ended(1, False, True, [*log, "Starting PythonSlicer"])
    assert "exit code 5" in WorkerTexts.ended(5, False, ready=True)
    assert "did not start for 180 seconds" in WorkerTexts.silent(180, ready=False)
    assert "no sign of life" in WorkerTexts.silent(120, ready=True)


def test_the_end_of_the_log_is_short_and_has_no_empty_lines() -> None:
    log = [f"line {number}" for number in range(100)] + ["", "  "]
    shown = WorkerTexts.lastLines(log)
    assert shown.splitlines()[-1] == "line 99" and "line 91" not in shown
    assert WorkerTexts.lastLines([]) == ""
