"""Looking at one structure of a result: both contours in two colours, the coloured surface."""

from __future__ import annotations

import json
from typing import Any, List, Tuple

import slicer
from slicer.i18n import tr as _

from AutoContourRTCore.metrics.compare.rows import Row
from AutoContourRTCore.metrics.grids import Pair
from AutoContourRTLib.MrmlBridge import volumesMl
from MetricsModuleLib import DistanceSurface, Results, TwoColors
from MetricsModuleLib.Handover import segmentIdOf

Sets = Tuple[Any, Any]
#: Volumes (relative) that differ by less are the same, but for rounding.
_SAME = 1e-6


def setsOf(result: Any) -> Sets:
    """The nodes of reference and test; None for those that are gone."""
    return Results.partOf(result, Results.REFERENCE), Results.partOf(result, Results.TEST)


def idsOf(sets: Sets, row: Row) -> Tuple[str, str]:
    """The segments of a row; "" where a set has none."""
    return segmentIdOf(sets[0], row.reference_name), segmentIdOf(sets[1], row.test_name)


def showTwo(sets: Sets, row: Row) -> None:
    """The structure of a row alone, reference and test in two colours."""
    ids = idsOf(sets, row)
    TwoColors.show(sets[0], ids[0], sets[1], ids[1])


def pairOf(result: Any, sets: Sets, row: Row) -> Pair:
    """Both contours of a row as they are now, on the grid of the comparison.

    Raises InputError where one is gone.
    """
    names = (row.reference_name, row.test_name)
    return DistanceSurface.pairFrom(*sets, names, gridOf(result))


def showSurface(result: Any, pair: Pair, row: Row) -> Any:
    """The reference's surface of a row, coloured by its distance to the test; the model node.

    Raises InputError where a contour is empty.
    """
    surface = DistanceSurface.coloredSurface(pair)
    node = DistanceSurface.showSurface(result.GetScene(), surface, row.structure)
    manager = slicer.app.layoutManager()
    if manager is not None and manager.threeDViewCount > 0:
        manager.threeDWidget(0).threeDView().resetFocalPoint()
    return node


def hideSurface(scene: Any) -> None:
    """Take the surface away."""
    DistanceSurface.removeSurface(scene)


def gridOf(result: Any) -> Any:
    """The grid that the figures were computed on: "reference", "test" or a spacing (k, j, i)."""
    settings = json.loads(Results.provenanceOf(result).get("settings") or "{}")
    grid = settings.get("grid", "reference")
    return grid if isinstance(grid, str) else tuple(grid)


def volumeChanges(sets: Sets, row: Row) -> List[str]:
    """Why segments are not those of the row, by name and volume: all that a loaded scene tells.

    Segments without voxels, whose volume is not known without a conversion, are passed over.
    """
    told = []
    for node, segmentId, name, side in zip(
        sets, idsOf(sets, row), (row.reference_name, row.test_name), ("reference", "test")
    ):
        if name and not segmentId:
            told.append(_("{name} is no longer in {node}.").format(name=name, node=node.GetName()))
            continue
        now, then = volumesMl(node).get(segmentId), row[f"volume_{side}_ml"]
        if now is not None and abs(now - then) > _SAME * max(now, then):
            told.append(
                _("{name} of {node} has {now:.3f} ml, it had {then:.3f} ml.").format(
                    name=name, node=node.GetName(), now=now, then=then
                )
            )
    return told
