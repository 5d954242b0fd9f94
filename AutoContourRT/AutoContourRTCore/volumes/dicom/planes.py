"""The contours of one structure, in any planes parallel to a grid's slices -> a mask on the grid.

- Contours of one plane: a polygon inside another is a hole, one inside a hole an island (XOR). The
  same polygon twice counts once. Polygons that overlap partly are joined, unless their type says
  XOR: pieces with pieces, holes with holes.
- A plane within a tenth of the slice distance of a slice is that slice's; planes nearer to each
  other than two such tenths are one, as after a registration. Of planes thinner than slices, such
  as those of another reconstruction, a slice has the nearest alone.
- Slices between planes: where planes do not lie on slices, or lie regularly on every n-th slice,
  the slices between two neighbouring planes are interpolated from the distance to both outlines
  (Raya and Udupa 1990, IEEE Trans Med Imaging 9:32); outermost planes off the slices reach half a
  plane distance further. A wider gap than usual stays empty: it parts two pieces, and so does any
  gap between planes on slices that are not regular; a note tells of it.
- Where the grid is not that of the image's own slices (they lie at several distances, so the image
  was resampled), gaps are counted in slices of the image: planes on two slices that follow each
  other are neighbours, however far apart, and outermost planes reach half a gap further.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, List, Sequence, Tuple

import numpy as np
from scipy import ndimage

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.dicom.polygons import area, fill, same
from AutoContourRTCore.volumes.geometry import Geometry

ON_SLICE = 0.1  # of the slice distance
SAME_PLANE_MM = 0.05  # contours whose planes lie nearer are of one plane
#: Planes that lie nearer than this, in slices, are those of thinner slices, not of one slice.
THIN = 0.25
FLAT_MM = 0.5  # how far the points of one contour may be from its plane
SAME_PIXELS = 1e-3  # vertices nearer than this are the same point written twice
SAME_AREA = 0.99  # a copy that was rounded, or drawn with other points, has so much of the area
#: Planes further apart than this (mm) are not joined: no one contours so sparsely by plan.
WIDEST_MM = 10.0
#: So many planes on slices, none nearer to the next than usual and most just as near, show that
#: slices were left out by plan.
FEWEST_PLANES = 5
MOST = 0.75
#: Neighbouring planes are at most this much further apart than usual.
LONGEST_GAP = 1.5
#: Pixels by which contours may reach over the sides of the image without a note.
MARGIN = 1.0
#: Two polygons lie one inside the other if so much of the smaller one does.
NESTED = 0.95


@dataclass(frozen=True)
class Contour:
    """A closed planar contour: points (n, 3) in LPS mm, and whether its type says XOR."""

    points: np.ndarray
    xor: bool = False


@dataclass
class Drawn:
    """A mask [k, j, i], and what the user must know of how it came about."""

    mask: np.ndarray
    notes: List[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Plane:
    """A drawn plane: its place in slices of the grid (k), its pixels (j, i), and its place in
    slices of the image (number).
    """

    k: float
    mask: np.ndarray
    number: float


def draw(
    contours: Sequence[Contour], geometry: Geometry, name: str, slices: Sequence[float] = ()
) -> Drawn:
    """A structure on a grid. name: for messages. slices: places (k, rising) of the image's own
    slices, where they are others than those of the grid.

    Raises InputError for a contour that is not parallel to the grid's slices.
    """
    drawn = Drawn(np.zeros(geometry.shape, bool))
    grouped = _by_plane(contours, geometry, drawn.notes, name)
    slices = [_snapped(k) for k in slices]
    planes = [
        _Plane(k, _one_plane(members, geometry, drawn.notes, name), _number(k, slices))
        for k, members in sorted(grouped.items())
    ]
    outside = [plane.k for plane in planes if not -0.5 <= plane.k < geometry.shape[0] - 0.5]
    if outside:
        drawn.notes.append(
            f"{name}: {len(outside)} of {len(planes)} contour planes lie outside the image and "
            "are left out."
        )
    _note_cut(drawn.notes, grouped, geometry, name)
    for plane in planes:
        if _is_on_slice(plane.k) and 0 <= round(plane.k) < geometry.shape[0]:
            drawn.mask[round(plane.k)] = plane.mask
    _fill_between(drawn, planes, geometry, name, slices)
    return drawn


def _number(k: float, slices: Sequence[float]) -> float:
    """The place of a plane in slices of the image, the first of which is 0."""
    return float(np.interp(k, slices, np.arange(len(slices)))) if len(slices) else k


def _note_cut(
    notes: List[str], grouped: Dict[float, List[Contour]], geometry: Geometry, name: str
) -> None:
    """Tell of contours that reach over the sides of the slices by more than a pixel."""
    points = np.concatenate([each.points for members in grouped.values() for each in members])
    last = np.array(geometry.shape[1:]) - 1
    over = np.maximum(-points, points - last).max(axis=0)
    if over.max() > MARGIN:
        mm = float((over * np.array(geometry.spacing[1:])).max())
        notes.append(
            f"{name}: its contours reach {mm:.0f} mm over the side of the image and are cut there."
        )


# One plane


def _by_plane(
    contours: Sequence[Contour], geometry: Geometry, notes: List[str], name: str
) -> Dict[float, List[Contour]]:
    """Contours in pixel indices (j, i) by the place (k) of their plane.

    Whether a plane lies on a slice is asked once for all of its contours, whose places differ in
    their last digits.
    """
    placed = sorted((_placed(each, geometry, name) for each in contours), key=lambda pair: pair[0])
    planes: Dict[float, List[Contour]] = {}
    first = -np.inf
    for k, contour in placed:
        if (k - first) * geometry.spacing[0] > SAME_PLANE_MM:
            first = k
        planes.setdefault(first, []).append(contour)
    bunches = _bunches(list(planes))
    apart = [high[0] - low[-1] for low, high in zip(bunches, bunches[1:])]
    if apart and float(np.median(apart)) < THIN:
        return _nearest_to_slices(planes)
    grouped: Dict[float, List[Contour]] = {}
    for bunch in bunches:
        place = _snapped(next(filter(_is_on_slice, bunch), bunch[0]))
        grouped.setdefault(place, []).extend(each for k in bunch for each in planes[k])
    if len(grouped) < len(planes):
        notes.append(
            f"{name}: contours whose heights differ by less than a fifth of a slice were taken for "
            f"those of one plane ({len(planes) - len(grouped)} times)."
        )
    return grouped


def _bunches(places: Sequence[float]) -> List[List[float]]:
    """Rising places (k) of planes that lie as near to each other as those of one slice may: pieces
    of a structure, an outline and its hole, whose heights a registration or rounding changed."""
    bunches: List[List[float]] = []
    for k in places:
        if bunches and k - bunches[-1][0] <= 2 * ON_SLICE:
            bunches[-1].append(k)
        else:
            bunches.append([k])
    return bunches


def _nearest_to_slices(planes: Dict[float, List[Contour]]) -> Dict[float, List[Contour]]:
    """Of planes much thinner than slices, each slice has the nearest; others as near to it go."""
    nearest: Dict[int, float] = {}
    for k in filter(_is_on_slice, planes):
        nearest[round(k)] = min(k, nearest.get(round(k), np.inf), key=lambda p: abs(p - round(k)))
    return {_snapped(k): members for k, members in planes.items()
            if not _is_on_slice(k) or nearest[round(k)] == k}


def _placed(contour: Contour, geometry: Geometry, name: str) -> Tuple[float, Contour]:
    kji = geometry.to_kji(contour.points)
    if np.ptp(kji[:, 0]) * geometry.spacing[0] > FLAT_MM:
        raise InputError(
            f"{name}: a contour is not parallel to the slices of the image (its points differ by "
            f"{np.ptp(kji[:, 0]) * geometry.spacing[0]:.1f} mm); give the image it was drawn on."
        )
    return float(np.mean(kji[:, 0])), Contour(kji[:, 1:], contour.xor)


def _is_on_slice(k: float) -> bool:
    return abs(k - round(k)) <= ON_SLICE


def _snapped(k: float) -> float:
    """The slice that a plane lies on, else its own place."""
    return float(round(k)) if _is_on_slice(k) else k


def _one_plane(
    contours: Sequence[Contour], geometry: Geometry, notes: List[str], name: str
) -> np.ndarray:
    """The pixels (j, i) of all contours of one plane."""
    shape = geometry.shape[1:]
    ordered = sorted(contours, key=lambda each: -abs(area(each.points)))
    plane = np.zeros(shape, bool)
    done: List[Tuple[Contour, np.ndarray]] = []
    for contour in ordered:
        inside = fill(contour.points, shape)
        if any(_is_copy(contour, inside, *other) for other in done):
            _note_once(notes, f"{name}: the same contour is there twice; it was taken once.")
        elif not contour.xor and any(_cross(inside, other) for _, other in done):
            if _is_hole(inside, plane, [other for _, other in done]):
                plane &= ~inside
            else:
                plane |= inside
            _note_once(notes, f"{name}: contours of one slice overlap; they were joined.")
        else:
            plane ^= inside
        done.append((contour, inside))
    return plane


def _is_copy(one: Contour, inside: np.ndarray, other: Contour, inside_other: np.ndarray) -> bool:
    """Whether two contours are one drawn twice: the same points, or the same pixels."""
    if same(one.points, other.points, SAME_PIXELS):
        return True
    areas = abs(area(one.points)), abs(area(other.points))
    alike = min(areas) >= SAME_AREA * max(areas)
    return alike and bool(inside.any()) and np.array_equal(inside, inside_other)


def _cross(smaller: np.ndarray, larger: np.ndarray) -> bool:
    """Whether two areas overlap, and neither just holds the other."""
    common, own = np.count_nonzero(smaller & larger), np.count_nonzero(smaller)
    return bool(0 < common < NESTED * own)


def _is_hole(inside: np.ndarray, plane: np.ndarray, others: Sequence[np.ndarray]) -> bool:
    """Whether an area that overlaps others lies inside one of them, and mostly in what is filled
    so far: then it overlaps another hole."""
    own = np.count_nonzero(inside)
    held = any(np.count_nonzero(inside & other) >= NESTED * own for other in others)
    return held and bool(2 * np.count_nonzero(inside & plane) > own)


def _note_once(notes: List[str], note: str) -> None:
    if note not in notes:
        notes.append(note)


# Between planes


def _fill_between(
    drawn: Drawn, planes: Sequence[_Plane], geometry: Geometry, name: str, slices: Sequence[float]
) -> None:
    """Slices that have no plane of their own, but lie between two of a regular row of planes."""
    off_slice = any(not _is_on_slice(plane.number) for plane in planes)
    usual = _usual_gap(planes, geometry)
    sparse = _is_sparse_by_plan(planes, usual)
    if not off_slice and not sparse:
        if not len(slices):
            _note_gaps(drawn.notes, planes, name)
            return
        usual = 1.0
    interpolated, gaps = 0, []
    for low, high in zip(planes, planes[1:]):
        inner = [k for k in _slices(low.k, high.k, geometry) if k > low.k]
        if high.number - low.number > LONGEST_GAP * usual:
            gaps += inner
            continue
        interpolated += len(inner)
        for k in inner:
            drawn.mask[k] = between(low.mask, high.mask, (k - low.k) / (high.k - low.k))
    for plane, low_end, high_end in _ends(planes, usual, slices):
        for k in _slices(low_end, high_end, geometry):
            drawn.mask[k] = plane.mask
    if off_slice or sparse:
        kind = "between slices" if off_slice else f"on one of {usual:.0f} slices only"
        how = "the slices of the image were interpolated" if interpolated else (
            "the nearest took them")  # fmt: skip
        drawn.notes.append(f"{name}: drawn {kind}; {how}.")
    _note_empty(drawn.notes, sum(not drawn.mask[k].any() for k in gaps), name)
    _rescue(drawn, planes, geometry)


def _is_sparse_by_plan(planes: Sequence[_Plane], usual: float) -> bool:
    """Whether planes on slices leave the same number of slices out again and again."""
    gaps = np.rint(np.diff([plane.number for plane in planes]))
    if usual < 1.5 or len(planes) < FEWEST_PLANES or gaps.min() < usual:
        return False
    return bool(np.mean(gaps == usual) >= MOST)


def _note_gaps(notes: List[str], planes: Sequence[_Plane], name: str) -> None:
    """Tell of slices without contour between others: two pieces, or slices left out?"""
    missing = sum(int(round(high.k - low.k)) - 1 for low, high in zip(planes, planes[1:]))
    _note_empty(notes, missing, name)


def _note_empty(notes: List[str], missing: int, name: str) -> None:
    if missing > 0:
        notes.append(
            f"{name}: {missing} slices between its contours have none; they were left empty."
        )


def _usual_gap(planes: Sequence[_Plane], geometry: Geometry) -> float:
    """The usual distance of neighbouring planes, in slices; one slice where there is none."""
    if len(planes) < 2:
        return 1.0
    usual, grid = (
        float(np.median(np.diff(places)))
        for places in ([plane.number for plane in planes], [plane.k for plane in planes])
    )
    return usual if grid * geometry.spacing[0] <= WIDEST_MM else 1.0


def _slices(low: float, high: float, geometry: Geometry) -> range:
    """The slices k of the grid with low <= k < high."""
    first, stop = (int(np.ceil(end - 1e-6)) for end in (low, high))
    return range(max(0, first), min(geometry.shape[0], stop))


def _ends(
    planes: Sequence[_Plane], usual: float, slices: Sequence[float]
) -> List[Tuple[_Plane, float, float]]:
    """Planes at the end of a row, and from where to where (k) they reach: half a usual gap."""
    found = []
    longest = LONGEST_GAP * usual
    for index, plane in enumerate(planes):
        if _is_on_slice(plane.k) and not len(slices):
            continue
        below = index > 0 and plane.number - planes[index - 1].number <= longest
        above = index + 1 < len(planes) and planes[index + 1].number - plane.number <= longest
        ends = [_place(plane.number + half, slices) for half in (-usual / 2, usual / 2)]
        found.append((plane, plane.k if below else ends[0], plane.k if above else ends[1]))
    return found


def _place(number: float, slices: Sequence[float]) -> float:
    """The place (k) in the grid of a place in slices of the image, beyond its ends, too."""
    if len(slices) < 2:
        return number
    low = int(np.clip(np.floor(number), 0, len(slices) - 2))
    return float(slices[low] + (number - low) * (slices[low + 1] - slices[low]))


def _rescue(drawn: Drawn, planes: Sequence[_Plane], geometry: Geometry) -> None:
    """A structure that lies wholly between two slices goes to the nearest: it is never lost."""
    if drawn.mask.any():
        return
    for plane in planes:
        if -0.5 <= plane.k < geometry.shape[0] - 0.5:
            drawn.mask[int(np.floor(plane.k + 0.5))] |= plane.mask


def between(low: np.ndarray, high: np.ndarray, share: float) -> np.ndarray:
    """The outline at a share (0..1) of the way from one plane's pixels to the next one's."""
    if not low.any() or not high.any():
        return np.zeros_like(low)
    return np.asarray((1.0 - share) * _depth(low) + share * _depth(high) > 0)


def _depth(mask: np.ndarray) -> np.ndarray:
    """Pixels from the outline, positive inside."""
    inside = np.asarray(ndimage.distance_transform_edt(mask))
    outside = np.asarray(ndimage.distance_transform_edt(~mask))
    return np.where(mask, inside - 0.5, 0.5 - outside)
