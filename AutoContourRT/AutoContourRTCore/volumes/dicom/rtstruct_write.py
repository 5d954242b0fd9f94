"""Masks -> a structure set (RTSTRUCT) on the planes of the CT's slices, as planning systems ask.

Attributes: DICOM PS3.3, A.19 (RT Structure Set IOD). Patient, study and frame of reference are the
CT's; every contour names the slice in whose plane it lies. Holes are keyholes: see outlines.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np

from AutoContourRTCore import __version__
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.dicom import pydicom_files as dicom
from AutoContourRTCore.volumes.dicom.appearance import EXTERNAL, Code, Rgb, appearance_of
from AutoContourRTCore.volumes.dicom.on_slices import check_inside, contours_on
from AutoContourRTCore.volumes.dicom.polygons import area
from AutoContourRTCore.volumes.dicom.roi_names import LONGEST, NameMap, RoiName, roi_names
from AutoContourRTCore.volumes.dicom.scan import RT_STRUCT
from AutoContourRTCore.volumes.dicom.series import Series
from AutoContourRTCore.volumes.labelmap import LabelMap

PRODUCT = "AutoContourRT"
DIGITS = 3  # of coordinates in mm
MOST_CHANGE = 0.05  # of its volume; more on the way to the slices is told
BY_MODEL = ("AUTOMATIC", "SEMIAUTOMATIC")
GENERATED = (*BY_MODEL, "MANUAL", "")
#: Algorithm family, CID 7162 of PS3.16.
_AI: Code = ("123110", "DCM", "Artificial Intelligence")
_STUDY_CLASS = "1.2.840.10008.3.1.2.3.1"  # Detached Study Management, retired; still expected
_PATIENT = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex")
_STUDY = ("StudyInstanceUID", "StudyDate", "StudyTime", "ReferringPhysicianName", "StudyID",
          "AccessionNumber")  # fmt: skip
_IF_THERE = ("SpecificCharacterSet", "StudyDescription", "PatientIdentityRemoved",
             "DeidentificationMethod", "DeidentificationMethodCodeSequence")  # fmt: skip


@dataclass(frozen=True)
class Export:
    """What a structure set says besides its contours.

    label: what planning systems list it by, at most 16 characters.
    names: the clinic's names (roi_names).
    generated: how each structure came about: AUTOMATIC, SEMIAUTOMATIC (edited by a person), MANUAL,
    or "" (not known, also for those not named here). models: "id version" of what made the first
    two; those in not_by_model were made by another program. kinds, colors: interpreted type and
    red, green, blue, where the clinic's names say nothing and they are not the usual ones.
    reviewed: whether a person has said of each that it is right. now: when it was made; None: the
    time of writing.
    """

    label: str = PRODUCT
    names: Optional[NameMap] = None
    generated: Mapping[str, str] = field(default_factory=dict)
    models: Mapping[str, str] = field(default_factory=dict)
    not_by_model: Tuple[str, ...] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)
    colors: Mapping[str, Rgb] = field(default_factory=dict)
    reviewed: bool = False
    now: Optional[datetime] = None

    def __post_init__(self) -> None:
        if not 0 < len(self.label.strip()) <= LONGEST or not self.label.isascii():
            raise InputError(
                f"The label {self.label!r} must have 1 to {LONGEST} plain characters; shorten it."
            )
        for name, how in self.generated.items():
            if how not in GENERATED:
                raise InputError(f"{name} is said to be {how!r}; give one of {GENERATED}.")

    def model_of(self, name: str) -> Tuple[str, str]:
        """The model that made a structure and its version; "" for none, or not known."""
        if self.generated.get(name, "") not in BY_MODEL:
            return "", ""
        model, _, version = self.models.get(name, "").partition(" ")
        return model, version

    def kind_of(self, name: str, chosen: RoiName) -> str:
        """The interpreted type of a structure."""
        return chosen.kind or self.kinds.get(name) or appearance_of(name).kind

    def color_of(self, name: str, chosen: RoiName) -> Rgb:
        """The colour of a structure."""
        return chosen.color or self.colors.get(name) or appearance_of(name).color


def write_rtstruct(
    labelmap: LabelMap,
    series: Optional[Series],
    path: Union[str, Path],
    export: Optional[Export] = None,
    also: Optional[LabelMap] = None,
) -> Tuple[str, ...]:
    """Write structures as an RTSTRUCT file for a CT series; returns notes: what was left out.

    The masks may lie on any grid: contours are drawn in the planes of the series' slices.
    also: more structures, on a grid of their own.
    Raises InputError, before anything is written, when the series is not known (None) or is
    another one, for names that will not do, and for a structure that would be lost.
    """
    export = export or Export()
    if series is None:
        raise InputError(
            "A structure set must name the DICOM images it belongs to, and for these contours none "
            "are known; give the CT's DICOM folder (--ct FOLDER)."
        )
    check_series(series, Path(path))
    parts = [labelmap] if also is None else [labelmap, also]
    for part in parts:
        check_inside(part, series)
    empty = [name for part in parts for name, mask in part.masks.items() if not mask.any()]
    filled = [part.only([name for name in part.names if name not in empty]) for part in parts]
    names = roi_names([name for part in filled for name in part.names], export.names)
    if not names:
        raise InputError("There is no voxel in any structure; no structure set was written.")
    contours = {name: _contours(name, part, series) for part in filled for name in part.names}
    notes = [f"Empty structures are left out: {', '.join(empty)}."] if empty else []
    notes += [note for part in filled for note in _changed(contours, part, series)]
    content = _head(series, export)
    _add_references(content, series)
    _add_rois(content, contours, names, series, export)
    dicom.write_dataset(content, Path(path))
    return tuple(notes)


def check_series(series: Series, path: Optional[Path] = None) -> None:
    """Raise InputError for slices without the identity that a structure set must name, and where
    it would take the place (path) of one of them."""
    if path is not None and path.exists() and any(path.samefile(s.path) for s in series.slices):
        raise InputError(f"{path} is a slice of the CT that is read here; give another name.")
    first = series.first
    for what, value in (("frame of reference", first.frame_of_reference), ("study", first.study),
                        ("series", first.series)):  # fmt: skip
        if not value:
            raise InputError(
                f"{series.where}: the CT has no UID of its {what}, which a structure set must name;"
                " export the CT again."
            )
    if not all(each.sop_instance for each in series.slices):
        raise InputError(f"{series.where}: slices have no instance UID; export the CT again.")


def _contours(name: str, labelmap: LabelMap, series: Series) -> List[List[np.ndarray]]:
    found = contours_on(labelmap.masks[name], labelmap.geometry, series)
    if not any(found):
        raise InputError(
            f"{name} lies wholly between the slices of {series.where}: no contour would be left. "
            "Leave it out (--structures), or export it with a CT of thinner slices."
        )
    return found


def _changed(
    contours: Dict[str, List[List[np.ndarray]]], labelmap: LabelMap, series: Series
) -> List[str]:
    volumes = {name: contour_volume_ml(contours[name], series) for name in labelmap.names}
    return volume_notes(labelmap, volumes, series)


def volume_notes(labelmap: LabelMap, volumes: Mapping[str, float], series: Series) -> List[str]:
    """A note for each structure whose volume on the slices (ml) is not that of its mask."""
    return [
        f"{name} has {labelmap.volume_ml(name):.2f} ml in its mask, {ml:.2f} ml on the slices of "
        f"{series.where}: their distance or place differs. Check it."
        for name, ml in volumes.items()
        if abs(ml - labelmap.volume_ml(name)) > MOST_CHANGE * labelmap.volume_ml(name)
    ]


def contour_volume_ml(slices: List[List[np.ndarray]], series: Series) -> float:
    """The area of contours on each slice times the distance half-way to its neighbours, in ml."""
    rows = series.axes[1:]
    areas = [sum(abs(area(points @ rows.T)) for points in polygons) for polygons in slices]
    return slice_volume_ml(areas, series)


def slice_volume_ml(areas: Sequence[float], series: Series) -> float:
    """Areas (mm2) on each slice times the distance half-way to its neighbours, in ml."""
    heights = series.heights
    steps = np.gradient(heights) if len(heights) > 1 else [series.plane(0).spacing[0]]
    return float(np.dot(areas, steps)) / 1000.0


# The data set


def _head(series: Series, export: Export) -> Any:
    """Patient, study, series, equipment, structure set, approval."""
    source = dicom.read_without_pixels(series.first.path)
    now = export.now or datetime.now()
    date, time = now.strftime("%Y%m%d"), now.strftime("%H%M%S")
    content = dicom.dataset(
        SOPClassUID=RT_STRUCT, SOPInstanceUID=dicom.new_uid(),
        InstanceCreationDate=date, InstanceCreationTime=time,
        Modality="RTSTRUCT", SeriesInstanceUID=dicom.new_uid(), SeriesNumber=1,
        SeriesDescription=f"{PRODUCT} contours{'' if export.reviewed else ', not reviewed'}",
        SeriesDate=date, SeriesTime=time,
        OperatorsName="", Manufacturer=PRODUCT, ManufacturerModelName=PRODUCT,
        SoftwareVersions=_software(export), InstanceNumber=1,
        FrameOfReferenceUID=series.first.frame_of_reference, PositionReferenceIndicator="",
        StructureSetLabel=export.label, StructureSetDate=date, StructureSetTime=time,
        ApprovalStatus="UNAPPROVED",
    )  # fmt: skip
    dicom.copy_values(source, (*_PATIENT, *_STUDY), content)
    dicom.copy_values(source, [name for name in _IF_THERE if name in source], content)
    return content


def _software(export: Export) -> List[str]:
    """This program's version, and the models."""
    return [__version__, *(name[:64] for name in dict.fromkeys(export.models.values()))]


