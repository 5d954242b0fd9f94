"""A person's grade of each contour, kept in the scene with the result; in order, or shuffled."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import asdict, dataclass, replace
from typing import Any, Dict, List, Optional, Sequence, Tuple

from slicer.i18n import tr as _

from AutoContourRTCore.metrics.choices.provenance import user_name
from AutoContourRTCore.metrics.compare.ratings import COLUMNS, GRADES, Rating
from AutoContourRTLib.Provenance import now
from MetricsModuleLib import KeptTable, Results

REFERENCE, TEST = "reference", "test"
_PLAN = "MetricsModule.ratingPlan"


@dataclass(frozen=True)
class Plan:
    """Which contours are graded, and in which order.

    both: those of the reference, too. blinded: the rater is not told which set it is. shuffled:
    by the seed (random.Random(seed).shuffle), else in the order of the table.
    """

    both: bool = False
    blinded: bool = False
    shuffled: bool = False
    seed: int = 1


@dataclass(frozen=True)
class Contour:
    """One contour to grade. side: REFERENCE or TEST; name: of its segment. structure: where several
    of a set are one structure, the segment's name."""

    case: str
    structure: str
    side: str
    name: str


def contoursOf(result: Any, plan: Plan) -> List[Contour]:
    """The contours in the order in which they are shown."""
    found = [
        Contour(row.case, row.structure, side, name)
        for row in Results.rowsOf(result)
        for side, name in ((TEST, row.test_name), (REFERENCE, row.reference_name))
        if name and (plan.both or side == TEST)
    ]
    counts = Counter((each.case, each.structure, each.side) for each in found)
    found = [
        each if counts[each.case, each.structure, each.side] == 1
        else replace(each, structure=each.name)
        for each in found
    ]
    if plan.shuffled:
        random.Random(plan.seed).shuffle(found)
    return found


def planOf(result: Any) -> Plan:
    """The plan that is kept with a result."""
    text = result.GetAttribute(_PLAN)
    if not text:
        return Plan()
    both, blinded, shuffled, seed = text.split(",")
    return Plan(both == "1", blinded == "1", shuffled == "1", int(seed))


def setPlan(result: Any, plan: Plan) -> None:
    """Keep a plan with the result."""
    parts = (int(plan.both), int(plan.blinded), int(plan.shuffled), plan.seed)
    result.SetAttribute(_PLAN, ",".join(map(str, parts)))


def ratingsOf(result: Any) -> List[Rating]:
    """What was graded so far."""
    node = Results.partOf(result, Results.RATINGS)
    return [] if node is None else [Rating(**cells) for cells in KeptTable.rowsOf(node)]


def ratingOf(result: Any, contour: Contour) -> Optional[Rating]:
    """The rating of one contour; None where it has none."""
    key = _key(result, contour)
    return next((each for each in ratingsOf(result) if _keyOf(each) == key), None)


def rate(
    result: Any, contour: Contour, grade: str, note: str, place: int, plan: Plan
) -> None:
    """Keep a grade ("": none yet) and a note; an earlier one of the same contour is replaced.

    place: in the order of presentation, from 1. Both "" takes the rating away.
    """
    case, structure, which = key = _key(result, contour)
    others = [each for each in ratingsOf(result) if _keyOf(each) != key]
    blinded = "yes" if plan.blinded else "no"
    if grade or note:
        others.append(
            Rating(case, structure, grade, note, user_name(), now(), blinded, str(place), which)
        )
    _keep(result, others)


def table(result: Any) -> Optional[Any]:
    """The table node of the ratings; None where nothing was graded."""
    return Results.partOf(result, Results.RATINGS)


def counts(ratings: Sequence[Rating]) -> Dict[str, int]:
    """How often each grade was given."""
    return {grade: sum(each.grade == grade for each in ratings) for grade in GRADES}


def _key(result: Any, contour: Contour) -> Tuple[str, str, str]:
    """Case, structure and set; the set by the name that it had when it was compared."""
    role = Results.REFERENCE if contour.side == REFERENCE else Results.TEST
    name = Results.nameOf(result, role)
    return contour.case, contour.structure, f"{contour.side}: {name}" if name else contour.side


def _keyOf(rating: Rating) -> Tuple[str, str, str]:
    return rating.case, rating.structure, rating.set


def _keep(result: Any, ratings: Sequence[Rating]) -> None:
    node = table(result)
    if node is None:
        node = KeptTable.addTable(
            result.GetScene(), _("{result}: ratings").format(result=result.GetName())
        )
        result.SetNodeReferenceID(Results.RATINGS, node.GetID())
    KeptTable.keep(node, COLUMNS, [asdict(each) for each in ratings])
