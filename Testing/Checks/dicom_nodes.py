"""Volume nodes as Slicer's DICOM module loads them, from series made for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Tuple

import numpy as np
import pydicom

import dicom_series as made
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.volume import Volume

#: Millilitres of voxels, slices 3 mm apart.
GRID = Geometry((10, 40, 44), (3.0, 1.5, 1.25), (-27.0, -30.0, 100.0))


class Database:
    """The part of slicer.dicomDatabase (ctkDICOMDatabase) that we ask, over the headers of files.

    What it does not know is "" or (), as there. A patient is told by an integer, written as text.
    """

    def __init__(self) -> None:
        self.files: Dict[str, str] = {}  # by SOP instance UID
        self.isOpen = True
        self._headers: Dict[str, Any] = {}  # by file

    def insert(self, path: Path) -> None:
        header = pydicom.dcmread(path, stop_before_pixels=True)
        self.files[str(header.SOPInstanceUID)] = str(path)
        self._headers[str(path)] = header

    def fileForInstance(self, uid: str) -> str:
        return self.files.get(uid, "")

    def seriesForFile(self, file: str) -> str:
        return str(self._headers[file].SeriesInstanceUID) if file in self._headers else ""

    def studyForSeries(self, series: str) -> str:
        return self._first("SeriesInstanceUID", series, "StudyInstanceUID")

    def patientForStudy(self, study: str) -> str:
        patient = self._first("StudyInstanceUID", study, "PatientID")
        return str(1 + self._patients().index(patient)) if patient else ""

    def studiesForPatient(self, patient: str) -> Tuple[str, ...]:
        name = self._patients()[int(patient) - 1]
        return self._different("StudyInstanceUID", "PatientID", name)

    def seriesForStudy(self, study: str) -> Tuple[str, ...]:
        return self._different("SeriesInstanceUID", "StudyInstanceUID", study)

    def filesForSeries(self, series: str, hits: int = -1) -> Tuple[str, ...]:
        found = (file for file, header in self._headers.items()
                 if header.SeriesInstanceUID == series)  # fmt: skip
        return tuple(found)[: hits if hits > 0 else None]

    def descriptionForSeries(self, series: str) -> str:
        return self._first("SeriesInstanceUID", series, "SeriesDescription")

    def fieldForSeries(self, field: str, series: str) -> str:
        value = self._first("SeriesInstanceUID", series, field)
        isDate = field == "SeriesDate" and len(value) == 8
        return f"{value[:4]}-{value[4:6]}-{value[6:]}" if isDate else value

    def _first(self, keyword: str, value: str, wanted: str) -> str:
        """A value of the first file that has another one."""
        for header in self._headers.values():
            if header[keyword].value == value:
                return str(header.get(wanted, ""))
        return ""

    def _different(self, wanted: str, keyword: str, value: str) -> Tuple[str, ...]:
        found = (str(header[wanted].value) for header in self._headers.values()
                 if header[keyword].value == value)  # fmt: skip
        return tuple(dict.fromkeys(found))

    def _patients(self) -> List[str]:
        return list(dict.fromkeys(str(header.PatientID) for header in self._headers.values()))


def hounsfield(geometry: Geometry = GRID, seed: int = 0) -> np.ndarray:
    """Smooth tissue without symmetry, and noise; int16 [k, j, i]."""
    k, j, i = np.indices(geometry.shape)
    waves = 80 * np.sin(0.9 * k + seed) + 60 * np.cos(0.21 * j) + 90 * np.sin(0.17 * i + 0.1 * j)
    noise = np.random.default_rng(seed).normal(0, 5, geometry.shape)
    return np.asarray(waves + noise, np.int16)


def load(
    folder: Path, database: Database, geometry: Geometry = GRID, name: str = "CT", **changes: Any
) -> Any:
    """Write a CT series, and add a volume node of it as Slicer's DICOM module would.

    changes: DICOM values by keyword, for all slices.
    """
    from AutoContourRTLib.SamplePhantom import addVolume

    hu = hounsfield(geometry)
    paths = made.write_ct(folder, hu, geometry, **changes)
    uids = [str(pydicom.dcmread(path).SOPInstanceUID) for path in paths]
    for path in paths:
        database.insert(path)
    node = addVolume(Volume(hu, geometry), name)
    node.SetAttribute("DICOM.instanceUIDs", " ".join(uids))
    return node
