"""Which contour of the reference belongs to which of the test.

By hand first, then by the very same name, then by the structure that the catalogue reads from a
name. Two names of one side that read as one structure are never chosen between: a person must.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Collection, Dict, List, Optional, Sequence, Tuple

from AutoContourRTCore.anatomy.catalogue import UnknownStructure, find

MATCHED, ONLY_REFERENCE, ONLY_TEST = "matched", "only in reference", "only in test"
DOUBTFUL, LEFT_OUT = "to be matched by hand", "left out by hand"
BY_HAND, SAME_NAME, BY_CATALOGUE = "by hand", "same name", "catalogue"


@dataclass(frozen=True)
class Match:
    """One line of the matching table.

    structure: TG-263 name; "" where the catalogue does not know it. A name that is "" has no
    partner on that side. state: MATCHED, ONLY_REFERENCE, ONLY_TEST, LEFT_OUT, or DOUBTFUL where
    several names read as one structure, so that nobody knows whether the other side has it. how:
    BY_HAND, SAME_NAME, BY_CATALOGUE, or "" for no match. note: what a person should look at.
    apart: other contours are matched as this structure too, so that it goes by its own name.
    """

    structure: str
    reference_name: str
    test_name: str
    state: str
    how: str = ""
    note: str = ""
    apart: bool = False

    @property
    def known(self) -> bool:
        """Whether the catalogue knows the structure."""
        return bool(self.structure)

    @property
    def title(self) -> str:
        """What tells it from the others of its set: the TG-263 name where known, else, and where
        several are that structure, the name as written."""
        return ("" if self.apart else self.structure) or self.reference_name or self.test_name

    @property
    def kind(self) -> str:
        """What tolerances and the like are given for: the TG-263 name where known."""
        return self.structure or self.title


#: Pairs (reference name, test name); "" on one side leaves the other side's contour out.
NameMap = Sequence[Tuple[str, str]]


def match_names(
    reference: Sequence[str], test: Sequence[str], by_hand: NameMap = ()
) -> Tuple[Match, ...]:
    """The matching table: matches in the order of the reference, then what has no partner.

    Entries of `by_hand` with a name that is not there are passed over.
    """
    left, right = list(reference), list(test)
    found: Dict[str, Match] = {}
    left_out: List[Match] = []
    for a, b in by_hand:
        if a in left and b in right:
            found[a] = Match(_standard(a) or _standard(b), a, b, MATCHED, BY_HAND)
            left.remove(a)
            right.remove(b)
        elif (a in left and not b) or (b in right and not a):
            left_out.append(Match(_standard(a or b), a, b, LEFT_OUT, BY_HAND))
            (left if a else right).remove(a or b)
    for name in [name for name in left if name in right]:
        found[name] = Match(_standard(name), name, name, MATCHED, SAME_NAME, _unknown(name))
        left.remove(name)
        right.remove(name)
    _match_by_catalogue(left, right, found)
    _name_apart(found)
    taken = {match.structure for match in found.values()}
    matches = [found[name] for name in reference if name in found]
    matches += [_single(name, [*left, *right], taken, reference=True) for name in left]
    matches += [_single(name, [*left, *right], taken, reference=False) for name in right]
    return (*matches, *left_out)


def _match_by_catalogue(left: List[str], right: List[str], found: Dict[str, Match]) -> None:
    """Match names of one structure; takes them out of both lists."""
    taken = {match.structure for match in found.values()}
    a, b = _single_names(left), _single_names(right)
    for structure in a:
        if structure in b and structure not in taken:
            found[a[structure]] = Match(
                structure, a[structure], b[structure], MATCHED, BY_CATALOGUE
            )
            left.remove(a[structure])
            right.remove(b[structure])


def _name_apart(found: Dict[str, Match]) -> None:
    """Two contours of a set are not two patients' figures of one structure: where several matches
    read as one, each goes by its own name."""
    counts = Counter(match.structure for match in found.values() if match.structure)
    for name, match in found.items():
        if counts[match.structure] > 1:
            note = f"{counts[match.structure]} contours are matched as {match.structure}"
            found[name] = replace(match, note=note, apart=True)


def _single_names(names: Sequence[str]) -> Dict[str, str]:
    """Structure -> name, for structures that one name alone stands for."""
    counts = Counter(_standard(name) for name in names)
    return {_standard(n): n for n in names if _standard(n) and counts[_standard(n)] == 1}


def _single(name: str, siblings: Sequence[str], taken: Collection[str], reference: bool) -> Match:
    """A line for a name without partner. siblings: all such names, of both sides. taken: structures
    that are matched already."""
    structure = _standard(name)
    same = [other for other in siblings if structure and _standard(other) == structure]
    state, note = ONLY_REFERENCE if reference else ONLY_TEST, _unknown(name)
    if len(same) > 1:
        state, note = DOUBTFUL, f"{', '.join(same)} all read as {structure}: match by hand"
    elif structure and structure in taken:
        note = f"another contour is matched as {structure}: match by hand if this one is meant"
        state = DOUBTFUL
    return Match(structure, name if reference else "", "" if reference else name, state, "", note)


def _unknown(name: str) -> str:
    """What to say of a name that the catalogue does not know; "" for others."""
    error = _lookup(name)[1]
    if error is None:
        return ""
    nearest = f"; nearest: {', '.join(error.candidates)}" if error.candidates else ""
    return f"{name!r} is unknown to the catalogue{nearest}"


def _standard(name: str) -> str:
    return _lookup(name)[0]


def _lookup(name: str) -> Tuple[str, Optional[UnknownStructure]]:
    try:
        return find(name).name, None
    except UnknownStructure as error:
        return "", error
