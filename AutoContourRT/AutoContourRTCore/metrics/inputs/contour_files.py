"""Contour sets from files: .seg.nrrd, a label image with its table, DICOM, a folder of masks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Dict, List, Optional, Tuple

import numpy as np
import SimpleITK
from scipy import ndimage

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.contours import Contour, ContourSet, contours_of, cut_to_box
from AutoContourRTCore.metrics.inputs.dicom_contours import find_structure_set, read_dicom_contours
from AutoContourRTCore.metrics.inputs.dose_files import is_dicom
from AutoContourRTCore.metrics.inputs.hashes import identity_of
from AutoContourRTCore.metrics.inputs.label_tables import find_table, has_table, read_table, stem_of
from AutoContourRTCore.volumes.boxes import Box, box_of
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.imagefile import READABLE, geometry_of, read_image
from AutoContourRTCore.volumes.segfile import read_labelmap

#: A sub-folder of this name that holds all there is: its files are the structures.
LONE_FOLDER = "segmentations"
#: The contours of a case, where a folder holds other segmentations too (targets).
USUAL_NAME = "structures.seg.nrrd"
HIGHEST_LABEL = 65535


def read_contours(
    path: Path, labels: Optional[Path] = None, ct: Optional[Path] = None
) -> ContourSet:
    """The contour set of a file or folder.

    path: .seg.nrrd; a label image (NRRD, NIfTI, MHA) with a table of its labels beside it or
    given as `labels`; RTSTRUCT (drawn on `ct`, by default the CT beside it) or SEG; a folder of
    one mask file per structure, named after it (a lone sub-folder `segmentations` is descended
    into), or with one .seg.nrrd or RTSTRUCT. Raises InputError for what cannot be read so, and
    for a set without structures.
    """
    if not path.exists():
        raise InputError(f"{path} does not exist.")
    if path.is_dir():
        return _read_folder(path, ct)
    if is_dicom(path):
        return _with_identity(read_dicom_contours(path, ct), [path])
    if not path.name.lower().endswith(READABLE):
        raise InputError(
            f"{path} is no contour file; give .seg.nrrd, RTSTRUCT, a label image "
            f"({', '.join(READABLE)}) with a table, or a folder with one mask per structure."
        )
    if labels is None and _is_segmentation(path):
        return _with_identity(contours_of(read_labelmap(path), str(path)), [path])
    return _read_label_image(path, labels or find_table(path))


def read_one_of(
    path: Path, labels: Optional[Path] = None, ct: Optional[Path] = None
) -> ContourSet:
    """As read_contours, for one of several sets to be compared: `labels` serves a label image that
    has no table of its own beside it; a file that names its own segments has no use for it."""
    named = path.is_file() and (_is_segmentation(path) or has_table(path))
    return read_contours(path, None if named else labels, ct)


def check_not_empty(contours: ContourSet) -> None:
    """Raise InputError for a set in which nothing is drawn."""
    if contours.empty:
        count = len(contours.contours)
        raise InputError(
            f"{contours.source} is empty: none of its {count} segments has a voxel."
            if count
            else f"{contours.source} is empty: it has no segments."
        )


def structure_folder(path: Path) -> Path:
    """The folder itself, or its lone sub-folder `segmentations`."""
    entries = [entry for entry in path.iterdir() if not entry.name.startswith(".")]
    if len(entries) == 1 and entries[0].is_dir() and entries[0].name == LONE_FOLDER:
        return entries[0]
    return path


def mask_files(folder: Path) -> List[Path]:
    """The image files in a folder, by name."""
    return sorted(
        entry for entry in folder.iterdir()
        if entry.is_file() and entry.name.lower().endswith(READABLE)
        and not entry.name.startswith(".")
    )


def _is_segmentation(path: Path) -> bool:
    """Whether a file names its own segments, as 3D Slicer writes them."""
    if not path.name.lower().endswith((".nrrd", ".nhdr")):
        return False
    with open(path, "rb") as file:
        for line in iter(file.readline, b"\n"):
            if not line.strip():
                return False
            if line.startswith((b"Segment0_", b"Segmentation_")):
                return True
    return False


def _read_label_image(path: Path, table: Path) -> ContourSet:
    names = read_table(table)
    array, grid = _labels(path)
    unnamed = sorted(set(_values(array)) - set(names))
    if unnamed:
        raise InputError(
            f"{path} holds the value {unnamed[0]}, which {table} does not name; complete the table."
        )
    boxes = ndimage.find_objects(array, max_label=max(names))
    contours = {name: _labelled(array, value, boxes[value - 1], grid)
                for value, name in names.items()}
    return _with_identity(ContourSet(contours, grid, str(path)), [path, table])


def _labelled(array: np.ndarray, value: int, box: Optional[Box], grid: Geometry) -> Contour:
    """The contour of one label; box: that around it, None where it is nowhere."""
    if box is None:
        return Contour(np.zeros((0, 0, 0), bool), (0, 0, 0), grid)
    k, j, i = box
    return Contour(np.asarray(array[box] == value), (k.start, j.start, i.start), grid)


def _read_folder(path: Path, ct: Optional[Path]) -> ContourSet:
    folder = structure_folder(path)
    files = mask_files(folder)
    segmentations = [file for file in files if _is_segmentation(file)]
    if segmentations:
        return read_contours(_chosen(folder, segmentations))
    if not files:
        found = find_structure_set(folder) if any(folder.iterdir()) else None
        if found is not None:
            return read_contours(found, ct=ct or folder)
        raise InputError(
            f"{folder} holds no contours; it needs a .seg.nrrd, an RTSTRUCT, or one mask file per "
            f"structure ({', '.join(READABLE)})."
        )
    return _read_masks(path, files)


def _chosen(folder: Path, files: List[Path]) -> Path:
    """The only segmentation of a folder, or the one that is named as our data sets name it."""
    usual = [file for file in files if file.name == USUAL_NAME]
    if len(files) > 1 and not usual:
        names = ", ".join(file.name for file in files)
        raise InputError(f"{folder} holds {len(files)} segmentations: {names}. Give one of them.")
    return (usual or files)[0]


def _read_masks(path: Path, files: List[Path]) -> ContourSet:
    """A folder of one mask file per structure."""
    contours: Dict[str, Contour] = {}
    for file in files:
        name = stem_of(file)
        if name in contours:
            raise InputError(f"{path} holds two files named {name!r}; remove one.")
        contours[name] = _read_mask(file)
    grid = contours[stem_of(files[0])].grid
    return _with_identity(ContourSet(contours, grid, str(path)), files)


def _read_mask(path: Path) -> Contour:
    array, grid = _labels(path)
    contour = cut_to_box(array != 0, grid)
    k, j, i = (slice(s, s + n) for s, n in zip(contour.start, contour.mask.shape))
    values = np.unique(array[k, j, i][contour.mask])
    if len(values) > 1:
        raise InputError(
            f"{path} holds {len(values)} labels where a folder needs one mask per file; compare "
            "the file itself, with a table of its labels."
        )
    return Contour(contour.mask.copy(), contour.start, grid)  # does not keep the whole array


def _labels(path: Path) -> Tuple[np.ndarray, Geometry]:
    """The whole numbers of an image [k, j, i], and its grid."""
    image = read_image(path)
    if image.GetNumberOfComponentsPerPixel() != 1:
        raise InputError(f"{path} has several values per voxel; give one label per voxel.")
    array = SimpleITK.GetArrayFromImage(image)
    if array.dtype.kind not in "iub":
        whole = np.rint(array)
        if not np.array_equal(whole, array):
            raise InputError(f"{path} holds numbers that are not whole; give a label image.")
        array = whole.astype(np.int32)
    small = array.dtype in (np.bool_, np.uint8, np.uint16)
    if not small and (array.min() < 0 or array.max() > HIGHEST_LABEL):
        raise InputError(f"{path} has labels outside 0..{HIGHEST_LABEL}; give a label image.")
    return array, geometry_of(image, path)


def _values(array: np.ndarray) -> List[int]:
    """The labels above 0 that occur."""
    box = box_of(array != 0)
    return [value for value in np.unique(array[box]).tolist() if value] if box else []


def _with_identity(contours: ContourSet, files: List[Path]) -> ContourSet:
    """The set with the hash of its files (of several: the hash of their names and hashes)."""
    if not contours.contours:
        raise InputError(f"{contours.source} is empty: it has no segments.")
    return replace(contours, identity=identity_of(files))
