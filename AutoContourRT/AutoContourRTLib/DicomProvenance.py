"""Which DICOM files a volume node was loaded from."""

from __future__ import annotations

import os
from typing import Any, Optional, Tuple

import slicer
from slicer.i18n import tr as _

from AutoContourRTCore.errors import InputError

#: Set by Slicer's DICOM module on what it loads; copies of the node keep it.
INSTANCES = "DICOM.instanceUIDs"


def sliceInstances(volumeNode: Any) -> Tuple[str, ...]:
    """SOP instance UIDs of a volume's slices; none where it was not loaded from DICOM."""
    return tuple((volumeNode.GetAttribute(INSTANCES) or "").split())


def dicomFiles(volumeNode: Any, database: Optional[Any] = None) -> Tuple[str, ...]:
    """The files of a volume's slices, by Slicer's DICOM database (None: the application's).

    Raises InputError with the reason where they are not known, or no longer there.
    """
    name = repr(volumeNode.GetName())
    uids = sliceInstances(volumeNode)
    if not uids:
        text = _("{name} was not loaded with the module DICOM: nothing names its slices.")
        raise InputError(text.format(name=name))
    database = database or getattr(slicer, "dicomDatabase", None)
    if database is None:
        text = _("There is no DICOM database in which the slices of {name} stand.")
        raise InputError(text.format(name=name))
    files = tuple(database.fileForInstance(uid) for uid in uids)
    lost = sum(not (file and os.path.isfile(file)) for file in files)
    if lost:
        text = _("{lost} of the {n} DICOM files of {name} are not there, or not known to "
                 "Slicer's DICOM database on this computer.")  # fmt: skip
        raise InputError(text.format(lost=lost, n=len(uids), name=name))
    return files
