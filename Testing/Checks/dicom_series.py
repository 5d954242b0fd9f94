"""CT series, structure sets and doses as DICOM files, made for tests with pydicom."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List, Optional, Sequence

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import generate_uid

from AutoContourRTCore.volumes.geometry import Geometry

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
RT_STRUCT = "1.2.840.10008.5.1.4.1.1.481.3"
RT_DOSE = "1.2.840.10008.5.1.4.1.1.481.2"
EXPLICIT = "1.2.840.10008.1.2.1"
#: Frame of reference, study and series of `write_ct`, unless told otherwise.
FRAME, STUDY, SERIES = "2.25.101", "2.25.102", "2.25.103"


def write_ct(
    folder: Path, hu: np.ndarray, geometry: Geometry,
    positions: Optional[Sequence[Sequence[float]]] = None, **changes: Any,
) -> List[Path]:  # fmt: skip
    """Write slices [k, j, i] as CT images in shuffled file order; returns their paths by k.

    positions: of the slices' first pixels (LPS mm) where they are not those of the geometry.
    changes: DICOM values by keyword, for all slices.
    """
    folder.mkdir(parents=True, exist_ok=True)
    order = np.random.default_rng(1).permutation(len(hu))
    if positions is None:
        positions = [geometry.to_lps([k, 0, 0]) for k in range(len(hu))]
    paths = [folder / f"CT{number:04d}.dcm" for number in order]
    for k, path in enumerate(paths):
        content = ct_slice(hu[k], geometry, positions[k], k + 1)
        for keyword, value in changes.items():
            setattr(content, keyword, value)
        save(content, path)
    return paths


def ct_slice(hu: np.ndarray, geometry: Geometry, position: Sequence[float], number: int) -> Dataset:
    """One CT image with all that the standard asks for."""
    content = patient_and_study()
    i, j = geometry.axes[2], geometry.axes[1]
    values = dict(
        SOPClassUID=CT_IMAGE, SOPInstanceUID=generate_uid(prefix=None),
        ImageType=["ORIGINAL", "PRIMARY", "AXIAL"], Modality="CT", SeriesInstanceUID=SERIES,
        SeriesNumber=1, SeriesDescription="planning", FrameOfReferenceUID=FRAME,
        PositionReferenceIndicator="", Manufacturer="Test", PatientPosition="HFS",
        BodyPartExamined="HEADNECK", AcquisitionNumber=1, InstanceNumber=number, KVP="120",
        ContentDate="20200102", ContentTime="030405",
        ImagePositionPatient=[f"{value:.6f}"[:16] for value in position],
        ImageOrientationPatient=[f"{value:.9f}"[:16] for value in (*i, *j)],
        SliceThickness=f"{geometry.spacing[0]:.6g}",
        PixelSpacing=[f"{value:.9g}" for value in geometry.spacing[1:]],
        Rows=hu.shape[0], Columns=hu.shape[1], SamplesPerPixel=1,
        PhotometricInterpretation="MONOCHROME2", BitsAllocated=16, BitsStored=16, HighBit=15,
        PixelRepresentation=1, RescaleIntercept="0", RescaleSlope="1", RescaleType="HU",
    )  # fmt: skip
    for keyword, value in values.items():
        setattr(content, keyword, value)
    content.PixelData = np.ascontiguousarray(hu, "<i2").tobytes()
    return content


def patient_and_study() -> Dataset:
    """Who and when."""
    content = Dataset()
    values = dict(
        SpecificCharacterSet="ISO_IR 100", PatientName="Müller^Test", PatientID="T1",
        PatientBirthDate="19500101", PatientSex="O", StudyInstanceUID=STUDY, StudyDate="20200102",
        StudyTime="030405", ReferringPhysicianName="", StudyID="1", AccessionNumber="",
    )
    for keyword, value in values.items():
        setattr(content, keyword, value)
    return content


def structure_set(rois: Sequence[Dataset], series: str = SERIES, frame: str = FRAME) -> Dataset:
    """A structure set of the ROIs that `roi` makes."""
    content = patient_and_study()
    values = dict(
        SOPClassUID=RT_STRUCT, SOPInstanceUID=generate_uid(prefix=None), Modality="RTSTRUCT",
        SeriesInstanceUID=generate_uid(prefix=None), StructureSetLabel="TEST",
    )
    for keyword, value in values.items():
        setattr(content, keyword, value)
    content.ReferencedFrameOfReferenceSequence = [_set(
        FrameOfReferenceUID=frame,
        RTReferencedStudySequence=[_set(
            ReferencedSOPInstanceUID=STUDY,
            RTReferencedSeriesSequence=[_set(SeriesInstanceUID=series)],
        )],
    )]  # fmt: skip
    content.StructureSetROISequence = [
        _set(ROINumber=n, ROIName=each.name, ReferencedFrameOfReferenceUID=each.frame)
        for n, each in enumerate(rois, 1)
    ]
    content.ROIContourSequence = [
        _set(ReferencedROINumber=n, ContourSequence=each.contours) for n, each in enumerate(rois, 1)
    ]
    return content


class roi:
    """A structure: contours are (n, 3) LPS mm, or contour items made by `contour`."""

    def __init__(self, name: str, contours: Sequence[Any], frame: str = FRAME) -> None:
        self.name, self.frame = name, frame
        self.contours = [
            each if isinstance(each, Dataset) else contour(each) for each in contours
        ]


def contour(
    points: Sequence[Sequence[float]], kind: str = "CLOSED_PLANAR", image: str = ""
) -> Dataset:
    """One contour item."""
    flat = np.asarray(points, float).ravel()
    item = _set(ContourGeometricType=kind, NumberOfContourPoints=len(flat) // 3,
                ContourData=[f"{value:.4f}" for value in flat])  # fmt: skip
    if image:
        item.ContourImageSequence = [_set(ReferencedSOPInstanceUID=image)]
    return item


def box(low: Sequence[float], high: Sequence[float], z: float) -> np.ndarray:
    """A rectangle in a plane: corners (x, y) low and high."""
    (a, b), (c, d) = low, high
    return np.array([[a, b, z], [c, b, z], [c, d, z], [a, d, z]])


def dose(stored: np.ndarray, geometry: Geometry, scaling: float = 0.01, **changes: Any) -> Dataset:
    """An RT dose of stored values [k, j, i], uint16 or uint32."""
    content = patient_and_study()
    bits = stored.dtype.itemsize * 8
    values = dict(
        SOPClassUID=RT_DOSE, SOPInstanceUID=generate_uid(prefix=None), Modality="RTDOSE",
        SeriesInstanceUID=generate_uid(prefix=None), FrameOfReferenceUID=FRAME,
        ImagePositionPatient=list(geometry.origin),
        ImageOrientationPatient=[*geometry.axes[2], *geometry.axes[1]],
        PixelSpacing=list(geometry.spacing[1:]), NumberOfFrames=len(stored),
        GridFrameOffsetVector=[geometry.spacing[0] * k for k in range(len(stored))],
        FrameIncrementPointer=0x3004000C, Rows=stored.shape[1], Columns=stored.shape[2],
        SamplesPerPixel=1, PhotometricInterpretation="MONOCHROME2", BitsAllocated=bits,
        BitsStored=bits, HighBit=bits - 1, PixelRepresentation=0, DoseUnits="GY",
        DoseType="PHYSICAL", DoseSummationType="PLAN", DoseGridScaling=scaling,
    )
    for keyword, value in {**values, **changes}.items():
        setattr(content, keyword, value)
    content.PixelData = np.ascontiguousarray(stored).tobytes()
    return content


def save(content: Dataset, path: Path, syntax: str = EXPLICIT) -> Path:
    """Write a data set as a DICOM file."""
    meta = FileMetaDataset()
    meta.FileMetaInformationGroupLength = 0
    meta.FileMetaInformationVersion = b"\x00\x01"
    meta.MediaStorageSOPClassUID = content.SOPClassUID
    meta.MediaStorageSOPInstanceUID = content.SOPInstanceUID
    meta.TransferSyntaxUID = syntax
    meta.ImplementationClassUID = pydicom.uid.PYDICOM_IMPLEMENTATION_UID
    path.parent.mkdir(parents=True, exist_ok=True)
    file = FileDataset(
        str(path), content, preamble=b"\0" * 128, file_meta=meta,
        is_implicit_VR=syntax == "1.2.840.10008.1.2", is_little_endian=True,
    )  # fmt: skip
    file.save_as(str(path))
    return path


def _set(**values: Any) -> Dataset:
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made
