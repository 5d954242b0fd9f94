"""Label maps into files of any kind, by the name of the output."""

from __future__ import annotations

from pathlib import Path
from typing import Optional, Tuple

import numpy as np

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.inputs.csv_files import write_csv
from AutoContourRTCore.volumes.dicom.rtstruct_write import Export, write_rtstruct
from AutoContourRTCore.volumes.dicom.series import Series
from AutoContourRTCore.volumes.imagefile import WRITABLE, image_of, write_image
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.segfile import write_labelmap

KINDS = (
    ".dcm (RTSTRUCT), .seg.dcm (DICOM segmentation), .seg.nrrd (3D Slicer), "
    ".nii.gz, .nii, .nrrd or .mha (a label image, its names in a .csv beside it), or, without a "
    "suffix, a folder of one .nii.gz mask per structure"
)
STRUCTURE_SET, SEGMENTATION, SLICER = "structure set", "segmentation", "slicer"
LABELS, FOLDER = "labels", "folder"
_BY_SUFFIX = {".seg.dcm": SEGMENTATION, ".dcm": STRUCTURE_SET, ".seg.nrrd": SLICER}


def kind_of(path: Path) -> str:
    """What is to be written there; InputError for a suffix that stands for nothing."""
    name = path.name.lower()
    for suffix, kind in _BY_SUFFIX.items():
        if name.endswith(suffix):
            return kind
    if name.endswith(WRITABLE):
        return LABELS
    if path.is_dir() or not path.suffix:
        return FOLDER
    raise InputError(f"{path} cannot be written; the name must end in one of these: {KINDS}.")


def table_of(path: Path) -> Path:
    """Where the names of a label image stand."""
    suffix = next(each for each in sorted(WRITABLE, key=len, reverse=True)
                  if path.name.lower().endswith(each))  # fmt: skip
    return path.with_name(f"{path.name[: -len(suffix)]}.csv")


def write_any(
    labelmap: LabelMap,
    series: Optional[Series],
    path: Path,
    export: Export,
    also: Optional[LabelMap] = None,
) -> Tuple[str, ...]:
    """Write structures; returns notes. export: for the DICOM kinds. also: more structures, which
    only those kinds may have on another grid.

    Raises InputError for structures that a label image cannot hold, and for DICOM without series.
    """
    kind = kind_of(path)
    if kind == STRUCTURE_SET:
        return write_rtstruct(labelmap, series, path, export, also)
    if kind == SEGMENTATION:
        from AutoContourRTCore.volumes.dicom.highdicom_files import write_seg

        return write_seg(labelmap, series, path, export, also)
    if also is not None:
        labelmap = _on_one_grid(labelmap, also, path)
    if kind == SLICER:
        write_labelmap(labelmap, path)
    elif kind == LABELS:
        _write_labels(labelmap, path)
    else:
        _write_folder(labelmap, path)
    return ()


def _on_one_grid(labelmap: LabelMap, also: LabelMap, path: Path) -> LabelMap:
    if not also.geometry.same_grid(labelmap.geometry):
        raise InputError(
            f"{path} holds one grid, and {also.names[0]} lies on that of the CT, the other "
            "structures do not; write a .dcm, or leave --body out."
        )
    return LabelMap({**labelmap.masks, **also.masks}, labelmap.geometry)


def _write_labels(labelmap: LabelMap, path: Path) -> None:
    """A label image and its table; InputError where two structures share a voxel."""
    labels = np.zeros(labelmap.geometry.shape, np.uint16)
    for value, (name, mask) in enumerate(labelmap.masks.items(), 1):
        if labels[mask].any():
            other = labelmap.names[int(labels[mask].max()) - 1]
            raise InputError(
                f"{name} and {other} overlap, which a label image cannot hold; write a .seg.nrrd, "
                "or a folder of masks."
            )
        labels[mask] = value
    write_image(image_of(labels, labelmap.geometry), path)
    rows = [{"value": str(n), "name": name} for n, name in enumerate(labelmap.names, 1)]
    write_csv(table_of(path), ("value", "name"), rows)


def _write_folder(labelmap: LabelMap, folder: Path) -> None:
    """One mask per structure, named after it."""
    for name in labelmap.names:
        if not name.strip(". ") or any(each in name for each in '/\\:*?"<>|'):
            raise InputError(f"{name!r} cannot be the name of a file; rename the structure.")
    folder.mkdir(parents=True, exist_ok=True)
    for name, mask in labelmap.masks.items():
        image = image_of(mask.astype(np.uint8), labelmap.geometry)
        write_image(image, folder / f"{name}.nii.gz")
