"""Kills trainers and windows of a project at random moments, and looks at what they leave.

    python kill_rounds.py trainer|window PROJECT ROUNDS SEED

Each round forks a process that works on PROJECT (see tiny_projects) and tells each thing that it
has done; it is killed (SIGKILL) at a random moment, then everything is read again. Prints one JSON
line with what was found; an exception is a failure.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

import numpy as np

from AutoContourRTCore.correction.annotation import BACKGROUND, FOREGROUND
from AutoContourRTCore.correction.project import Project
from AutoContourRTCore.volumes.boxes import box_of
from tiny_projects import SHAPE, STRUCTURES

#: In place of the trainer's 60 s, so that a round takes moments.
CHECKPOINT_SECONDS = 0.4
CASE = "0001_pt-1"
MOST_ROUNDS = 100  # each kill may cut a line of the log
Told = List[Tuple[float, str]]


def killed(work: Callable[[Callable[[str], None]], None], seconds: float) -> Tuple[Told, float]:
    """Fork a process that does some work, kill it so long after its first word.

    What it told, with the time, and when it died.
    """
    inlet, outlet = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(inlet)
        code = 1
        try:
            work(lambda text: (os.write(outlet, f"{time.monotonic()} {text}\n".encode()), None)[1])
            code = 0
        finally:
            os._exit(code)
    os.close(outlet)
    with open(inlet, encoding="utf-8") as lines:
        first = lines.readline()
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        at = time.monotonic()
        _, status = os.waitpid(child, 0)
        rest = [first, *lines]
    if not os.WIFSIGNALED(status):
        raise AssertionError(f"It ended by itself ({status}) after {rest[-1:]}.")
    found = [line.rstrip("\n").partition(" ") for line in rest if line.endswith("\n")]
    return [(float(when), text) for when, _, text in found], at


def train(folder: Path) -> Callable[[Callable[[str], None]], None]:
    """A trainer that tells its steps."""

    def work(tell: Callable[[str], None]) -> None:
        from AutoContourRTCore.correction.service import TrainingRun

        run = TrainingRun(folder, "cpu")
        while True:
            run.unit()
            tell(str(run.trainer.state.steps))

    return work


def check_training(folder: Path, told: Told, died: float) -> float:
    """Seconds of training that were lost; everything must be readable."""
    from AutoContourRTCore.correction.service import TrainingRun
    from AutoContourRTCore.nn.correction_state import METRICS, MODELS, read_lines, read_status

    run = TrainingRun(folder, "cpu")
    state = run.trainer.state
    run._lock.release()
    training = folder / "training"
    epochs = [line["epoch"] for line in read_lines(training / METRICS)]
    assert epochs == list(range(1, state.epoch + 1)), (epochs, state.epoch)
    assert len(read_lines(training / MODELS)) <= len(epochs) + 1
    read_status(training)
    kept = [when for when, steps in told if int(steps) <= state.steps]
    return died - (kept[-1] if kept else told[0][0])


def stroke(number: int) -> Tuple[str, np.ndarray, int]:
    """What the window draws as its stroke of that number."""
    rng = np.random.default_rng(number)
    voxels = np.zeros(SHAPE, dtype=bool)
    k, j, i = rng.integers(0, np.array(SHAPE) - 6)
    voxels[k : k + 2, j : j + 6, i : i + 6] = True
    return STRUCTURES[number % 2], voxels, int(rng.choice([FOREGROUND, BACKGROUND]))


def draw(folder: Path, first: int) -> Callable[[Callable[[str], None]], None]:
    """A window that draws strokes, takes some back, saves at times, and tells the last one done."""

    def work(tell: Callable[[str], None]) -> None:
        project = Project.open(folder)
        tell(str(first - 1))
        for number in range(first, first + 100_000):
            name, voxels, mark = stroke(number)
            correction = project.correct(CASE)[name]
            part = box_of(voxels)  # as the module does it
            assert part is not None
            correction.paint(voxels[part], mark, part)
            if number % 7 == 3:
                correction.undo()
                correction.redo()
            tell(str(number))
            project.log.write("press", CASE, number=number)
            if number % 5 == 0:
                project.save(CASE)
            if number % 11 == 0:
                project.close()
                project = Project.open(folder)

    return work


def check_drawing(folder: Path, told: Told, expected: Dict[str, np.ndarray]) -> int:
    """The last stroke that is there: each that was told, and the one under way at most.

    expected: the marks of all strokes of earlier rounds, brought up to date here.
    """
    with Project.open(folder) as project:
        corrections = project.correct(CASE)
        project.unsaved()
        assert project.log.read().damaged <= MOST_ROUNDS
        found = {name: corrections[name].annotation.marks for name in STRUCTURES}
        last = int(told[-1][1])
        for number in range(int(told[0][1]) + 1, last + 1):
            apply(expected, number)
        if not same(found, expected):  # the stroke under way; its redo may be missing
            apply(expected, last + 1)
            last += 1
        assert same(found, expected), f"stroke {last} or one before it was lost"
        project.save(CASE)
        assert project.unsaved() == []
    return last


def apply(marks: Dict[str, np.ndarray], number: int) -> None:
    name, voxels, mark = stroke(number)
    marks[name][voxels] = mark


def same(one: Dict[str, np.ndarray], other: Dict[str, np.ndarray]) -> bool:
    return all(np.array_equal(one[name], other[name]) for name in one)


def main() -> None:
    """See the top of the file."""
    kind, folder, rounds, seed = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    moments = random.Random(seed)
    found: Dict[str, Any] = {"rounds": 0, "lost_seconds": [], "strokes": 0}
    if kind == "trainer":
        import torch

        from AutoContourRTCore.nn import correction_prediction, training  # noqa: F401

        torch.set_num_threads(1)
        training.CHECKPOINT_SECONDS = CHECKPOINT_SECONDS
    expected = {name: np.zeros(SHAPE, dtype=np.uint8) for name in STRUCTURES}
    number = 0
    for _ in range(rounds):
        seconds = moments.uniform(0.0, 2.0 if kind == "trainer" else 0.5)
        if kind == "trainer":
            told, died = killed(train(folder), seconds)
            found["lost_seconds"].append(check_training(folder, told, died))
        else:
            told, died = killed(draw(folder, number + 1), seconds)
            number = check_drawing(folder, told, expected)
        found["rounds"] += 1
    found["strokes"] = number
    print(json.dumps(found))


if __name__ == "__main__":
    main()