def _add_references(content: Any, series: Series) -> None:
    """The frame of reference, the study, the series and all its slices."""
    content.ReferencedFrameOfReferenceSequence = [dicom.dataset(
        FrameOfReferenceUID=series.first.frame_of_reference,
        RTReferencedStudySequence=[dicom.dataset(
            ReferencedSOPClassUID=_STUDY_CLASS,
            ReferencedSOPInstanceUID=series.first.study,
            RTReferencedSeriesSequence=[dicom.dataset(
                SeriesInstanceUID=series.first.series,
                ContourImageSequence=[_image(series, n) for n in range(len(series.slices))],
            )],
        )],
    )]  # fmt: skip


def _image(series: Series, index: int) -> Any:
    each = series.slices[index]
    return dicom.dataset(
        ReferencedSOPClassUID=each.sop_class, ReferencedSOPInstanceUID=each.sop_instance
    )


def _add_rois(
    content: Any, contours: Dict[str, List[List[np.ndarray]]], names: Mapping[str, RoiName],
    series: Series, export: Export,
) -> None:  # fmt: skip
    numbered = list(enumerate(contours, 1))
    content.StructureSetROISequence = [
        _roi(number, name, names[name].roi_name, series, export)
        for number, name in numbered
    ]
    content.ROIContourSequence = [
        dicom.dataset(
            ROIDisplayColor=list(export.color_of(name, names[name])),
            ContourSequence=_contour_items(contours[name], series),
            ReferencedROINumber=number,
        )
        for number, name in numbered
    ]
    content.RTROIObservationsSequence = [
        _observation(number, name, export.kind_of(name, names[name])) for number, name in numbered
    ]


