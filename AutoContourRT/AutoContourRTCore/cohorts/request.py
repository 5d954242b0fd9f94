"""What a worker is asked for each case of a cohort (see worker.py and messages.py)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Dict, Generator, Mapping, Optional, Tuple

from AutoContourRTCore.messages import IS_BOOL, IS_PATH, IS_TEXT, Message, Reply, Rule

#: What a pool of workers says of its cases, None now and then; closing it stops the work.
Replies = Generator[Optional[Reply], None, None]

RECORDS = "records"


@dataclass(frozen=True)
class CaseRequest(Message):
    """What all kinds of work on a case have in common. The id is the case's name.

    folder: the cohort's, the same path on every machine. program: version that the worker must be
    of. run: of the command, the same for all its cases. force: do it although it is done, and
    replace files that were changed since. threads: of the CPU that it may use.
    suffixes: of the files that such work may leave in the folder, <case><suffix>.

    Result: state (done or kept), seconds, message, output (a path in the folder).
    """

    rules: ClassVar[Mapping[str, Rule]] = {
        "folder": IS_PATH,
        "program": IS_TEXT,
        "run": IS_TEXT,
        "force": IS_BOOL,
        "threads": (lambda v: type(v) is int and v > 0, "a number of threads"),
    }
    suffixes: ClassVar[Tuple[str, ...]] = ()

    id: str
    folder: str
    program: str
    run: str
    force: bool
    threads: int

    @property
    def place(self) -> Path:
        """The cohort's folder."""
        return Path(self.folder)

    @property
    def output(self) -> str:
        """What is written where it stays: the record of the case."""
        return str(self.place / RECORDS / f"{self.id}.json")

    def asked(self) -> Dict[str, str]:
        """What the case is made from; the same means that it need not be done again.

        Raises OSError where an input cannot be looked at.
        """
        raise NotImplementedError
