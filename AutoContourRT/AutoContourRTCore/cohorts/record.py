"""What is known of a case that is done: a JSON file a case, written before its contours appear.

A case is done where its record tells of the same input, model and structures, and its files are
those that the record tells. A file that no record tells was changed or made by somebody else: it
is kept. The record comes first, so that a computer that stops in between leaves nothing that looks
like somebody's edits; the hashes of what was there before are in it as well.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Dict, Mapping, Optional, Tuple

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.hashing import sha256_of
from AutoContourRTCore.models.manifest import Manifest
from AutoContourRTCore.volumes.atomic import atomic_path

WHOLE, FREE, TAKEN = "whole", "free", "taken"
RECORDS = "records"
_SUFFIXES = (".seg.nrrd", ".dcm")


@dataclass(frozen=True)
class Record:
    """A case that was done.

    asked: what it was made from (`asked_for`). outputs: name of file -> SHA-256; earlier: hashes of
    what they replaced. volumes_ml, absent, warnings: as in messages.SegmentResult. run: of which
    command. program: version that did it.
    """

    case: str
    input: str
    asked: Mapping[str, str]
    outputs: Mapping[str, str]
    seconds: float
    volumes_ml: Mapping[str, float]
    absent: Mapping[str, str]
    warnings: Tuple[str, ...]
    run: str
    program: str
    earlier: Tuple[str, ...] = ()

    @property
    def main_output(self) -> str:
        """The structure set where there is one, else the segmentation."""
        return tuple(self.outputs)[-1]

    @property
    def message(self) -> str:
        """What a person must know of it."""
        absent = (f"{name}: {why}" for name, why in self.absent.items())
        return "; ".join((*self.warnings, *absent))


def model_key(manifest: Manifest) -> str:
    """What tells a model from every other: id, version and the hash of its weights."""
    return f"{manifest.id} {manifest.version} {manifest.checksums.get(manifest.weights, '')}"


def asked_for(path: Path, key: str, structures: Optional[Tuple[str, ...]]) -> Dict[str, str]:
    """What a case is made from; OSError for a file that cannot be looked at.

    Files count as the same while names, sizes and times of change are (as `make` does it): to read
    a thousand CTs only to find that nothing is to be done would take an hour.
    """
    return {
        "files": _files_key(path), "model": key,
        "structures": "all" if structures is None else ", ".join(structures),
    }  # fmt: skip


def condition(folder: Path, case: str, asked: Mapping[str, str]) -> Tuple[str, Optional[Record]]:
    """Whether a case is done (WHOLE), may be written (FREE) or not (TAKEN); and its record."""
    record, present = read_record(folder, case), _present(folder, case)
    if record is not None and dict(record.asked) == dict(asked):
        if all(present.get(name) == digest for name, digest in record.outputs.items()):
            return WHOLE, record
    return (TAKEN if _not_ours(record, present) else FREE), record


def kept_message(folder: Path, case: str) -> str:
    """Why a TAKEN case is left as it is."""
    names = _not_ours(read_record(folder, case), _present(folder, case))
    return (
        f"{' and '.join(names)} was changed since, or was not made by this command, and is kept as "
        "it is; move it elsewhere, or replace it with --force"
    )


def commit(folder: Path, record: Record, made: Mapping[str, Path], force: bool) -> None:
    """Put finished files (name -> where they are now, on the same disk) in place, with the record.

    Raises InputError, and changes nothing, where a file that is not ours lies there by now.
    """
    earlier, present = read_record(folder, record.case), _present(folder, record.case)
    if _not_ours(earlier, present) and not force:
        raise InputError(kept_message(folder, record.case) + ".")
    content = asdict(replace(record, earlier=tuple(sorted(set(present.values())))))
    with atomic_path(_path_of(folder, record.case)) as temporary:
        temporary.write_text(json.dumps(content, indent=1), encoding="utf-8")
    _put_in_place(folder, made)
    for name in set(present) - set(made):  # an earlier structure set, of earlier contours
        (folder / name).unlink()


def _put_in_place(folder: Path, made: Mapping[str, Path]) -> None:
    for name, path in made.items():
        os.replace(path, folder / name)


def read_record(folder: Path, case: str) -> Optional[Record]:
    """The record of a case, None where there is none or it cannot be understood."""
    try:
        values = json.loads(_path_of(folder, case).read_text(encoding="utf-8"))
        record = Record(**{each.name: values[each.name] for each in fields(Record)})
        return replace(record, warnings=tuple(record.warnings), earlier=tuple(record.earlier))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError):  # then its files count as somebody's
        return None


def _path_of(folder: Path, case: str) -> Path:
    return folder / RECORDS / f"{case}.json"


def _present(folder: Path, case: str) -> Dict[str, str]:
    """The files of a case that are there -> their hashes."""
    paths = [folder / f"{case}{suffix}" for suffix in _SUFFIXES]
    return {path.name: sha256_of(path) for path in paths if path.is_file()}


def _not_ours(record: Optional[Record], present: Mapping[str, str]) -> Tuple[str, ...]:
    """The files that the record does not tell."""
    ours = set() if record is None else {*record.outputs.values(), *record.earlier}
    return tuple(name for name, digest in present.items() if digest not in ours)


def _files_key(path: Path) -> str:
    """A hash of names, sizes and times of change."""
    files = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
    digest = hashlib.sha256()
    for each in files:
        found = each.stat()
        name = each.relative_to(path if path.is_dir() else path.parent).as_posix()
        text = f"{name} {found.st_size} {found.st_mtime_ns}\n"
        digest.update(text.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()