def _roi(number: int, name: str, roi_name: str, series: Series, export: Export) -> Any:
    how, (model, version) = export.generated.get(name, ""), export.model_of(name)
    roi = dicom.dataset(
        ROINumber=number, ReferencedFrameOfReferenceUID=series.first.frame_of_reference,
        ROIName=roi_name, ROIGenerationAlgorithm=how,
    )  # fmt: skip
    if model:
        roi.ROIGenerationDescription = f"{PRODUCT} {__version__}, model {model} {version}"[:64]
        roi.ROIDerivationAlgorithmIdentificationSequence = [dicom.dataset(
            AlgorithmFamilyCodeSequence=[_code(_AI)], AlgorithmName=model[:64],
            AlgorithmVersion=version[:64] or "unknown", AlgorithmSource=PRODUCT,
        )]  # fmt: skip
    return roi


def _contour_items(slices: List[List[np.ndarray]], series: Series) -> List[Any]:
    """The contours of one structure, numbered from below."""
    items: List[Any] = []
    for index, polygons in enumerate(slices):
        for points in polygons:
            item = dicom.dataset(
                ContourNumber=len(items) + 1, ContourImageSequence=[_image(series, index)],
                ContourGeometricType="CLOSED_PLANAR", NumberOfContourPoints=len(points),
            )  # fmt: skip
            dicom.set_decimals(item, "ContourData", points, DIGITS)
            items.append(item)
    return items


def _observation(number: int, name: str, kind: str) -> Any:
    look = appearance_of(name)
    observation = dicom.dataset(
        ObservationNumber=number, ReferencedROINumber=number, RTROIInterpretedType=kind,
        ROIInterpreter="",
    )
    if look.type and kind != EXTERNAL:
        code = _code(look.type)
        if look.modifier:
            code.SegmentedPropertyTypeModifierCodeSequence = [_code(look.modifier)]
        observation.RTROIIdentificationCodeSequence = [code]
    return observation


def _code(code: Code) -> Any:
    value, scheme, meaning = code
    return dicom.dataset(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)
