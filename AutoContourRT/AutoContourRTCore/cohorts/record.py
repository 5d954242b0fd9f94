"""What is known of a case that is done: a JSON file a case, written before its files appear.

A case is done where its record tells that the same was asked (CaseRequest.asked), and its files are
those that the record tells. A file that no record tells was changed or made by somebody else: it
is kept. The record comes first, so that a computer that stops in between leaves nothing that looks
like somebody's edits; the hashes of what was there before are in it as well.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from AutoContourRTCore.cohorts.request import RECORDS, CaseRequest
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.hashing import sha256_of
from AutoContourRTCore.volumes.atomic import write_text

WHOLE, FREE, TAKEN = "whole", "free", "taken"


@dataclass(frozen=True)
class Record:
    """A case that was done.

    asked: what it was made from. outputs: name of file -> SHA-256; earlier: hashes of what they
    replaced. message: what a person must know of it. details: JSON, of the kind of work. run: of
    which command. program: version that did it.
    """

    case: str
    asked: Mapping[str, str]
    outputs: Mapping[str, str]
    seconds: float
    message: str
    details: Mapping[str, Any]
    run: str
    program: str
    earlier: Tuple[str, ...] = ()

    @property
    def main_output(self) -> str:
        """The last file that was written; the record itself where there is no other."""
        return (f"{RECORDS}/{self.case}.json", *self.outputs)[-1]


def condition(request: CaseRequest, asked: Mapping[str, str]) -> Tuple[str, Optional[Record]]:
    """Whether a case is done (WHOLE), may be written (FREE) or not (TAKEN); and its record."""
    record, present = read_record(request.place, request.id), _present(request)
    if record is not None and dict(record.asked) == dict(asked):
        if all(present.get(name) == digest for name, digest in record.outputs.items()):
            return WHOLE, record
    return (TAKEN if _not_ours(record, present) else FREE), record


def kept_message(request: CaseRequest) -> str:
    """Why a TAKEN case is left as it is."""
    names = _not_ours(read_record(request.place, request.id), _present(request))
    return (
        f"{' and '.join(names)} was changed since, or was not made by this command, and is kept as "
        "it is; move it elsewhere, or replace it with --force"
    )


def commit(request: CaseRequest, record: Record, made: Mapping[str, Path]) -> None:
    """Put finished files (name -> where they are now, on the same disk) in place, with the record.

    Raises InputError, and changes nothing, where a file that is not ours lies there by now.
    """
    folder = request.place
    earlier, present = read_record(folder, record.case), _present(request)
    if _not_ours(earlier, present) and not request.force:
        raise InputError(kept_message(request) + ".")
    content = asdict(replace(record, earlier=tuple(sorted(set(present.values())))))
    write_text(request.output, json.dumps(content, indent=1, allow_nan=False))
    _put_in_place(folder, made)
    for name in set(present) - set(made):  # an earlier structure set, of earlier contours
        (folder / name).unlink()


def _put_in_place(folder: Path, made: Mapping[str, Path]) -> None:
    for name, path in made.items():
        os.replace(path, folder / name)


def read_record(folder: Path, case: str) -> Optional[Record]:
    """The record of a case, None where there is none or it cannot be understood.

    Raises InputError where it cannot be read.
    """
    path = folder / RECORDS / f"{case}.json"
    with readable(path):
        if not path.exists():
            return None
        content = path.read_bytes()
    try:
        values = json.loads(content)
        record = Record(**{each.name: values[each.name] for each in fields(Record)})
        return replace(record, earlier=tuple(record.earlier))
    except (ValueError, TypeError, KeyError):  # then its files count as somebody's
        return None


@contextmanager
def readable(what: object) -> Iterator[None]:
    """InputError in place of OSError: one case fails, and the others go on. what: is read."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f"{error.filename or what} cannot be read: {error.strerror or error}; every machine "
            "must see it and be allowed to read it."
        ) from error


def _present(request: CaseRequest) -> Dict[str, str]:
    """The files of a case that are there -> their hashes."""
    paths = [request.place / f"{request.id}{suffix}" for suffix in request.suffixes]
    with readable(f"The contours of {request.id}"):
        return {path.name: sha256_of(path) for path in paths if path.is_file()}


def _not_ours(record: Optional[Record], present: Mapping[str, str]) -> Tuple[str, ...]:
    """The files that the record does not tell."""
    ours = set() if record is None else {*record.outputs.values(), *record.earlier}
    return tuple(name for name, digest in present.items() if digest not in ours)


def files_key(
    folder: Path, files: Sequence[Path], mark: Optional[Callable[[Path], str]] = None
) -> str:
    """A hash of the names (below a folder, else whole) of some files, and of a mark of each.

    mark: by default size and time of change, which count as the same file (as for `make`): to read
    a thousand CTs only to find that nothing is to be done would take an hour. Another file of the
    same size and time (`cp -p`, `rsync -a`) is not noticed then; with sha256_of it is.
    Raises OSError for a file that is not there, InputError where there is no file at all.
    """
    if not files:
        raise InputError(f"{folder} holds no file; put the files of the case there.")
    digest = hashlib.sha256()
    for each in files:
        name = each.relative_to(folder) if folder in each.parents else each
        text = f"{name.as_posix()} {(mark or _size_and_time)(each)}\n"
        digest.update(text.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _size_and_time(path: Path) -> str:
    found = path.stat()
    return f"{found.st_size} {found.st_mtime_ns}"


def files_below(folder: Path, within: Tuple[Path, ...] = ()) -> Tuple[Path, ...]:
    """All files in a folder and its sub-folders, in order; links are followed.

    within: the folders around it; a link back to one of them is passed over. Raises OSError.
    """
    here = folder.resolve()
    if here in within:
        return ()
    found: List[Path] = []
    for each in sorted(folder.iterdir()):
        if each.is_dir():
            found += files_below(each, (*within, here))
        elif each.is_file():
            found.append(each)
    return tuple(found)
