"""Correcting one structure of one image: strokes, any other edit, review, undo.

Each change lies in the journal before it takes effect here. `save` writes the annotation file,
which is what training reads: nothing is trained on before that.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from pathlib import Path
from typing import Callable, Dict, Iterable, Mapping, Optional, Tuple

import numpy as np

from AutoContourRTCore.correction.annotation import (
    BACKGROUND,
    FOREGROUND,
    NONE,
    WHOLE,
    Annotation,
    Part,
    marks_for,
)
from AutoContourRTCore.correction.annotation_file import (
    Stored,
    read_annotation,
    write_annotation,
)
from AutoContourRTCore.correction.journal import Change, Journal, difference
from AutoContourRTCore.correction.patience import reached
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.geometry import Geometry

ANNOTATION = "annotation.npz"
_MARKS = (NONE, BACKGROUND, FOREGROUND)


def nothing_to_check() -> None:
    """For a correction that no lock guards."""


class Correction:
    """An annotation that is being changed; what it holds survives the death of this process.

    folder: of this structure of this case. check: raises when the project was lost to another
    (called before each write). note: what the user should know of a damaged history, else "".
    """

    def __init__(
        self,
        folder: Path,
        stored: Stored,
        check: Callable[[], None] = nothing_to_check,
        on_disk: bool = True,
    ) -> None:
        self._folder, self._check, self._on_disk = folder, check, on_disk
        self.annotation = stored.annotation
        self.journal, self.note = Journal(folder / stored.journal), ""
        if stored.contained > len(self.journal):  # the annotation file alone is whole: it counts
            self._begin_history_anew()
            return
        self._saved = stored.contained
        for change in self.journal.changes_after(stored.contained):
            self._apply(change)
        if self.journal.put_aside is not None:
            self.note = (
                "The last change was not written whole when the program ended. All changes before "
                f"it are there; what was written of it was put aside as {self.journal.put_aside}."
            )

    @property
    def corrected(self) -> np.ndarray:
        """The corrected contour, bool [k, j, i]."""
        return self.annotation.corrected

    @property
    def is_saved(self) -> bool:
        """Whether the annotation file holds everything."""
        return self._on_disk and self._saved == len(self.journal)

    @property
    def is_untouched(self) -> bool:
        """Whether there is nothing at all: no prediction, no change."""
        return not (self._on_disk or self.annotation.model or self.annotation.is_annotated)

    @property
    def can_undo(self) -> bool:
        """Whether there is a change to take back."""
        return self.journal.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether there is an undone change."""
        return self.journal.can_redo

    def set_mask(self, mask: np.ndarray, part: Part = WHOLE) -> int:
        """The structure looks like this now (bool [k, j, i]), by whatever means.

        Added voxels become foreground, removed ones background. Returns how many changed. part:
        the mask is of this part of the grid, outside of which nothing changed. Raises InputError
        for another shape, and where it cannot be saved (then nothing changed).
        """
        annotation = self.annotation
        marks = annotation.marks[part]
        self._check_shape(mask, marks.shape)
        marks = marks_for(annotation.corrected_in(part), mask.astype(bool), marks)
        return self._commit(marks, annotation.reviewed, part)

    def paint(self, voxels: np.ndarray, mark: int, part: Part = WHOLE) -> int:
        """A stroke over voxels (bool [k, j, i]): FOREGROUND, BACKGROUND, or NONE to erase marks.

        Returns how many marks changed. part: see `set_mask`. Raises InputError for another shape
        or mark.
        """
        if mark not in _MARKS:
            raise InputError(f"There is no mark {mark!r}; there are {_MARKS}.")
        marks = self.annotation.marks[part].copy()
        self._check_shape(voxels, marks.shape)
        marks[voxels.astype(bool)] = mark
        return self._commit(marks, self.annotation.reviewed, part)

    def review(self, slices: Optional[Iterable[int]] = None, confirmed: bool = True) -> int:
        """Confirm slices (array axis k), None for all: the rest of them is right as it is.

        confirmed False takes that back. Returns how many slices changed. Raises InputError for a
        slice that the image lacks.
        """
        count = len(self.annotation.reviewed)
        chosen = list(range(count)) if slices is None else [int(k) for k in slices]
        outside = [k for k in chosen if not 0 <= k < count]
        if outside:
            raise InputError(f"There is no slice {outside[0]}; the image has 0 to {count - 1}.")
        reviewed = self.annotation.reviewed.copy()
        reviewed[chosen] = confirmed
        changed = int((reviewed != self.annotation.reviewed).sum())
        self._commit(self.annotation.marks, reviewed)
        return changed

    def undo(self) -> bool:
        """Take back the last change, of this session or an earlier one; False: there is none."""
        if not self.can_undo:
            return False
        self._check()
        self._apply(self.journal.undo())
        return True

    def redo(self) -> bool:
        """Make the last undone change again; False where there is none."""
        if not self.can_redo:
            return False
        self._check()
        self._apply(self.journal.redo())
        return True

    def save(self) -> None:
        """Write the annotation file. Raises InputError where that fails; the journal keeps all."""
        self._check()
        self._write()

    def _commit(self, marks: np.ndarray, reviewed: np.ndarray, part: Part = WHOLE) -> int:
        annotation = self.annotation
        before = annotation.marks[part]
        change = difference((before, marks), (annotation.reviewed, reviewed))
        change = replace(change, voxels=_on_grid(change.voxels, part, annotation.geometry.shape))
        if change.is_empty:
            return 0
        self._check()
        if not self._on_disk:
            self._write()  # the prediction first: the journal is worth nothing without it
        self.journal.append(change)
        self._apply(change)
        return len(change.voxels)

    def _begin_history_anew(self) -> None:
        self.note = (
            f"The history of changes {self.journal.path} is damaged. The contour is as it was "
            "last saved; undo begins anew from there."
        )
        self.journal = Journal(self._folder / _new_journal())
        self._saved, self._on_disk = 0, False  # the next write names the new journal first

    def _write(self) -> None:
        contained = len(self.journal)
        reached(self._folder, lambda: self._folder.mkdir(parents=True, exist_ok=True))
        stored = Stored(self.annotation, self.journal.path.name, contained)
        write_annotation(stored, self._folder / ANNOTATION)
        self._saved, self._on_disk = contained, True

    def _apply(self, change: Change) -> None:
        annotation = self.annotation
        annotation.marks.reshape(-1)[change.voxels] = change.after
        annotation.reviewed[change.slices] = change.reviewed_after

    def _check_shape(self, mask: np.ndarray, wanted: Tuple[int, ...]) -> None:
        if mask.shape != wanted:
            raise InputError(
                f"An edit of shape {mask.shape} does not fit the image of shape "
                f"{wanted} (k, j, i); nothing was changed."
            )


