"""One comparison: two segmentation nodes in, the rows of a table out, and nothing else changed.

Steps: check; write the contours (and the dose) for the worker; let it work; read its tables; see
that the contours are still the same. The scene is not touched: a run that is cancelled, fails or is
discarded leaves it as it was.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.choices.matching import MATCHED, match_names
from AutoContourRTCore.metrics.compare.limits import DEFAULT_LIMITS, Limits, write_limits
from AutoContourRTCore.metrics.compare.service import CompareRequest, CompareResult
from AutoContourRTCore.metrics.contours import STORED_MASK
from AutoContourRTCore.metrics.inputs.csv_files import read_columns, read_csv
from AutoContourRTLib.EventLoop import QtTimer, StepRunner, Steps, TimerFactory
from AutoContourRTLib.Provenance import provenance
from AutoContourRTLib.Requests import RequestHandler, call, ignore
from AutoContourRTLib.RunFolder import RunFolder
from AutoContourRTLib.VolumeWatch import VolumeWatch
from MetricsModuleLib.Handover import (
    checkContours,
    checkDose,
    segmentNames,
    writeContours,
    writeDose,
)
from MetricsModuleLib.SegmentationWatch import SegmentationWatch

#: Share of the progress at which the worker begins; its own part goes to 1.
WORKER_FROM = 0.3
SIDES = ("reference", "test")


@dataclass(frozen=True)
class Options:
    """doseUnit: "Gy" or "cGy", needed with a dose. grid: "reference", "test" or a spacing in mm
    (k, j, i). tolerances: a CSV file, "" for the catalogue. byHand: pairs of names. audit: a CSV
    list that the matches are added to, "" for none. case: what the patient is called in the table.
    """

    doseNode: Optional[Any] = None
    doseUnit: str = ""
    grid: Any = "reference"
    roundTolerance: bool = False
    tolerances: str = ""
    limits: Limits = field(default=DEFAULT_LIMITS)
    byHand: Tuple[Tuple[str, str], ...] = ()
    audit: str = ""
    case: str = ""


@dataclass(frozen=True)
class Outcome:
    """Columns and cells of the table, as the command writes them; the matching table; what to be
    wary of; and watches that tell whether the contours are still those that were compared.
    """

    columns: Tuple[str, ...]
    rows: Tuple[Dict[str, str], ...]
    matchColumns: Tuple[str, ...]
    matches: Tuple[Dict[str, str], ...]
    warnings: Tuple[str, ...]
    watches: Tuple[SegmentationWatch, ...]
    seconds: float


class ComparisonRun:
    """onProgress(fraction, sentence), and at the end, from the event loop, exactly one of
    onDone(Outcome), onFailed(message) and onCancelled(reason).

    reason: "" where cancel() was called, else why the result was discarded. worker: something with
    submit and cancel, as WorkerProcess. folderFactory, timerFactory: for tests.
    """

    def __init__(
        self,
        reference: Any,
        test: Any,
        options: Options,
        worker: Any,
        onProgress: Callable[[float, str], None] = ignore,
        onDone: Callable[[Outcome], None] = ignore,
        onFailed: Callable[[str], None] = ignore,
        onCancelled: Callable[[str], None] = ignore,
        folderFactory: Callable[[], Any] = RunFolder,
        timerFactory: TimerFactory = QtTimer,
    ) -> None:
        self.nodes, self.options, self._worker = (reference, test), options, worker
        self._onProgress, self._onDone = onProgress, onDone
        self._onFailed, self._onCancelled = onFailed, onCancelled
        self._makeFolder, self._makeTimer = folderFactory, timerFactory
        self.isRunning = False
        self._steps: Optional[StepRunner] = None
        self._folder: Optional[Any] = None
        self._watches: List[Any] = []
        self._notes: Dict[str, Tuple[str, ...]] = {}
        self._request, self._reason = "", ""

    def start(self) -> None:
        """Begin. Raises InputError at once for what can be seen at once; then nothing began."""
        if self.isRunning:
            raise InputError("This run has begun already.")
        check(*self.nodes, self.options)
        self._folder = self._makeFolder()
        self._began = time.monotonic()
        self.isRunning = True
        self._watches = [SegmentationWatch(node, self._discard) for node in self.nodes]
        if self.options.doseNode is not None:
            self._watches.append(VolumeWatch(self.options.doseNode, self._discard))
        report = partial(self._report, 0.0, WORKER_FROM, "handing the contours over")
        self._steps = StepRunner(
            self._write(), report, self._submit, self._failedHere, self._makeTimer
        )

    def cancel(self) -> None:
        """Stop; onCancelled("") comes, at the latest when the worker has been ended."""
        self._discard("")

    # Steps

    def _path(self, name: str) -> Path:
        return Path(self._folder.path / name)

    def _write(self) -> Steps:
        """Both contour sets, then the dose, then the limits."""
        for number, (side, node) in enumerate(zip(SIDES, self.nodes)):
            for share in self._part(side, writeContours(node, self._path(f"{side}.seg.nrrd"))):
                yield (number + share) / 3
        if self.options.doseNode is not None:
            for share in writeDose(self.options.doseNode, self._path("dose.nrrd")):
                yield (2 + share) / 3
        write_limits(self._path("limits.csv"), self.options.limits)

    def _part(self, side: str, steps: Steps) -> Iterator[float]:
        self._notes[side] = yield from steps

    def _submit(self, nothing: None) -> None:
        self._steps, options = None, self.options
        difference = self._difference()
        if difference:
            self._discard(difference)
            return
        hasDose = options.doseNode is not None
        request = CompareRequest(
            "", str(self._path("reference.seg.nrrd")), str(self._path("test.seg.nrrd")),
            str(self._path("rows.csv")), str(self._path("matching.csv")), options.audit,
            str(self._path("dose.nrrd")) if hasDose else "",
            options.doseUnit if hasDose else None, options.tolerances,
            str(self._path("limits.csv")), tuple(options.byHand), options.roundTolerance,
            options.grid, case=options.case, model=modelOf(self.nodes[1]),
        )  # fmt: skip
        handler = RequestHandler(
            onProgress=partial(self._report, WORKER_FROM, 0.99),
            onDone=self._read,
            onFailed=lambda message, cause: self._fail(self._named(message)),
            onCancelled=lambda: self._end(self._onCancelled, self._reason),
        )
        self._request = self._worker.submit(request, handler)

    def _read(self, result: Dict[str, Any]) -> None:
        self._request = ""
        found = CompareResult(**result)
        difference = self._difference()
        if difference:
            self._discard(difference)
            return
        try:
            outcome = self._outcome(found)
        except InputError as error:
            self._fail(str(error))
            return
        self._end(self._onDone, outcome)

    def _outcome(self, found: CompareResult) -> Outcome:
        rows, matching = Path(found.output), Path(found.matching)
        notes = [f"{side}: {note}" for side, told in self._notes.items() for note in told]
        warnings = [*notes, *map(self._named, found.warnings)]
        return Outcome(
            tuple(read_columns(rows)), tuple(map(self._told, read_csv(rows, ()))),
            tuple(read_columns(matching)), tuple(map(self._told, read_csv(matching, ()))),
            tuple(warnings), tuple(self._watches[:2]), time.monotonic() - self._began,
        )  # fmt: skip

    def _told(self, cells: Dict[str, str]) -> Dict[str, str]:
        """The cells with the names of the nodes instead of those of our temporary files."""
        for side, node in (*zip(SIDES, self.nodes), ("dose", self.options.doseNode)):
            if cells.get(f"{side}_file"):
                cells[f"{side}_file"] = sourceOf(node)
        if cells.get("rasterisation"):
            for side, told in self._notes.items():
                if told:
                    stored, how = f"{side}: {STORED_MASK}", f"{side}: {' '.join(told)}"
                    cells["rasterisation"] = cells["rasterisation"].replace(stored, how)
        return cells

    def _named(self, message: str) -> str:
        """A message of the worker with the names of the nodes instead of temporary files."""
        for side, node in zip(SIDES, self.nodes):
            path = str(self._path(f"{side}.seg.nrrd"))
            message = message.replace(path, repr(node.GetName()))
        return message.replace(str(self._path("dose.nrrd")), "the dose")

    def _difference(self) -> str:
        for watch in self._watches:
            difference = watch.difference()
            if not difference and isinstance(watch, VolumeWatch) and watch.voxelsMayDiffer():
                difference = "The dose was changed meanwhile."
            if difference:
                return str(difference)
        return ""

    # Ends

    def _discard(self, reason: str) -> None:
        """Stop for this reason; the last callback comes from the event loop."""
        if not self.isRunning or self._reason:
            return
        self._reason = reason
        for watch in self._watches:
            watch.stop()
        if self._request:
            self._worker.cancel(self._request)
            return
        if self._steps is not None:
            self._steps.cancel()
            self._steps = None
        self._last = self._makeTimer(0, lambda: self._end(self._onCancelled, reason))

    def _failedHere(self, error: Exception) -> None:
        if not isinstance(error, InputError):
            self._fail(f"{type(error).__name__}: {error}. Please report this.")
            raise error
        self._fail(str(error))

    def _fail(self, message: str) -> None:
        self._end(self._onFailed, message)

    def _end(self, callback: Callable[..., None], what: Any) -> None:
        """The last word, once."""
        if not self.isRunning:
            return
        self.isRunning, self._request, self._steps = False, "", None
        for watch in self._watches:
            watch.stop()
        self._folder.remove()
        call(callback, what)

    def _report(self, start: float, end: float, *what: Any) -> None:
        """(sentence, share) of a step here, or (share, sentence) of the worker."""
        message, share = what if isinstance(what[0], str) else what[::-1]
        if self.isRunning:
            call(self._onProgress, start + (end - start) * share, message)


def check(reference: Any, test: Any, options: Options) -> None:
    """Raise InputError for what can be seen at once, in the order in which a user would mend it."""
    checkContours(reference, "reference")
    checkContours(test, "test")
    if reference is test:
        raise InputError(
            "Reference and test are the same segmentation; choose two different ones."
        )
    names = segmentNames(reference), segmentNames(test)
    if not any(match.state == MATCHED for match in match_names(*names, options.byHand)):
        raise InputError(
            f"{reference.GetName()!r} and {test.GetName()!r} have no structure in common; match "
            "them by hand under Matching."
        )
    if options.doseNode is not None:
        checkDose(options.doseNode)
        if options.doseUnit not in ("Gy", "cGy"):
            raise InputError("Say in which unit the dose is: Gy or cGy.")


def modelOf(segmentationNode: Any) -> str:
    """What made the contours, as far as the node says so."""
    made = provenance(segmentationNode)
    return f"{made.get('model', '')} {made.get('modelVersion', '')}".strip()


def sourceOf(node: Any) -> str:
    """A node's name, and the file that it was read from."""
    storage = node.GetStorageNode()
    file = storage.GetFileName() if storage is not None else ""
    return f"{node.GetName()} ({file})" if file else str(node.GetName())
