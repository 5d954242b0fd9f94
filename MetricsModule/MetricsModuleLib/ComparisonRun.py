"""One comparison: two segmentation nodes in, the rows of a table out, and nothing else changed.

Steps: check; write the contours (and the dose) for the worker; let it work; read its tables; see
that the contours are still the same. The scene is not touched: a run that is cancelled, fails or is
discarded leaves it as it was.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple

from slicer.i18n import tr as _

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.choices.matching import MATCHED, match_names
from AutoContourRTCore.metrics.compare.limits import DEFAULT_LIMITS, Limits, write_limits
from AutoContourRTCore.metrics.compare.service import CompareRequest, CompareResult
from AutoContourRTCore.metrics.contours import STORED_MASK
from AutoContourRTCore.metrics.inputs.csv_files import read_columns, read_csv
from AutoContourRTLib.EventLoop import Steps
from AutoContourRTLib.Provenance import provenance
from AutoContourRTLib.SegmentationNodes import segmentNames
from AutoContourRTLib.VolumeWatch import VolumeWatch
from AutoContourRTLib.WorkerRun import WorkerRun
from MetricsModuleLib.Handover import checkContours, checkDose, writeContours, writeDose
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


class ComparisonRun(WorkerRun):
    """A WorkerRun whose onDone gets an Outcome."""

    def __init__(
        self, reference: Any, test: Any, options: Options, worker: Any, **callbacks: Any
    ) -> None:
        super().__init__(worker, **callbacks)
        self.nodes, self.options = (reference, test), options
        self._notes: Dict[str, Tuple[str, ...]] = {}

    def _check(self) -> None:
        check(*self.nodes, self.options)

    def _work(self) -> None:
        self._sets = tuple(SegmentationWatch(node, self._discard) for node in self.nodes)
        self._watches = self._sets
        if self.options.doseNode is not None:
            self._watches += (VolumeWatch(self.options.doseNode, self._discard),)
        sentence = _("handing the contours over")
        self._run(self._write(), (0.0, WORKER_FROM), sentence, self._submit)

    def _path(self, name: str) -> Path:
        return Path(self._folder.path / name)

    def _write(self) -> Steps:
        """Both contour sets, then the dose, then the limits."""
        for number, (side, node) in enumerate(zip(SIDES, self.nodes)):
            leftOut = {pair[number] for pair in self.options.byHand if "" in pair}
            steps = writeContours(node, self._path(f"{side}.seg.nrrd"), leftOut)
            for share in self._part(side, steps):
                yield (number + share) / 3
        if self.options.doseNode is not None:
            for share in writeDose(self.options.doseNode, self._path("dose.nrrd")):
                yield (2 + share) / 3
        write_limits(self._path("limits.csv"), self.options.limits)

    def _part(self, side: str, steps: Steps) -> Iterator[float]:
        self._notes[side] = yield from steps

    def _submit(self, nothing: None) -> None:
        difference, options = self._difference(), self.options
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
        self._ask(request, (WORKER_FROM, 0.99), self._read)

    def _read(self, result: Dict[str, Any]) -> None:
        difference = self._difference()
        if difference:
            self._discard(difference)
        else:
            self._finish(self._outcome(CompareResult(**result)))

    def _outcome(self, found: CompareResult) -> Outcome:
        rows, matching = Path(found.output), Path(found.matching)
        sides = {"reference": _("reference"), "test": _("test")}
        notes = [f"{sides[side]}: {note}" for side, told in self._notes.items() for note in told]
        warnings = [*notes, *map(self._named, found.warnings)]
        return Outcome(
            tuple(read_columns(rows)), tuple(map(self._told, _cells(rows))),
            tuple(read_columns(matching)), tuple(map(self._told, _cells(matching))),
            tuple(warnings), self._sets, self._seconds,
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
        return message.replace(str(self._path("dose.nrrd")), _("the dose"))

    def _difference(self) -> str:
        for watch in self._watches:
            difference = watch.difference()
            if not difference and isinstance(watch, VolumeWatch) and watch.voxelsMayDiffer():
                difference = _("The dose was changed meanwhile.")
            if difference:
                return str(difference)
        return ""


def check(reference: Any, test: Any, options: Options) -> None:
    """Raise InputError for what can be seen at once, in the order in which a user would mend it."""
    if reference is None:
        raise InputError(_("No reference is chosen; choose a segmentation."))
    checkContours(reference)
    if test is None:
        raise InputError(_("No test is chosen; choose a segmentation."))
    checkContours(test)
    if reference is test:
        raise InputError(
            _("Reference and test are the same segmentation; choose two different ones.")
        )
    names = segmentNames(reference), segmentNames(test)
    if not any(match.state == MATCHED for match in match_names(*names, options.byHand)):
        text = _(
            "{reference!r} and {test!r} have no structure in common; match them by hand under "
            "Matching."
        )
        raise InputError(text.format(reference=reference.GetName(), test=test.GetName()))
    if options.doseNode is not None:
        checkDose(options.doseNode)
        if options.doseUnit not in ("Gy", "cGy"):
            raise InputError(_("Say in which unit the dose is: Gy or cGy."))


def _cells(path: Path) -> List[Dict[str, str]]:
    """A table of the worker's to the letter: names of segments may end in a blank."""
    return read_csv(path, (), as_typed=False)


def modelOf(segmentationNode: Any) -> str:
    """What made the contours, as far as the node says so."""
    made = provenance(segmentationNode)
    return f"{made.get('model', '')} {made.get('modelVersion', '')}".strip()


def sourceOf(node: Any) -> str:
    """A node's name, and the file that it was read from."""
    storage = node.GetStorageNode()
    file = storage.GetFileName() if storage is not None else ""
    return f"{node.GetName()} ({file})" if file else str(node.GetName())