def _on_grid(voxels: np.ndarray, part: Part, shape: Tuple[int, int, int]) -> np.ndarray:
    """Flat indices of a part as flat indices of the grid; rising ones stay so."""
    if part == WHOLE:
        return voxels
    ranges = [one.indices(count) for one, count in zip(part, shape)]
    sides = tuple(stop - start for start, stop, _ in ranges)
    inside = np.unravel_index(voxels, sides)
    return np.ravel_multi_index(
        tuple(axis + start for axis, (start, _, _) in zip(inside, ranges)), shape
    )


def _new_journal() -> str:
    return f"changes-{secrets.token_hex(4)}.journal"


def start(folder: Path, annotation: Annotation, check: Callable[[], None]) -> Correction:
    """Begin an annotation; the first change, or `save`, writes it to the folder, and from then on
    it belongs to its prediction for good.

    Raises InputError where one is there already.
    """
    if (folder / ANNOTATION).exists():
        raise InputError(f"{folder} holds an annotation already; open that.")
    stored = Stored(annotation, _new_journal(), 0)
    return Correction(folder, stored, check, on_disk=False)


def reopen(folder: Path, geometry: Geometry, check: Callable[[], None]) -> Correction:
    """Go on with the annotation of a folder, with all its changes. Raises InputError."""
    return Correction(folder, read_annotation(folder / ANNOTATION, geometry), check)


def take_edit(
    corrections: Mapping[str, Correction],
    after: Mapping[str, np.ndarray],
    selected: str,
    confirmed: Iterable[str] = (),
    part: Part = WHOLE,
) -> Dict[str, int]:
    """Take over what an editor made of several structures (name -> bool [k, j, i]).

    Only the selected structure's changes become annotations. Those of other structures, which an
    editor may have overwritten in passing, do so where `confirmed` names them; the number of their
    changed voxels is returned, so that they can be shown: {} where there is nothing to ask. part:
    see `Correction.set_mask`.
    """
    taken = {selected, *confirmed}
    for name in taken & set(after):
        corrections[name].set_mask(after[name], part)
    others = {
        name: int((corrections[name].annotation.corrected_in(part) != mask.astype(bool)).sum())
        for name, mask in after.items() if name not in taken
    }
    return {name: count for name, count in others.items() if count}
