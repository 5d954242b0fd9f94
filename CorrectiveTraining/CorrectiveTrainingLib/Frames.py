"""The frame of reference of a volume of the scene, by which its dose is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.dicom.series import PLACE_MM, grid_of, series_of_files
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTLib.DicomProvenance import dicomFiles


def frameOfReference(volumeNode: Any, geometry: Geometry) -> str:
    """DICOM FrameOfReferenceUID of a volume that lies where its slices do; geometry: its grid.

    "" where its slices are not known, and for a volume that was moved, cropped or resampled: copies
    of a volume keep the names of its slices. What is shown of the dose says that it is not known.
    """
    try:
        series = series_of_files([Path(file) for file in dicomFiles(volumeNode)])
        own, _notes = grid_of(series)
    except InputError:
        return ""
    return series.first.frame_of_reference if own.same_grid(geometry, PLACE_MM) else ""
