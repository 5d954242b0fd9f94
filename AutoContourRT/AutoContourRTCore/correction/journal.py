"""Every change of an annotation, appended to a file at once: nothing drawn is lost, all is undone.

A record is a frame: magic, lengths, checksum, a JSON head, zlib-packed arrays. A record counts once
it lies on the disk whole; what a crash leaves of one is put aside at the next start. Undo and redo
are records too, so that the file read from its start always gives the present state. Only numbers
are kept in memory: a record is read again when it is undone.

Slicer's own history keeps five states and forgets them when the node changes; this forgets nothing.
"""

from __future__ import annotations

import json
import os
import secrets
import struct
import time
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Dict, List, Optional, Tuple

import numpy as np

from AutoContourRTCore.correction.patience import patiently, reached
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.atomic import atomic_path

MAGIC = b"ACJ1"
_FRAME = struct.Struct("<4sIII")  # magic, bytes of the head, bytes of the body, CRC-32 of both
CHANGE, UNDO, REDO = "change", "undo", "redo"


@dataclass(frozen=True)
class Change:
    """Voxels (flat indices, int64, rising) with their marks before and after (uint8), and slices
    with their reviewed flag before and after."""

    voxels: np.ndarray
    before: np.ndarray
    after: np.ndarray
    slices: np.ndarray
    reviewed_before: np.ndarray
    reviewed_after: np.ndarray

    @property
    def reverse(self) -> "Change":
        """The change that takes this one back."""
        return Change(
            self.voxels, self.after, self.before,
            self.slices, self.reviewed_after, self.reviewed_before,
        )

    @property
    def is_empty(self) -> bool:
        """Whether it changes nothing."""
        return not len(self.voxels) and not len(self.slices)


def difference(
    marks: Tuple[np.ndarray, np.ndarray], reviewed: Tuple[np.ndarray, np.ndarray]
) -> Change:
    """The change from (before, after) of marks (uint8 [k, j, i]) and reviewed slices (bool [k])."""
    before, after = (array.ravel() for array in marks)
    voxels = np.flatnonzero(before != after)
    slices = np.flatnonzero(reviewed[0] != reviewed[1])
    return Change(
        voxels, before[voxels], after[voxels], slices, reviewed[0][slices], reviewed[1][slices]
    )


