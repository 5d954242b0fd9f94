"""Contour sets from DICOM: RTSTRUCT with its CT, and SEG."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Optional

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.contours import ContourSet, contours_of


def read_dicom_contours(path: Path, ct: Optional[Path] = None) -> ContourSet:
    """The contour set of an RTSTRUCT or SEG file.

    ct: the image that an RTSTRUCT was drawn on; by default the CT beside it. Raises InputError
    for another kind of DICOM file, and where the CT is not to be found.
    """
    from AutoContourRTCore.volumes.dicom.scan import RT_STRUCT, SEGMENTATION, sop_class_of

    kind = sop_class_of(path)
    if kind == RT_STRUCT:
        return _structure_set(path, ct)
    if kind == SEGMENTATION:
        from AutoContourRTCore.volumes.dicom.highdicom_files import read_seg

        labelmap, frame = read_seg(path)
        return replace(contours_of(labelmap, str(path)), frame_of_reference=frame)
    raise InputError(f"{path} is DICOM, but neither a structure set (RTSTRUCT) nor a SEG.")


def find_structure_set(folder: Path) -> Optional[Path]:
    """The RTSTRUCT among the DICOM files of a folder; None without one.

    Raises InputError where there are several.
    """
    from AutoContourRTCore.volumes.dicom.scan import scan
    from AutoContourRTCore.volumes.dicom.structures import structure_files

    found = structure_files(scan(folder))
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise InputError(f"{folder} holds {len(found)} structure sets: {names}. Give one of them.")
    return found[0] if found else None


def _structure_set(path: Path, ct: Optional[Path]) -> ContourSet:
    from AutoContourRTCore.volumes.dicom.structures import RASTERISATION, read_structures

    found = read_structures(path, ct)
    return replace(
        contours_of(found.labelmap, str(path)), frame_of_reference=found.frame_of_reference,
        rasterisation=RASTERISATION, notes=found.notes,
    )
