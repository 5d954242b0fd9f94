"""What Slicer's DICOM database holds of the patient of a volume: structure sets, doses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, List, Optional, Tuple

import slicer
from slicer.i18n import tr as _

from AutoContourRTCore.errors import InputError
from AutoContourRTLib.DicomProvenance import INSTANCES

KINDS = ("RTSTRUCT", "RTDOSE", "SEG")


@dataclass(frozen=True)
class RtObject:
    """file: its path; kind: one of KINDS; description, date: of its series, as they are shown."""

    file: str
    kind: str
    description: str
    date: str


def rtObjects(volumeNode: Any, database: Optional[Any] = None) -> Tuple[RtObject, ...]:
    """The objects of the volume's patient, those of the volume's study first; no dose or
    segmentation whose frame of reference is known to be another one. A structure set may name the
    volume's slices nevertheless: the worker looks into it.

    database: as slicer.dicomDatabase, None for that. Only its tables are asked, no file is opened.
    Raises InputError with the reason where the volume cannot be found there, or is no CT.
    """
    database = database or getattr(slicer, "dicomDatabase", None)
    series = _seriesOf(volumeNode, database)
    _checkIsCt(volumeNode, series, database)
    study = database.studyForSeries(series)
    patient = database.patientForStudy(study)
    others = [each for each in database.studiesForPatient(patient) if each != study]
    frame = database.fieldForSeries("FrameOfReferenceUID", series)
    found: List[RtObject] = []
    for one in (study, *others):
        for uid in database.seriesForStudy(one):
            found += _objectsOf(uid, frame, database)
    return tuple(found)


def checkModality(volumeNode: Any, database: Optional[Any] = None) -> None:
    """Raise InputError for a volume that the database knows as something else than a CT."""
    database = database or getattr(slicer, "dicomDatabase", None)
    uids = (volumeNode.GetAttribute(INSTANCES) or "").split()
    file = database.fileForInstance(uids[0]) if uids and database is not None else ""
    series = database.seriesForFile(file) if file else ""
    if series:
        _checkIsCt(volumeNode, series, database)


def _checkIsCt(volumeNode: Any, series: str, database: Any) -> None:
    modality = database.fieldForSeries("Modality", series)
    if modality and modality != "CT":
        text = _("{name} is no CT but {modality}: structure sets, segmentations and doses are read "
                 "for a CT only. Choose the CT that they belong to.")  # fmt: skip
        raise InputError(text.format(name=repr(volumeNode.GetName()), modality=modality))


def _seriesOf(volumeNode: Any, database: Optional[Any]) -> str:
    """The series instance UID of a volume."""
    name = repr(volumeNode.GetName())
    uids = (volumeNode.GetAttribute(INSTANCES) or "").split()
    if not uids:
        text = _("{name} was not loaded with the module DICOM: its patient is not known.")
        raise InputError(text.format(name=name))
    if database is None or not database.isOpen:
        raise InputError(_("No DICOM database is open; open one in the module DICOM."))
    file = database.fileForInstance(uids[0])
    series = database.seriesForFile(file) if file else ""
    if not series:
        text = _("{name} is not in the DICOM database that is open now.")
        raise InputError(text.format(name=name))
    return str(series)


def _objectsOf(series: str, frame: str, database: Any) -> List[RtObject]:
    """The files of a series that may be read for a volume of a frame of reference."""
    kind = database.fieldForSeries("Modality", series)
    own = database.fieldForSeries("FrameOfReferenceUID", series)
    isElsewhere = kind != "RTSTRUCT" and own and frame and own != frame
    if kind not in KINDS or isElsewhere:
        return []
    description = database.descriptionForSeries(series) or ""
    date = database.fieldForSeries("SeriesDate", series) or ""
    files = database.filesForSeries(series)
    several = len(files) > 1
    return [
        RtObject(file, kind, f"{description} ({n}/{len(files)})" if several else description, date)
        for n, file in enumerate(files, 1)
    ]