class Journal:
    """The records of one file, which may not exist yet. One writer at a time.

    Raises InputError for a file that cannot be reached now. `put_aside` names the file to which the
    remains of a record were moved that a crash had cut, None where there were none.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.put_aside: Optional[Path] = None
        self._places: List[Tuple[int, str]] = []  # where each record starts, and its kind
        self._done: List[int] = []
        self._undone: List[int] = []
        self._torn: Optional[int] = None  # where a write began that failed
        if reached(path, path.exists):
            reached(path, self._read)

    def __len__(self) -> int:
        return len(self._places)

    @property
    def can_undo(self) -> bool:
        """Whether there is a change to undo."""
        return bool(self._done)

    @property
    def can_redo(self) -> bool:
        """Whether there is an undone change."""
        return bool(self._undone)

    @property
    def size(self) -> int:
        """Length of the file in bytes. Raises InputError where it cannot be reached now."""
        return reached(self.path, lambda: self.path.stat().st_size if self.path.exists() else 0)

    def append(self, change: Change) -> None:
        """Record a change; on the disk when this returns. InputError where that fails: then it
        was not recorded, and everything before is safe."""
        self._write(CHANGE, _packed(change))

    def undo(self) -> Change:
        """Record that the last change is taken back; the change to apply. IndexError: none."""
        change = self._change(self._done[-1]).reverse
        self._write(UNDO, b"")
        return change

    def redo(self) -> Change:
        """Record that the last undone change is made again; the change to apply. IndexError."""
        change = self._change(self._undone[-1])
        self._write(REDO, b"")
        return change

    def changes_after(self, contained: int) -> List[Change]:
        """What brings the state after `contained` records to the present one, in order.

        Raises InputError where the file has fewer records than that.
        """
        if contained > len(self):
            raise InputError(
                f"{self.path} has {len(self)} records, the annotation beside it contains "
                f"{contained}; restore both from one backup."
            )
        done: List[int] = []
        undone: List[int] = []
        found = []
        for number, (_, kind) in enumerate(self._places):
            target, reverse = _next_state(number, kind, done, undone)
            if number >= contained:
                change = self._change(target)
                found.append(change.reverse if reverse else change)
        return found

    def _write(self, kind: str, body: bytes) -> None:
        head = json.dumps({"kind": kind, "time": time.time()}).encode("ascii")
        crc = zlib.crc32(body, zlib.crc32(head))
        frame = _FRAME.pack(MAGIC, len(head), len(body), crc) + head + body
        try:
            start = patiently(lambda: self._append(frame))
        except OSError as error:
            self._cut()
            raise InputError(
                f"The last change could not be saved: {error.strerror} ({self.path}). Free some "
                "space and repeat it; everything before it is safe."
            ) from error
        self._remember(start, kind)

    def _append(self, frame: bytes) -> int:
        """Write a frame behind the last whole one; where it begins."""
        with open(self.path, "ab") as file:
            if self._torn is not None:
                file.truncate(self._torn)
            start = self._torn = file.seek(0, os.SEEK_END)
            file.write(frame)
            file.flush()
            os.fsync(file.fileno())
        self._torn = None
        return start

    def _cut(self) -> None:
        """Take away what a failed write left, which would end the next reading."""
        if self._torn is None:
            return
        try:
            os.truncate(self.path, self._torn)
        except OSError:
            return  # the next write does it first
        self._torn = None

    def _remember(self, start: int, kind: str) -> None:
        number = len(self._places)
        self._places.append((start, kind))
        _next_state(number, kind, self._done, self._undone)

    def _read(self) -> None:
        self._places, self._done, self._undone = [], [], []
        end = 0
        size = self.path.stat().st_size
        with open(self.path, "rb") as file:
            while end < size:
                head = _whole_frame(file)
                if head is None:
                    break
                self._remember(end, head["kind"])
                end = file.tell()
        if end < size:
            self._set_aside(end)

    def _set_aside(self, end: int) -> None:
        """Move what stands behind the last whole record to a file of its own."""
        with open(self.path, "rb") as file:
            file.seek(end)
            rest = file.read()
        aside = self.path.with_name(f"{self.path.name}.cut-{secrets.token_hex(4)}")
        with atomic_path(aside) as temporary:
            temporary.write_bytes(rest)
        os.truncate(self.path, end)
        self.put_aside = aside

    def _change(self, number: int) -> Change:
        start, _ = self._places[number]
        return reached(self.path, lambda: self._change_at(start))

    def _change_at(self, start: int) -> Change:
        with open(self.path, "rb") as file:
            file.seek(start)
            magic, head, body, _ = _FRAME.unpack(file.read(_FRAME.size))
            file.seek(head, os.SEEK_CUR)
            return _unpacked(file.read(body))


def _next_state(
    number: int, kind: str, done: List[int], undone: List[int]
) -> Tuple[int, bool]:
    """Move the stacks on by a record; the change that it concerns, and whether in reverse."""
    if kind == UNDO:
        undone.append(done.pop())
        return undone[-1], True
    if kind == REDO:
        done.append(undone.pop())
        return done[-1], False
    done.append(number)
    undone.clear()
    return number, False


def _whole_frame(file: BinaryIO) -> Optional[Dict[str, str]]:
    """The head of the record at which the file stands, None where it is not whole."""
    start = file.read(_FRAME.size)
    if len(start) < _FRAME.size:
        return None
    magic, head_bytes, body_bytes, crc = _FRAME.unpack(start)
    if magic != MAGIC:
        return None
    head, body = file.read(head_bytes), file.read(body_bytes)
    if len(body) < body_bytes or zlib.crc32(body, zlib.crc32(head)) != crc:
        return None
    values: Dict[str, str] = json.loads(head)
    return values


def _packed(change: Change) -> bytes:
    """Lengths, then the arrays; indices as differences, which pack well."""
    steps = np.diff(change.voxels, prepend=0).astype("<i8")
    parts = [
        struct.pack("<QQ", len(change.voxels), len(change.slices)),
        steps.tobytes(), change.before.tobytes(), change.after.tobytes(),
        change.slices.astype("<i8").tobytes(),
        change.reviewed_before.astype(np.uint8).tobytes(),
        change.reviewed_after.astype(np.uint8).tobytes(),
    ]
    return zlib.compress(b"".join(parts), 1)


def _unpacked(body: bytes) -> Change:
    data = zlib.decompress(body)
    voxels, slices = struct.unpack_from("<QQ", data)
    sizes = [8 * voxels, voxels, voxels, 8 * slices, slices, slices]
    ends = np.cumsum([16, *sizes]).tolist()
    parts = [data[a:b] for a, b in zip(ends[:-1], ends[1:])]
    kinds = ("<i8", "u1", "u1", "<i8", "?", "?")
    steps, before, after, planes, was, now = (
        np.frombuffer(part, dtype=kind) for part, kind in zip(parts, kinds)
    )
    return Change(np.cumsum(steps), before, after, planes, was, now)
