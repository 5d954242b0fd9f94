"""Pictures of contours on a CT, for the demo, the documents and the studies."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, List, Optional, Sequence, Tuple

import matplotlib.lines
import numpy as np
from matplotlib.figure import Figure
from scipy import ndimage

from AutoContourRTCore.anatomy.catalogue import UnknownStructure, find
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.volume import Volume

SOFT_TISSUE = (-160.0, 240.0)
BACKGROUND = "#101418"
MARGIN_MM = 50.0  # shown around the structures
LINE_SATURATION, LINE_VALUE = 0.55, 0.95  # of outlines, at least
_X, _Y, _Z = np.eye(3)


@dataclass(frozen=True)
class _Plane:
    """A view: its title, LPS directions to the right and down on the page, and edge letters."""

    title: str
    right: np.ndarray
    down: np.ndarray
    letters: Tuple[str, str, str, str]  # left, right, top, bottom


_PLANES = (
    _Plane("Axial", _X, _Y, ("R", "L", "A", "P")),
    _Plane("Sagittal", _Y, -_Z, ("A", "P", "S", "I")),
    _Plane("Coronal", _X, -_Z, ("R", "L", "S", "I")),
)


def save_three_planes(
    volume: Volume,
    labelmap: LabelMap,
    path: Path,
    title: str = "",
    center: Optional[Sequence[float]] = None,
    reference: Optional[LabelMap] = None,
) -> None:
    """A PNG of the axial, sagittal and coronal plane with the structures' outlines.

    Radiological convention: the patient's right is on the left. center: LPS point (mm) that all
    planes pass through; by default one that shows many structures. reference: a second contour
    set, drawn dashed.
    """
    point = np.asarray(center if center is not None else _telling_point(labelmap), dtype=float)
    figure = Figure(figsize=(15, 6.4), facecolor=BACKGROUND)
    for n, plane in enumerate(_PLANES):
        _draw_plane(figure.add_subplot(1, 3, n + 1), volume, labelmap, reference, plane, point)
    _legend(figure, labelmap, reference)
    figure.suptitle(title, color="white", fontsize=13)
    figure.subplots_adjust(left=0.02, right=0.98, top=0.9, bottom=0.14, wspace=0.06)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=90, facecolor=BACKGROUND)


def _draw_plane(
    axes: Any,
    volume: Volume,
    labelmap: LabelMap,
    reference: Optional[LabelMap],
    plane: _Plane,
    point: np.ndarray,
) -> None:
    corners, extent = _window(volume.geometry, labelmap, plane, point)
    image = _cut(volume.array, volume.geometry, corners, outside=-1000.0)
    axes.imshow(image, cmap="gray", vmin=SOFT_TISSUE[0], vmax=SOFT_TISSUE[1], extent=extent)
    for contours, style in ((labelmap, "solid"), (reference, "dashed")):
        if contours is None:
            continue
        for name, mask in contours.masks.items():
            cut = _cut(mask, contours.geometry, corners, outside=0.0)
            if cut.max() >= 0.5:
                axes.contour(
                    cut, [0.5], colors=[_color(name)], linewidths=1.6, linestyles=style,
                    extent=(extent[0], extent[1], extent[3], extent[2]),
                )
    axes.set_title(plane.title, color="white", fontsize=11)
    axes.set_axis_off()
    for letter, place in zip(plane.letters, ((0.01, 0.5), (0.96, 0.5), (0.49, 0.95), (0.49, 0.01))):
        axes.text(*place, letter, color="#ffd866", fontsize=11, transform=axes.transAxes)


def _window(
    geometry: Geometry, labelmap: LabelMap, plane: _Plane, point: np.ndarray
) -> Tuple[np.ndarray, Tuple[float, float, float, float]]:
    """LPS points [rows, columns, 3] every mm around the structures, and matplotlib's extent."""
    bounds = [_bounds(geometry, direction) for direction in (plane.right, plane.down)]
    filled = [mask for mask in labelmap.masks.values() if mask.any()]
    if filled:
        voxels = np.argwhere(np.any(filled, axis=0))
        seen = labelmap.geometry.to_lps(np.stack([voxels.min(axis=0), voxels.max(axis=0)]))
        for n, direction in enumerate((plane.right, plane.down)):
            along = np.sort(seen @ direction)
            bounds[n] = (
                max(bounds[n][0], along[0] - MARGIN_MM), min(bounds[n][1], along[1] + MARGIN_MM)
            )
    u, v = (np.arange(low, high + 0.5, 1.0) for low, high in bounds)
    normal = np.cross(plane.right, plane.down)
    offset = normal * (point @ normal)
    points = v[:, None, None] * plane.down + u[None, :, None] * plane.right + offset
    return points, (float(u[0]), float(u[-1]), float(v[-1]), float(v[0]))


def _bounds(geometry: Geometry, direction: np.ndarray) -> Tuple[float, float]:
    """How far (mm) the volume reaches along an LPS direction."""
    along = geometry.corners() @ direction
    return float(along.min()), float(along.max())


def _cut(
    array: np.ndarray,
    geometry: Geometry,
    points: np.ndarray,
    outside: float,
) -> np.ndarray:
    """The array's values at LPS points [rows, columns, 3]; the block around them only."""
    index = np.moveaxis(geometry.to_kji(points), -1, 0)
    low = np.clip(np.floor(index.min(axis=(1, 2))).astype(int), 0, np.array(array.shape) - 1)
    high = np.clip(np.ceil(index.max(axis=(1, 2))).astype(int) + 1, low + 1, array.shape)
    block = array[tuple(slice(a, b) for a, b in zip(low, high))].astype(np.float32)
    shifted = index - low[:, None, None]
    return ndimage.map_coordinates(block, shifted, order=1, cval=outside, mode="grid-constant")


def _telling_point(labelmap: LabelMap) -> np.ndarray:
    """An LPS point whose axial slice cuts many structures, near their common middle."""
    filled = [mask for mask in labelmap.masks.values() if mask.any()]
    if not filled:
        return labelmap.geometry.to_lps((np.asarray(labelmap.geometry.shape) - 1) / 2)
    centers = [labelmap.geometry.to_lps(np.argwhere(mask).mean(axis=0)) for mask in filled]
    return np.asarray(np.median(centers, axis=0))


def _legend(figure: Any, labelmap: LabelMap, reference: Optional[LabelMap]) -> None:
    handles: List[Any] = []
    for name in labelmap.names:
        label = f"{name}  {labelmap.volume_ml(name):.1f} ml"
        handles.append(matplotlib.lines.Line2D([], [], color=_color(name), lw=3, label=label))
    if reference is not None:
        handles.append(
            matplotlib.lines.Line2D([], [], color="white", lw=1.5, ls="--", label="reference")
        )
    if handles:
        figure.legend(
            handles=handles, loc="lower center", ncol=min(len(handles), 5), frameon=False,
            labelcolor="white", fontsize=11,
        )


def _color(name: str) -> Tuple[float, float, float]:
    """The structure's hue, as bright and full as a thin line on grey tissue needs."""
    try:
        red, green, blue = find(name).color
    except UnknownStructure:
        return (0.9, 0.9, 0.9)
    hue, saturation, value = colorsys.rgb_to_hsv(red / 255, green / 255, blue / 255)
    if saturation > 0:  # grey has no hue to show
        saturation = max(saturation, LINE_SATURATION)
    return colorsys.hsv_to_rgb(hue, saturation, max(value, LINE_VALUE))
