"""What a worker is asked for each case of a cohort (see worker.py and messages.py)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, ClassVar, Generator, Mapping, Optional, Tuple

from AutoContourRTCore.messages import Message, Reply

#: What a pool of workers says of its cases, None now and then; closing it stops the work.
Replies = Generator[Optional[Reply], None, None]

_IS_TEXT: Tuple[Callable[[Any], bool], str] = (lambda v: isinstance(v, str) and v != "", "a text")


@dataclass(frozen=True)
class CaseRequest(Message):
    """Contour one case into the folder of a cohort. The id is the case's name.

    input: CT file or DICOM folder. output: where the .seg.nrrd goes; a structure set for a DICOM
    folder lies beside it. model, model_key: id, and what it must be there (record.model_key).
    program: version that the worker must be of. run: of the command, the same for all its cases.
    force: do it although it is done, and replace files that were changed since. threads: of the CPU
    that it may use.

    Result: state (done or kept), seconds, message, outputs (names of files).
    """

    rules: ClassVar[Mapping[str, Tuple[Callable[[Any], bool], str]]] = {
        "model_key": _IS_TEXT,
        "program": _IS_TEXT,
        "run": _IS_TEXT,
        "force": (lambda v: isinstance(v, bool), "true or false"),
        "threads": (lambda v: type(v) is int and v > 0, "a number of threads"),
    }

    id: str
    input: str
    output: str
    model: str
    model_key: str
    program: str
    run: str
    structures: Optional[Tuple[str, ...]] = None
    device: str = "auto"
    force: bool = False
    threads: int = 1

    @property
    def folder(self) -> Path:
        """The cohort's folder."""
        return Path(self.output).parent
