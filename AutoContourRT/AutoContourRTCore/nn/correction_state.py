"""Where a training on corrections is, and the files that tell others."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Optional

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.atomic import write_text

METRICS, MODELS, STATUS, STOP = "metrics.jsonl", "models.jsonl", "status.json", "stop"

Dice = Dict[str, Optional[float]]


@dataclass
class Judged:
    """A network's score on validation data: key says on which, see AnnotatedCases.

    score: mean Dice, None where there was nothing to judge by. epoch: after which it was made.
    cases: so many validation cases.
    """

    score: Optional[float] = None
    dice: Dice = field(default_factory=dict)
    key: str = ""
    epoch: int = 0
    cases: int = 0


@dataclass
class State:
    """Everything of a training but its weights.

    epoch: finished ones; epoch_step of epoch_steps (0: length not yet decided); steps: in all,
    while the trainer's own `step` begins anew at a restart. patch: smaller than the recipe's where
    the memory asked for that.
    """

    epoch: int = 0
    epoch_step: int = 0
    epoch_steps: int = 0
    steps: int = 0
    without_progress: int = 0
    restarts: int = 0
    cycle: int = 0
    data_key: str = ""
    best: Optional[Judged] = None
    start: Optional[Judged] = None
    patch: Optional[List[int]] = None

    @classmethod
    def from_values(cls, values: Dict[str, Any]) -> "State":
        """The state of dataclasses.asdict."""
        plain = dict(values)
        for name in ("best", "start"):
            plain[name] = None if values[name] is None else Judged(**values[name])
        return cls(**plain)


def append_line(path: Path, values: Dict[str, Any]) -> None:
    """Append a JSON line. Raises InputError where the disk is full or protected."""
    try:
        with open(path, "ab") as file:
            file.write(json.dumps(values, allow_nan=False).encode("utf-8") + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {error.strerror}; free some space."
        ) from error


def read_lines(path: Path) -> List[Dict[str, Any]]:
    """The JSON lines of a file; what a crash left of the last one is left out."""
    if not path.exists():
        return []
    lines = []
    for line in path.read_bytes().splitlines():
        try:
            lines.append(json.loads(line))
        except ValueError:
            continue  # cut by a crash; the epoch comes again
    return lines


def keep_epochs(path: Path, last: int) -> List[Dict[str, Any]]:
    """The lines of epochs up to `last`, each epoch once; the others are removed from the file."""
    kept = {line["epoch"]: line for line in read_lines(path) if line.get("epoch", 0) <= last}
    text = "".join(json.dumps(line) + "\n" for line in kept.values())
    if path.exists() and path.read_text(encoding="utf-8", errors="replace") != text:
        write_text(path, text)
    return list(kept.values())


def request_stop(training: Path) -> None:
    """Ask whoever trains in this folder, on whatever machine, to save and stop."""
    training.mkdir(exist_ok=True)
    (training / STOP).touch()


def stop_requested(training: Path) -> bool:
    """Whether somebody asked; the request is fulfilled with that."""
    try:
        (training / STOP).unlink()
    except OSError:
        return False  # there is none, or it cannot be told now: the next look tells
    return True


def read_status(training: Path) -> Dict[str, Any]:
    """What the trainer last said of itself, {} where there is nothing yet."""
    path = training / STATUS
    if not path.exists():
        return {}
    status: Dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return status
