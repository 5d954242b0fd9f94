"""What the DICOM database has of a volume's patient."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dicom_nodes
import dicom_series as made
from AutoContourRTCore.errors import InputError


@pytest.fixture()
def database() -> dicom_nodes.Database:
    return dicom_nodes.Database()


@pytest.fixture()
def ct(scene: Any, tmp_path: Path, database: Any) -> Any:
    return dicom_nodes.load(tmp_path / "ct", database)


def insert(database: Any, path: Path, content: Any, **changes: Any) -> str:
    for keyword, value in changes.items():
        setattr(content, keyword, value)
    database.insert(made.save(content, path))
    return str(path)


def structures(**named: Any) -> Any:
    square = made.box((-5, -5), (5, 5), 103.0)
    return made.structure_set([made.roi("Cord", [square])], **named)


def dose() -> Any:
    return made.dose(np.ones(dicom_nodes.GRID.shape, np.uint16), dicom_nodes.GRID)


def test_those_of_the_patient_are_listed_its_study_first_and_no_others(
    ct: Any, database: Any, tmp_path: Path
) -> None:
    from AutoContourRTLib.DicomDatabase import RtObject, rtObjects

    later = insert(database, tmp_path / "later.dcm", structures(), StudyInstanceUID="2.25.55")
    rs = insert(database, tmp_path / "RS.dcm", structures(), SeriesDescription="clinical",
                SeriesDate="20200103")  # fmt: skip
    rd = insert(database, tmp_path / "RD.dcm", dose())
    insert(database, tmp_path / "registered.dcm", dose(), FrameOfReferenceUID="2.25.9",
           SeriesInstanceUID="2.25.71")  # fmt: skip
    insert(database, tmp_path / "other.dcm", structures(), PatientID="T2",
           StudyInstanceUID="2.25.56")  # fmt: skip
    assert rtObjects(ct, database) == (
        RtObject(rs, "RTSTRUCT", "clinical", "2020-01-03"), RtObject(rd, "RTDOSE", "", ""),
        RtObject(later, "RTSTRUCT", "", ""),
    )  # fmt: skip


def test_a_structure_set_is_listed_whatever_frame_its_series_names(
    ct: Any, database: Any, tmp_path: Path
) -> None:
    from AutoContourRTLib.DicomDatabase import rtObjects

    rs = insert(database, tmp_path / "RS.dcm", structures(), FrameOfReferenceUID="2.25.9")
    assert [each.file for each in rtObjects(ct, database)] == [rs]


def test_another_modality_than_ct_is_refused_in_words(
    scene: Any, database: Any, tmp_path: Path
) -> None:
    from AutoContourRTLib.DicomDatabase import checkModality, rtObjects

    node = dicom_nodes.load(tmp_path / "mr", database, Modality="MR")
    for ask in (rtObjects, checkModality):
        with pytest.raises(InputError, match="'CT' is no CT but MR: .* for a CT only"):
            ask(node, database)
    checkModality(node, dicom_nodes.Database())  # which does not know it
    node.RemoveAttribute("DICOM.instanceUIDs")
    checkModality(node, database)


def test_files_of_one_series_are_told_apart(ct: Any, database: Any, tmp_path: Path) -> None:
    from AutoContourRTLib.DicomDatabase import rtObjects

    for name in ("beam1.dcm", "beam2.dcm"):
        insert(database, tmp_path / name, dose(), SeriesInstanceUID="2.25.77",
               SeriesDescription="beams")  # fmt: skip
    assert [each.description for each in rtObjects(ct, database)] == ["beams (1/2)", "beams (2/2)"]


def test_why_a_volume_is_not_found_is_said(ct: Any, database: Any, tmp_path: Path) -> None:
    from AutoContourRTLib.DicomDatabase import rtObjects

    with pytest.raises(InputError, match="'CT' is not in the DICOM database"):
        rtObjects(ct, dicom_nodes.Database())
    database.isOpen = False
    with pytest.raises(InputError, match="No DICOM database is open"):
        rtObjects(ct, database)
    ct.RemoveAttribute("DICOM.instanceUIDs")
    with pytest.raises(InputError, match="was not loaded with the module DICOM"):
        rtObjects(ct, database)
