"""A table of texts in a MRML table node, kept to the last digit.

Slicer stores the cells of a table node with six digits, and damages cells with quotes, tabs or line
breaks. So the exact texts are kept in an attribute of the node, which scenes store as it is; the
node's own columns are a copy for looking at, sorting and plotting.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any, Collection, Dict, List, Mapping, Sequence, Tuple

import slicer
import vtk

from AutoContourRTCore.metrics.inputs.csv_files import write_csv

_ATTRIBUTE = "MetricsModule.cells"
#: A row that begins with nothing would be read with all its cells one column too far left.
BLANK = "-"
Cells = Mapping[str, str]


def addTable(scene: Any, name: str, attributes: Mapping[str, str] = {}) -> Any:  # noqa: B006
    """A new, locked table node: its figures are computed, not typed.

    attributes: those that selectors of nodes ask for at the moment when a node comes.
    """
    node = slicer.vtkMRMLTableNode()
    node.SetName(scene.GetUniqueNameByString(name))
    node.SetUseColumnTitleAsColumnHeader(True)
    node.SetLocked(True)
    for key, value in attributes.items():
        node.SetAttribute(key, value)
    return scene.AddNode(node)


def keep(
    node: Any,
    columns: Sequence[str],
    rows: Sequence[Cells],
    numbers: Collection[str] = (),
    titles: Mapping[str, str] = {},  # noqa: B006 (only read)
) -> None:
    """Put rows into the node; what a row lacks is blank. numbers: columns shown as numbers."""
    texts = [[str(row.get(name, "")) for name in columns] for row in rows]
    kept = {"columns": list(columns), "rows": texts}
    node.SetAttribute(_ATTRIBUTE, json.dumps(kept, ensure_ascii=False))
    wasModifying = node.StartModify()
    node.RemoveAllColumns()
    for number, name in enumerate(columns):
        column = [row[number] for row in texts]
        node.AddColumn(_numbers(name, column) if name in numbers else _strings(name, column))
        node.SetColumnTitle(name, titles.get(name, name))
    node.GetTable().Modified()
    node.EndModify(wasModifying)


def isKept(node: Any) -> bool:
    """Whether the node is one of ours."""
    return node is not None and node.GetAttribute(_ATTRIBUTE) is not None


def columnsOf(node: Any) -> Tuple[str, ...]:
    """The names of the columns, in order."""
    return tuple(_kept(node)["columns"])


def rowsOf(node: Any) -> List[Dict[str, str]]:
    """The exact cells of each row by column."""
    kept = _kept(node)
    return [dict(zip(kept["columns"], row)) for row in kept["rows"]]


def saveCsv(node: Any, path: Path) -> None:
    """Write the exact cells, whole or not at all."""
    write_csv(path, columnsOf(node), rowsOf(node))


def clipboardText(node: Any) -> str:
    """The exact cells for a spreadsheet: tabs between them."""
    text = io.StringIO(newline="")
    columns = columnsOf(node)
    writer = csv.DictWriter(text, columns, delimiter="\t", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rowsOf(node))
    return text.getvalue()


def _kept(node: Any) -> Dict[str, Any]:
    return dict(json.loads(node.GetAttribute(_ATTRIBUTE) or '{"columns": [], "rows": []}'))


def _numbers(name: str, texts: Sequence[str]) -> Any:
    array = vtk.vtkDoubleArray()
    array.SetName(name)
    for text in texts:
        array.InsertNextValue(float(text or "nan"))
    return array


def _strings(name: str, texts: Sequence[str]) -> Any:
    array = vtk.vtkStringArray()
    array.SetName(name)
    for text in texts:
        array.InsertNextValue(" ".join(text.replace('"', "'").split()) or BLANK)
    return array
