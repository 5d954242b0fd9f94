"""Volume nodes as Slicer's DICOM module loads them, from series made for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict

import numpy as np
import pydicom

import dicom_series as made
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.volume import Volume

#: Millilitres of voxels, slices 3 mm apart.
GRID = Geometry((10, 40, 44), (3.0, 1.5, 1.25), (-27.0, -30.0, 100.0))


class Database:
    """As slicer.dicomDatabase: knows the file of an instance, "" for one it does not know."""

    def __init__(self) -> None:
        self.files: Dict[str, str] = {}

    def fileForInstance(self, uid: str) -> str:
        return self.files.get(uid, "")


def hounsfield(geometry: Geometry = GRID, seed: int = 0) -> np.ndarray:
    """Smooth tissue without symmetry, and noise; int16 [k, j, i]."""
    k, j, i = np.indices(geometry.shape)
    waves = 80 * np.sin(0.9 * k + seed) + 60 * np.cos(0.21 * j) + 90 * np.sin(0.17 * i + 0.1 * j)
    noise = np.random.default_rng(seed).normal(0, 5, geometry.shape)
    return np.asarray(waves + noise, np.int16)


def load(folder: Path, database: Database, geometry: Geometry = GRID, name: str = "CT") -> Any:
    """Write a CT series, and add a volume node of it as Slicer's DICOM module would."""
    from AutoContourRTLib.SamplePhantom import addVolume

    hu = hounsfield(geometry)
    paths = made.write_ct(folder, hu, geometry)
    uids = [str(pydicom.dcmread(path).SOPInstanceUID) for path in paths]
    database.files.update(zip(uids, map(str, paths)))
    node = addVolume(Volume(hu, geometry), name)
    node.SetAttribute("DICOM.instanceUIDs", " ".join(uids))
    return node
