"""A structure set, segmentation or dose file in, masks on an image's grid or Gy out: what the
worker does for the reading in 3D Slicer.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from AutoContourRTCore.anatomy.catalogue import UnknownStructure, find
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.messages import ARE_PATHS, MAY_BE_EMPTY, Message, Rule
from AutoContourRTCore.progress import Progress, ignore_progress, part_of
from AutoContourRTCore.volumes.dicom.appearance import Rgb
from AutoContourRTCore.volumes.dicom.rtdose import read_rtdose
from AutoContourRTCore.volumes.dicom.rtstruct_read import read_structure_set
from AutoContourRTCore.volumes.dicom.same_image import check_same_image, read_sample
from AutoContourRTCore.volumes.dicom.scan import RT_DOSE, RT_STRUCT, SEGMENTATION, sop_class_of
from AutoContourRTCore.volumes.dicom.series import Loaded, load, series_of_files
from AutoContourRTCore.volumes.dicom.structures import Image, own_slices, place
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.resample import resample_labelmap
from AutoContourRTCore.volumes.segfile import write_labelmap

STRUCTURES, DOSE = "structures", "dose"


@dataclass(frozen=True)
class ReadRtRequest(Message):
    """Read an RTSTRUCT, DICOM segmentation or RTDOSE file for an image that the user has open.

    input: the file. output: where the result goes, a path without suffix. image_name: what messages
    call the image; grid: the fields of its Geometry. files: of its DICOM slices; with them, image:
    a sample of its voxels (see `write_sample`), to be compared with theirs. Without files,
    no_files: why there are none; instances: SOP instance UIDs of its slices, as far as known.
    """

    id: str
    input: str
    output: str
    image_name: str
    grid: Dict[str, Any]
    files: Tuple[str, ...] = ()
    image: str = ""
    no_files: str = ""
    instances: Tuple[str, ...] = ()

    rules: ClassVar[Mapping[str, Rule]] = {
        "grid": (lambda v: isinstance(v, dict), "the fields of a grid"),
        "files": ARE_PATHS,
        "instances": (lambda v: isinstance(v, (list, tuple)), "UIDs"),
        **{name: MAY_BE_EMPTY for name in ("image_name", "image", "no_files")},
    }


@dataclass(frozen=True)
class ReadStructure:
    """name: as TG-263 where that is known and nothing else would be called so, else roi_name, the
    name in the file. color: the file's, None where it has none. kind: interpreted type, or "".
    """

    name: str
    roi_name: str
    color: Optional[Rgb] = None
    kind: str = ""


@dataclass(frozen=True)
class ReadRtResult:
    """kind: STRUCTURES, a .seg.nrrd file at output with `structures` in its order; or DOSE, Gy as
    .npy [k, j, i] float32, `grid` the fields of its Geometry.

    label: the file's modality and what it calls itself; instance: its SOP instance UID.
    """

    kind: str
    output: str
    label: str
    instance: str
    warnings: Tuple[str, ...] = ()
    structures: Tuple[ReadStructure, ...] = ()
    grid: Dict[str, Any] = field(default_factory=dict)


class ReadRtService:
    """Serves one request after the other."""

    def __call__(
        self, request: ReadRtRequest, progress: Progress = ignore_progress
    ) -> ReadRtResult:
        """Read. Raises InputError for what the user can mend: another kind of file, another
        patient's, an image that is not where its DICOM slices are; Cancelled from the callback.
        """
        progress(0.0, "reading the file")
        path = Path(request.input)
        kind = _kind_of(path)
        image = _image(request, progress)
        if kind == RT_DOSE:
            return _read_dose(path, image, request)
        if kind == RT_STRUCT:
            return _read_structures(path, image, request, progress)
        return _read_segmentation(path, image, request, progress)


def segment_names(roi_names: Sequence[str]) -> Dict[str, str]:
    """The TG-263 name of each ROI; its own where that is unknown or would stand for two."""
    known = {name: _tg263(name) for name in roi_names}
    found = list(known.values())
    return {
        name: other if other and found.count(other) == 1 else name for name, other in known.items()
    }


def _tg263(name: str) -> str:
    try:
        return find(name).name
    except UnknownStructure:
        return ""


def _kind_of(path: Path) -> str:
    kind = sop_class_of(path)
    if kind not in (RT_STRUCT, RT_DOSE, SEGMENTATION):
        what = "DICOM, but no" if kind else "no DICOM"
        raise InputError(
            f"{path} is {what} structure set (RTSTRUCT), dose (RTDOSE) or segmentation (SEG); give "
            "one of these."
        )
    return kind


def _label(modality: str, label: str, path: Path) -> str:
    return f"{modality} {label or path.stem}"


# The image that is open


def _image(request: ReadRtRequest, progress: Progress) -> Image:
    """It, with its DICOM identity where its slices are known and show the same."""
    try:
        geometry = Geometry(**request.grid)
    except TypeError as error:
        raise InputError(f"The grid of {request.image_name} is wrong: {error}.") from error
    if not request.files:
        notes = (request.no_files,) if request.no_files else ()
        named = frozenset(request.instances)
        return Image(request.image_name, geometry, instances=named, notes=notes)
    ct = _ct(request, progress)
    instances = frozenset(each.sop_instance for each in ct.series.slices)
    frame = ct.series.first.frame_of_reference
    slices = own_slices(ct.series, geometry)
    return Image(request.image_name, geometry, frame, instances, ct.notes, slices)


def _ct(request: ReadRtRequest, progress: Progress) -> Loaded:
    """The slices of the image, after a look whether it still shows what they show."""
    progress(0.05, "reading the CT's DICOM files")
    where = f"the DICOM series of {request.image_name}"
    ct = load(series_of_files([Path(each) for each in request.files], where))
    if request.image:
        progress(0.35, "comparing the image with them")
        check_same_image(
            read_sample(Path(request.image)), ct.volume, request.image_name, ct.series.where
        )
    return ct


# Structures


def _read_structures(
    path: Path, image: Image, request: ReadRtRequest, progress: Progress
) -> ReadRtResult:
    progress(0.4, "reading the structure set")
    found = read_structure_set(path)
    placed = place(found, image, part_of(progress, 0.45, 0.85))
    rois = {roi.name: roi for roi in found.rois}
    names = segment_names(placed.labelmap.names)
    structures = tuple(
        ReadStructure(names[name], name, rois[name].color, rois[name].kind)
        for name in placed.labelmap.names
    )
    label = _label("RTSTRUCT", found.label, path)
    return _written(
        placed.labelmap, structures, request, progress, label, found.instance, placed.notes
    )


def _read_segmentation(
    path: Path, image: Image, request: ReadRtRequest, progress: Progress
) -> ReadRtResult:
    from AutoContourRTCore.volumes.dicom.highdicom_files import read_seg_file

    progress(0.4, "reading the segmentation")
    found = read_seg_file(path)
    _check_frame(path, found.frame_of_reference, image)
    labelmap, notes = resample_labelmap(found.labelmap, image.geometry)
    if not any(mask.any() for mask in labelmap.masks.values()):
        raise InputError(f"{path}: nothing of it lies on {image.where}.")
    names = segment_names(labelmap.names)
    structures = tuple(
        ReadStructure(names[name], name, found.colors.get(name)) for name in labelmap.names
    )
    notes = [*image.notes, *_unknown_frame(image, found.frame_of_reference), *notes]
    label = _label("SEG", found.label, path)
    return _written(labelmap, structures, request, progress, label, found.instance, notes)


def _written(
    labelmap: LabelMap, structures: Tuple[ReadStructure, ...], request: ReadRtRequest,
    progress: Progress, label: str, instance: str, notes: Sequence[str],
) -> ReadRtResult:  # fmt: skip
    progress(0.85, "handing the contours over")
    output = f"{request.output}.seg.nrrd"
    renamed = {each.name: labelmap.masks[each.roi_name] for each in structures}
    write_labelmap(LabelMap(renamed, labelmap.geometry), output)
    return ReadRtResult(STRUCTURES, output, label, instance, tuple(notes), structures)


# Dose


def _read_dose(path: Path, image: Image, request: ReadRtRequest) -> ReadRtResult:
    dose = read_rtdose(path)
    _check_frame(path, dose.frame_of_reference, image)
    output = f"{request.output}.npy"
    with open(output, "wb") as file:
        np.save(file, np.asarray(dose.volume.array, np.float32))
    unknown = _unknown_frame(image, dose.frame_of_reference)
    return ReadRtResult(
        DOSE, output, _label("RTDOSE", dose.label, path), dose.instance,
        (*image.notes, *unknown, *dose.notes), grid=asdict(dose.volume.geometry),
    )  # fmt: skip


def _check_frame(path: Path, frame: str, image: Image) -> None:
    """Raise InputError where both frames of reference are known and differ."""
    if frame and image.frame_of_reference and frame != image.frame_of_reference:
        raise InputError(
            f"{path} has the frame of reference {frame}, {image.where} "
            f"{image.frame_of_reference}: it belongs to another image. Choose that one."
        )


def _unknown_frame(image: Image, frame: str) -> List[str]:
    """A note where nobody can tell whether the two belong together."""
    if frame and image.frame_of_reference:
        return []
    what = image.where if frame else "The file"
    return [f"{what} has no frame of reference; it was placed by its coordinates alone."]
