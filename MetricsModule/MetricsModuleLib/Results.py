"""Results in the scene: table nodes of rows, with what they were computed from and by which limits.

The node of a comparison refers to its two segmentations, its matching table and its ratings.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence, Tuple

from slicer.i18n import tr as _

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.choices.provenance import COLUMNS as PROVENANCE
from AutoContourRTCore.metrics.compare.columns import column
from AutoContourRTCore.metrics.compare.limits import JUDGEMENT, VERDICT, Limits
from AutoContourRTCore.metrics.compare.rows import TEXTS, Row, row_of
from AutoContourRTCore.metrics.inputs.csv_files import read_columns, read_csv
from MetricsModuleLib import KeptTable, LimitsText
from MetricsModuleLib.ComparisonRun import Outcome

#: Marks our table nodes, so that selectors offer no others.
ROLE, COMPARISON = "MetricsModule.role", "comparison"
REFERENCE, TEST = "MetricsModule.reference", "MetricsModule.test"
MATCHING, RATINGS = "MetricsModule.matching", "MetricsModule.ratings"
_WARNINGS, _LIMITS = "MetricsModule.warnings", "MetricsModule.limits"


def addResult(scene: Any, outcome: Outcome, reference: Any, test: Any, limits: Limits) -> Any:
    """A new table node of a finished comparison."""
    name = _("{test} against {reference}").format(
        test=test.GetName(), reference=reference.GetName()
    )
    node = _add(scene, name, outcome.columns, outcome.rows, limits)
    _warn(node, outcome.warnings)
    node.SetNodeReferenceID(REFERENCE, reference.GetID())
    node.SetNodeReferenceID(TEST, test.GetID())
    for role, each in ((REFERENCE, reference), (TEST, test)):
        node.SetAttribute(f"{role}Name", each.GetName())
    matching = KeptTable.addTable(scene, _("{result}: matching").format(result=name))
    KeptTable.keep(matching, outcome.matchColumns, outcome.matches)
    node.SetNodeReferenceID(MATCHING, matching.GetID())
    return node


def addCohort(scene: Any, path: Path, limits: Limits) -> Any:
    """A new table node of the rows of many cases, as `autocontourrt evaluate` writes them.

    Raises InputError for a file that is no such table.
    """
    cells = read_csv(path, ("case", "structure", "state", "dice"))
    try:
        for row in cells:
            _row(row)
    except ValueError as error:
        text = _("{path} holds a figure that is no number ({why}).")
        raise InputError(text.format(path=path, why=error)) from error
    node = _add(scene, f"{path.parent.name} {path.stem}", read_columns(path), cells, limits)
    pairs = zip((row[VERDICT] for row in cells if VERDICT in row), verdictsOf(node))
    changed = sum(before != now for before, now in pairs)
    if changed:
        text = _("{n} verdicts are others than in the file: they follow the limits set here.")
        _warn(node, [text.format(n=changed)])
    return node


def _warn(node: Any, warnings: Sequence[str]) -> None:
    node.SetAttribute(_WARNINGS, json.dumps(list(warnings), ensure_ascii=False))


def isResult(node: Any) -> bool:
    """Whether a table node is a result of ours."""
    return node is not None and node.GetAttribute(ROLE) == COMPARISON and KeptTable.isKept(node)


def rowsOf(node: Any) -> List[Row]:
    """The rows, in the order of the table."""
    return [_row(cells) for cells in KeptTable.rowsOf(node)]


def verdictsOf(node: Any) -> List[str]:
    """pass, borderline, fail, or "" for each row, by the limits that were applied last."""
    return [cells.get(VERDICT, "") for cells in KeptTable.rowsOf(node)]


def nameOf(node: Any, role: str) -> str:
    """What the set of a role (REFERENCE, TEST) was called when it was compared; "" where nobody
    knows."""
    part = partOf(node, role)
    return str(node.GetAttribute(f"{role}Name") or (part.GetName() if part else ""))


def provenanceOf(node: Any) -> Dict[str, str]:
    """What the rows say of software, files, settings, user and time, where all say the same."""
    rows = KeptTable.rowsOf(node)
    found = {name: {row.get(name, "") for row in rows} for name in PROVENANCE}
    return {name: texts.pop() if len(texts) == 1 else "" for name, texts in found.items()}


def warningsOf(node: Any) -> Tuple[str, ...]:
    """What the run told to be wary of."""
    return tuple(json.loads(node.GetAttribute(_WARNINGS) or "[]"))


def limitsOf(node: Any) -> Limits:
    """The limits that the verdicts rest on."""
    return LimitsText.limitsFrom(node.GetAttribute(_LIMITS) or "")


def casesOf(node: Any) -> Tuple[str, ...]:
    """The names of the cases; one for a single comparison."""
    return tuple(dict.fromkeys(row.case for row in rowsOf(node)))


def judge(node: Any, limits: Limits) -> None:
    """Write the verdicts by these limits into the table."""
    cells = KeptTable.rowsOf(node)
    for row in cells:
        row.update(limits.judgement(_row(row)))
    _keep(node, KeptTable.columnsOf(node), cells)
    node.SetAttribute(_LIMITS, LimitsText.textOf(limits))


def partOf(node: Any, role: str) -> Any:
    """A node that a result refers to (REFERENCE, TEST, MATCHING, RATINGS); None where it is gone.
    """
    return node.GetNodeReference(role)


def _add(
    scene: Any, name: str, columns: Sequence[str], cells: Sequence[Mapping[str, str]],
    limits: Limits,
) -> Any:
    node = KeptTable.addTable(scene, name, {ROLE: COMPARISON})
    _keep(node, [*columns, *(name for name in JUDGEMENT if name not in columns)], cells)
    judge(node, limits)
    return node


def _keep(node: Any, columns: Sequence[str], cells: Sequence[Mapping[str, str]]) -> None:
    figures = [name for name in columns if name not in (*TEXTS, *JUDGEMENT, *PROVENANCE)]
    KeptTable.keep(node, columns, cells, figures, {name: title(name) for name in figures})


def title(name: str) -> str:
    """The name of a figure for people, with its unit."""
    kind = column(name)
    return f"{kind.title} [{kind.unit}]" if kind.unit else kind.title


def _row(cells: Mapping[str, str]) -> Row:
    """A row without what is said of all rows."""
    return row_of({n: text for n, text in cells.items() if n not in (*JUDGEMENT, *PROVENANCE)})
