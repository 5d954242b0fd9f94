"""Contours of any kind as a label map, with the CT series they belong to where it is known."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, List, Mapping, Optional, Tuple

import numpy as np

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.contours import ContourSet
from AutoContourRTCore.metrics.grids import AS_STORED, on_grid
from AutoContourRTCore.metrics.inputs.contour_files import read_contours
from AutoContourRTCore.metrics.inputs.dicom_contours import find_structure_set
from AutoContourRTCore.volumes.dicom.appearance import KINDS, Rgb
from AutoContourRTCore.volumes.dicom.rtstruct_read import StructureSet, read_structure_set
from AutoContourRTCore.volumes.dicom.scan import RT_STRUCT, SEGMENTATION, Entry, scan, sop_class_of
from AutoContourRTCore.volumes.dicom.series import Series, choose, ct_series, grid_of
from AutoContourRTCore.volumes.dicom.structures import Image, image_of, place, series_for
from AutoContourRTCore.volumes.files import read_volume
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.resample import resample_labelmap


@dataclass(frozen=True)
class Contours:
    """series: the CT that the contours were drawn on; None where it is not known. kinds, colors:
    what a structure set says of its structures, for another one."""

    labelmap: LabelMap
    series: Optional[Series]
    notes: Tuple[str, ...] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)
    colors: Mapping[str, Rgb] = field(default_factory=dict)


def read_any(
    path: Path, ct: Optional[Path] = None, uid: str = "", labels: Optional[Path] = None
) -> Contours:
    """Read an RTSTRUCT, a DICOM segmentation, .seg.nrrd, a label image or a folder of masks.

    A folder of DICOM files stands for the one RTSTRUCT in it.

    ct: DICOM folder, or for an RTSTRUCT an image file too; for DICOM files the CT beside them is
    found without it. uid: of the series in it, where there are several. labels: the table of a
    label image. With a DICOM CT the masks of a DICOM segmentation come on its grid.
    Raises InputError for what cannot be read, or belongs to another CT.
    """
    if not path.exists():
        raise InputError(f"{path} does not exist; check the name.")
    if uid and ct is not None and ct.is_file():
        raise InputError(f"--series chooses among the CTs of a DICOM folder, and {ct} is a file.")
    kind = sop_class_of(path) if path.is_file() else ""
    if labels is not None and (kind or path.is_dir()):
        raise InputError(f"--labels names the structures of a label image, and {path} is none.")
    inside = find_structure_set(path) if path.is_dir() else None
    if inside is not None:
        return _of_structure_set(inside, ct or path, uid)
    if kind == RT_STRUCT:
        return _of_structure_set(path, ct, uid)
    if kind == SEGMENTATION:
        return _of_segmentation(path, ct, uid)
    if kind:
        raise InputError(
            f"{path} is DICOM, but neither a structure set (RTSTRUCT) nor a segmentation (SEG)."
        )
    if uid and ct is None:
        raise InputError("--series chooses among the CTs of a DICOM folder; name it with --ct.")
    series = _series_in(ct, uid)
    contours = read_contours(path, labels)
    return Contours(_labelmap(contours), series, (*contours.notes, *_beside(contours, series)))


def _beside(contours: ContourSet, series: Optional[Series]) -> List[str]:
    """A note where the voxels of masks are not those of the CT: nothing else ties them to it."""
    if series is None:
        return []
    grid = grid_of(series)[0]
    if all(on_grid(each, grid)[1] == AS_STORED for each in contours.contours.values()):
        return []
    return [
        f"the voxels of {contours.source} are not those of the CT of {series.where}: the contours "
        "lie there by their coordinates alone, and nothing shows that they are of this patient; "
        "look at them."
    ]


def _of_structure_set(path: Path, ct: Optional[Path], uid: str) -> Contours:
    structures = read_structure_set(path)
    if ct is not None and ct.is_file():
        image: Image = Image(str(ct), read_volume(ct).geometry)
        found = place(structures, image)
        return Contours(found.labelmap, None, found.notes, *_look(structures))
    folder, entries = _entries(path, ct)
    series = choose(folder, ct_series(entries), uid) if uid else (
        series_for(structures, folder, entries)
    )  # fmt: skip
    found = place(structures, image_of(series))
    return Contours(found.labelmap, series, found.notes, *_look(structures))


def _look(structures: StructureSet) -> Tuple[Dict[str, str], Dict[str, Rgb]]:
    """Interpreted types and colours; types that DICOM does not define are not taken over."""
    kinds = {roi.name: roi.kind for roi in structures.rois if roi.kind in KINDS}
    return kinds, {roi.name: roi.color for roi in structures.rois if roi.color is not None}


def _entries(path: Path, ct: Optional[Path]) -> Tuple[Path, List[Entry]]:
    """The DICOM files among which the CT is: in its folder, else beside the structure set."""
    if ct is not None:
        return _folder(ct), scan(_folder(ct))
    entries = scan(path.absolute().parent)
    if not ct_series(entries):
        raise InputError(
            f"{path} needs the CT it was drawn on, and none lies beside it; name its folder "
            "(--ct FOLDER)."
        )
    return path.parent, entries


def _of_segmentation(path: Path, ct: Optional[Path], uid: str) -> Contours:
    from AutoContourRTCore.volumes.dicom.highdicom_files import read_seg

    labelmap, frame = read_seg(path)
    if ct is None:
        beside = ct_series(scan(path.absolute().parent))
        series = choose(path.parent, beside, uid) if uid or len(beside) == 1 else None
    else:
        series = _series_in(ct, uid)
    if series is None:
        return Contours(labelmap, None)
    if frame != series.first.frame_of_reference:
        raise InputError(
            f"{path} and the CT of {series.where} have different frames of reference ({frame} and "
            f"{series.first.frame_of_reference}); give the CT that it was drawn on."
        )
    geometry, notes = grid_of(series)
    moved, changed = resample_labelmap(labelmap, geometry)
    return Contours(moved, series, (*series.notes, *notes, *changed))


def _series_in(ct: Optional[Path], uid: str) -> Optional[Series]:
    if ct is None:
        return None
    return choose(ct, ct_series(scan(_folder(ct))), uid)


def _folder(ct: Path) -> Path:
    if not ct.is_dir():
        raise InputError(f"{ct} is no folder; give the DICOM folder of the CT (--ct FOLDER).")
    return ct


def _labelmap(contours: ContourSet) -> LabelMap:
    """Masks of one grid; InputError where the files of a folder have several."""
    masks = {}
    for name, contour in contours.contours.items():
        if not contour.grid.same_grid(contours.grid):
            raise InputError(
                f"{contours.source}: the mask {name} has another grid than the first one; bring "
                "all to one grid first."
            )
        masks[name] = np.zeros(contours.grid.shape, bool)
        if not contour.empty:
            ends = np.add(contour.start, contour.mask.shape)
            box = tuple(slice(int(a), int(b)) for a, b in zip(contour.start, ends))
            masks[name][box] = contour.mask
    return LabelMap(masks, contours.grid)
