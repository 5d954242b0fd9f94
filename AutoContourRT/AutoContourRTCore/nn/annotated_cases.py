"""The annotated cases of a project as the trainer sees them: always the newest, few at a time."""

from __future__ import annotations

import hashlib
import math
import time
from collections import OrderedDict
from pathlib import Path
from typing import Any, Dict, Hashable, Iterator, List, Optional, Sequence, Set, Tuple

import numpy as np

from AutoContourRTCore.correction.patience import Unreachable, reached
from AutoContourRTCore.correction.project import PROJECT, read_record
from AutoContourRTCore.correction.records import CaseRecord, ProjectRecord
from AutoContourRTCore.correction.split import ROTATING, TRAIN, VALIDATION, rotated
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.nn.case_cache import AnnotatedCase, annotated_case, stamps
from AutoContourRTCore.nn.cases import check_count
from AutoContourRTCore.nn.windows import Slices, window_slices
from AutoContourRTCore.volumes.geometry import Triple

#: So many cases are kept open; more are read again. Their voxels stay on the disk.
MOST_OPEN = 64
#: Work that takes longer is a unit of its own: between two the trainer hears, and shows it lives.
LONG_SECONDS = 0.5
#: After so long a case that could not be used is tried again.
RETRY_SECONDS = 60.0


class AnnotatedCases:
    """Training and validation cases of a project folder, by id.

    train, validation: ids, in the order of annotation. problems: cases that cannot be used now
    (an image that was moved, say) with the reason; the others go on. block: see side_multiple.
    """

    def __init__(self, folder: Path, spacing: Triple, block: int) -> None:
        self.folder, self._spacing, self._block = folder, spacing, block
        self.record: ProjectRecord = read_record(folder)
        check_count(self.record.structures)
        self.train: Tuple[str, ...] = ()
        self.validation: Tuple[str, ...] = ()
        self.problems: Dict[str, str] = {}
        self._cycle = 0
        self._seen: Optional[Tuple[Any, ...]] = None
        self._taken: Tuple[Any, ...] = ((), (), {})  # what `refresh` found last
        self._retry_at = math.inf
        self._stamps: Dict[str, Tuple[Any, ...]] = {}
        self._open: OrderedDict[Hashable, AnnotatedCase] = OrderedDict()
        self._prepared: Set[Hashable] = set()

    def refresh(self, cycle: int = 0) -> bool:
        """Take up what was saved since; whether there is anything new. Cheap when there is not.

        Cases with a problem are tried again after a while: an image that is back, a disk that has
        room again. cycle: for a rotating split, which part is for validation now. Raises
        Unreachable where the folder cannot be read just now: the next call looks again.
        """
        state = reached(self.folder / PROJECT, (self.folder / PROJECT).stat)
        seen = (state.st_mtime_ns, state.st_size, state.st_ino, cycle)
        if seen == self._seen:
            if time.monotonic() >= self._retry_at:
                self._retry_at = math.inf
                reached(self.folder, self._sort)
            return False
        self.record, self._cycle = read_record(self.folder), cycle
        before = self._taken
        reached(self.folder, self._sort)
        self._seen, self._retry_at = seen, math.inf
        self.problems = {}
        self._taken = (self.train, self.validation, dict(self._stamps))
        return before != self._taken

    def load(self, case_id: str) -> AnnotatedCase:
        """A case with its annotations. Raises InputError, and remembers the problem; Unreachable
        and OSError are no fault of the case, which stays in."""
        key = (case_id, self._stamps[case_id])
        if key in self._open:
            self._open.move_to_end(key)
            return self._open[key]
        try:
            found = self._read(case_id)
            if not found.inside and not found.outside:
                raise InputError(
                    f"Nothing that was annotated in {self.record.case(case_id).name!r} lies within "
                    "the body; there is nothing to learn from it."
                )
        except Unreachable:
            raise
        except InputError as error:
            self._leave_out(case_id, str(error))
            raise
        self.problems.pop(case_id, None)
        self._open[case_id, self._stamps[case_id]] = found
        while len(self._open) > MOST_OPEN:
            self._open.popitem(last=False)
        return found

    def prepare(self) -> Iterator[str]:
        """Resample what is new, which takes seconds a case; says so after each that took long."""
        every = (*self.train, *self.validation)
        for n, case_id in enumerate(every, start=1):
            if (case_id, self._stamps[case_id]) in self._prepared:
                continue
            began = time.monotonic()
            self.usable(case_id)
            self._prepared.add((case_id, self._stamps[case_id]))
            if time.monotonic() - began > LONG_SECONDS:
                yield f"preparing image {n} of {len(every)}"

    def usable(self, case_id: str) -> Optional[AnnotatedCase]:
        """As load; None for a case that cannot be used now, which stands in `problems`. Raises
        Unreachable: judged on fewer cases, another network could seem better."""
        try:
            return self.load(case_id)
        except Unreachable:
            raise
        except InputError:
            return None

    def _read(self, case_id: str) -> AnnotatedCase:
        """A case from its files, with the stamps of what was read: it may have been saved since
        `refresh`, or just now."""
        record, structures = self.record.case(case_id), self.record.structures
        while True:
            now = stamps(self.folder, record, structures)
            found = annotated_case(self.folder, record, structures, self._spacing, self._block)
            if stamps(self.folder, record, structures) == now:
                self._stamps[case_id] = now
                return found

    def data_key(self) -> str:
        """What changes when anything was annotated, for training or for validation."""
        return _digest(sorted(self._stamps.items()))

    def validation_key(self) -> str:
        """What changes when there is something else to judge by."""
        return _digest([(case, self._stamps[case]) for case in self.validation])

    def annotated_windows(self, case_id: str, patch: Sequence[int]) -> List[Slices]:
        """The windows of a case, patch by patch, that hold annotation."""
        case = self.load(case_id).case
        windows = window_slices(padded_shape(case.image.shape, patch), patch, 0.0)
        return windows if case.known is None else [w for w in windows if case.known[w].any()]

    def _sort(self) -> None:
        structures = self.record.structures
        if self.record.settings.split == ROTATING:
            usable = [case for case in self.record.cases if case.side]
            self.train, self.validation = rotated([c.id for c in usable], self._cycle)
        else:
            train, validation = (self.record.on_side(side) for side in (TRAIN, VALIDATION))
            usable = [*train, *validation]
            self.train, self.validation = (_ids(train), _ids(validation))
        self._stamps = {case.id: stamps(self.folder, case, structures) for case in usable}

    def _leave_out(self, case_id: str, reason: str) -> None:
        self.problems[case_id] = reason
        self._retry_at = min(self._retry_at, time.monotonic() + RETRY_SECONDS)
        self.train = tuple(c for c in self.train if c != case_id)
        self.validation = tuple(c for c in self.validation if c != case_id)


def _digest(value: object) -> str:
    return hashlib.sha256(repr(value).encode("utf-8")).hexdigest()[:16]


def padded_shape(shape: Sequence[int], patch: Sequence[int]) -> Tuple[int, ...]:
    """A case's shape, at least as large as a patch."""
    return tuple(int(max(n, p)) for n, p in zip(shape, patch))


def _ids(cases: Sequence[CaseRecord]) -> Tuple[str, ...]:
    return tuple(case.id for case in cases)


def padded(array: np.ndarray, window: Slices, value: int) -> np.ndarray:
    """A window of an array [k, j, i], filled up where it reaches out at the end."""
    part = np.asarray(array[window])
    short = [(0, s.stop - s.start - n) for s, n in zip(window, part.shape)]
    return np.pad(part, short, constant_values=value) if any(b for _, b in short) else part
