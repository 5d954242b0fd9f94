"""One case of a cohort: whole or not at all, and only when it is not done yet."""

from __future__ import annotations

import secrets
import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, Mapping

from AutoContourRTCore import __version__
from AutoContourRTCore.cohorts.record import (
    TAKEN,
    WHOLE,
    Record,
    commit,
    condition,
    kept_message,
    readable,
)
from AutoContourRTCore.cohorts.request import CaseRequest
from AutoContourRTCore.cohorts.summary import DONE, KEPT
from AutoContourRTCore.cores import cores
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.hashing import sha256_of
from AutoContourRTCore.progress import Progress

#: Where files lie until they are whole: in the folder of results, on the disk that they are meant
#: for. It is removed with all in it, so its name must be one that no user gives a folder.
UNFINISHED = ".autocontourrt-unfinished"


@dataclass(frozen=True)
class Made:
    """What a case gave. files: name in the cohort's folder -> where it is now, the main one last.

    message: what a person must know. details: JSON for the record.
    """

    files: Mapping[str, Path] = field(default_factory=dict)
    message: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


def once(request: CaseRequest, do: Callable[[Path], Made], progress: Progress) -> Dict[str, Any]:
    """Do a case that is not done yet; returns what CaseRequest tells.

    do: gets a folder of its own to write in. Raises InputError for what the user can mend.
    """
    _check_program(request)
    asked = asked_of(request)
    state, record = condition(request, asked)
    if state == WHOLE and record is not None and not _again(request, record):
        return result_of(record)
    if state == TAKEN and not request.force:
        return kept_result(request)
    with _workplace(request.place) as work:
        began = time.monotonic()
        made = do(work)
        record = Record(
            request.id, asked, {name: sha256_of(path) for name, path in made.files.items()},
            round(time.monotonic() - began, 2), made.message, made.details, request.run,
            __version__,
        )  # fmt: skip
        progress(1.0, "done")
        commit(request, record, made.files)
    return result_of(record)


def asked_of(request: CaseRequest) -> Dict[str, str]:
    """What the case of a request is made from; InputError where it cannot be looked at."""
    with readable(f"The input of {request.id}"):
        return request.asked()


def result_of(record: Record) -> Dict[str, Any]:
    """The result of a case that is done."""
    return {
        "state": DONE, "seconds": record.seconds, "message": record.message,
        "output": record.main_output,
    }  # fmt: skip


def kept_result(request: CaseRequest) -> Dict[str, Any]:
    """The result of a case whose files are left as they are."""
    return {
        "state": KEPT, "seconds": 0.0, "message": kept_message(request),
        "output": f"{request.id}{request.suffixes[0]}",
    }  # fmt: skip


def share_of_cores(workers: int) -> int:
    """Threads for each of the workers that share the cores this process may use; at least 1."""
    return max(1, cores() // workers)


def _check_program(request: CaseRequest) -> None:
    """InputError where another computer's program is not the same."""
    if request.program != __version__:
        raise InputError(
            f"The worker runs AutoContourRT {__version__}, the command {request.program}; "
            "install the same version everywhere."
        )


def _again(request: CaseRequest, record: Record) -> bool:
    """Whether a case that is done is to be done anew: not if this very command did it."""
    return request.force and record.run != request.run


@contextmanager
def _workplace(folder: Path) -> Iterator[Path]:
    """A folder of this attempt's own: two that do the same case never meet."""
    place = folder / UNFINISHED
    try:
        place.mkdir(exist_ok=True)
        work = place / secrets.token_hex(8)  # no mkdtemp: on Windows its files stay private
        work.mkdir()
        try:
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)  # what stays, the command removes at its end
    except FileNotFoundError as error:
        if folder.is_dir() and place.is_dir():
            raise
        raise InputError(
            f"{place} is not there: was the command stopped? Every machine must see the folder "
            "under the same path."
        ) from error
