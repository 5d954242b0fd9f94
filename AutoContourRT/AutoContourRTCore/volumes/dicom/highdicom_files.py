"""The only door to highdicom: DICOM segmentations (SEG), written for a CT series and read.

highdicom (0.25 or newer, Python 3.10) knows the object's many rules; it comes with the extra
`dicom`. Each structure is a segment of its own, so overlaps stay.
"""

from __future__ import annotations

import warnings
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np

from AutoContourRTCore import __version__
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.atomic import atomic_path
from AutoContourRTCore.volumes.dicom import pydicom_files as dicom
from AutoContourRTCore.volumes.dicom.appearance import UNSPECIFIED, Code, Rgb, appearance_of
from AutoContourRTCore.volumes.dicom.grid import grid
from AutoContourRTCore.volumes.dicom.on_slices import check_inside, masks_on
from AutoContourRTCore.volumes.dicom.roi_names import RoiName, chosen_names
from AutoContourRTCore.volumes.dicom.rtstruct_write import (
    PRODUCT,
    Export,
    check_series,
    slice_volume_ml,
    volume_notes,
)
from AutoContourRTCore.volumes.dicom.series import PLACE_MM, Series
from AutoContourRTCore.volumes.labelmap import LabelMap

#: Algorithm families, CID 7162 of PS3.16.
_AI: Code = ("123110", "DCM", "Artificial Intelligence")
_MORPHOLOGY: Code = ("123104", "DCM", "Morphological Operations")
LONGEST_LABEL = 64  # of a segment: value representation LO


@dataclass(frozen=True)
class SegFile:
    """The segments of a DICOM segmentation on its own grid, and what it says of itself.

    instance: its SOP instance UID; colors: red, green, blue (0..255) of the segments that have one.
    """

    labelmap: LabelMap
    frame_of_reference: str
    label: str = ""
    instance: str = ""
    colors: Dict[str, Rgb] = field(default_factory=dict)


def write_seg(
    labelmap: LabelMap,
    series: Optional[Series],
    path: Union[str, Path],
    export: Export,
    also: Optional[LabelMap] = None,
) -> Tuple[str, ...]:
    """Write structures as a DICOM segmentation on the pixels of a CT series; returns notes.

    also: more structures, on a grid of their own.
    Raises InputError, before anything is written, when the series is not known or is another one,
    when it is not known how a structure came about, and for names that will not do.
    """
    hd = _highdicom()
    if series is None:
        raise InputError(
            "A DICOM segmentation must name the images it belongs to, and for these contours none "
            "are known; give the CT's DICOM folder (--ct FOLDER)."
        )
    parts = [labelmap] if also is None else [labelmap, also]
    unknown = [name for part in parts for name in part.names if not export.generated.get(name)]
    if unknown:
        raise InputError(
            f"A DICOM segmentation must say how its contours came about, and for {unknown[0]} it "
            "is not known; say --generated automatic, semiautomatic or manual."
        )
    for part in parts:
        check_inside(part, series)
    empty = [name for part in parts for name, mask in part.masks.items() if not mask.any()]
    masks = {
        name: masks_on(mask, part.geometry, series)
        for part in parts for name, mask in part.masks.items() if name not in empty
    }  # fmt: skip
    names = list(masks)
    labels = segment_labels(names, export.names)
    lost = [name for name, mask in masks.items() if not mask.any()]
    if lost or not names:
        raise InputError(
            f"No voxel of {', '.join(lost) or 'any structure'} would lie on the CT; nothing was "
            "written."
        )
    check_series(series, Path(path))
    sources = [dicom.complete(dicom.read_without_pixels(each.path)) for each in series.slices]
    _tell_distance(sources, series)
    with warnings.catch_warnings(), _refused(series):
        warnings.simplefilter("ignore")  # of remarks on the source's values
        made = hd.seg.Segmentation(
            source_images=sources, pixel_array=np.stack(list(masks.values()), axis=-1),
            segmentation_type="BINARY",
            segment_descriptions=[
                _segment(hd, n, name, labels[name], export) for n, name in enumerate(names, 1)
            ],
            series_instance_uid=dicom.new_uid(), series_number=1, sop_instance_uid=dicom.new_uid(),
            instance_number=1, manufacturer=PRODUCT, manufacturer_model_name=PRODUCT,
            software_versions=__version__, device_serial_number="none",
            content_label="CONTOURS",
            content_description=f"{PRODUCT} contours{'' if export.reviewed else ', not reviewed'}",
        )  # fmt: skip
        with atomic_path(path) as temporary:
            made.save_as(str(temporary))
            _check_labels(temporary, [labels[name].roi_name for name in names])
    notes = [f"Empty structures are left out: {', '.join(empty)}."] if empty else []
    for part in parts:
        volumes = {name: _volume_ml(masks[name], series) for name in part.names if name in masks}
        notes += volume_notes(part, volumes, series)
    return tuple(notes)


def _check_labels(path: Path, labels: Sequence[str]) -> None:
    """Raise InputError for a label that is not written as it is: the object has the CT's character
    set, and what that lacks becomes a question mark."""
    written = [str(each.SegmentLabel) for each in dicom.read_without_pixels(path).SegmentSequence]
    for label, found in zip(labels, written):
        if label != found:
            raise InputError(
                f"The segment {label!r} would be written as {found!r}: the character set of the CT "
                "lacks a letter of it; rename it."
            )


def _volume_ml(mask: np.ndarray, series: Series) -> float:
    """Of a mask on the pixels of the slices [slice, j, i]."""
    return slice_volume_ml(mask.sum(axis=(1, 2)) * np.prod(series.first.spacing), series)


def _tell_distance(sources: List[Any], series: Series) -> None:
    """Put down how the slices lie: what a CT itself says of it may be wrong, or not there, and
    highdicom takes it over."""
    steps = np.diff(series.heights)
    step = float(steps.mean()) if len(steps) and np.ptp(steps) <= PLACE_MM else None
    known = [each for each in series.first.thickness if each > 0]
    thickness = known[0] if known else step or 1.0
    if len(steps) and step is None:  # the largest, so that no reader finds an even distance
        thickness = float(steps.max())
    for source in sources:
        source.SliceThickness = f"{thickness:.6g}"
        if step is not None:
            source.SpacingBetweenSlices = f"{step:.6g}"
        elif "SpacingBetweenSlices" in source:
            del source.SpacingBetweenSlices


@contextmanager
def _refused(series: Series) -> Iterator[None]:
    """InputError for what highdicom says against the values of a CT."""
    try:
        yield
    except (ValueError, AttributeError, TypeError) as error:
        raise InputError(
            f"{series.where}: a DICOM segmentation cannot be made for this CT ({error}). Export "
            "the CT again, or write a structure set (RTSTRUCT)."
        ) from error


def segment_labels(
    names: Sequence[str], name_map: Optional[Mapping[str, RoiName]] = None
) -> Dict[str, RoiName]:
    """What each segment is called: the clinic's name, else its own.

    Raises InputError for labels that are empty, too long, or the same for two structures.
    """
    chosen = chosen_names(names, name_map)
    counts = Counter(each.roi_name.lower() for each in chosen.values())
    for name, each in chosen.items():
        if not 0 < len(each.roi_name.strip()) <= LONGEST_LABEL:
            raise InputError(
                f"The segment {name!r} would be called {each.roi_name!r}, which must have 1 to "
                f"{LONGEST_LABEL} characters; rename it."
            )
        if counts[each.roi_name.lower()] > 1:
            raise InputError(
                f"Two segments would be called {each.roi_name!r}, one of them {name!r}; rename one."
            )
    return chosen


def _segment(hd: Any, number: int, name: str, label: RoiName, export: Export) -> Any:
    look = appearance_of(name)
    how = export.generated[name]
    segment = hd.seg.SegmentDescription(
        segment_number=number, segment_label=label.roi_name,
        segmented_property_category=_code(hd, look.category),
        segmented_property_type=_code(hd, look.type or UNSPECIFIED),
        algorithm_type=how,
        algorithm_identification=None if how == "MANUAL" else _algorithm(hd, name, export),
        display_color=hd.color.CIELabColor.from_rgb(*export.color_of(name, label)),
    )  # fmt: skip
    if look.modifier:
        value, scheme, meaning = look.modifier
        modifier = dicom.dataset(
            CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning
        )
        segment.SegmentedPropertyTypeCodeSequence[0].SegmentedPropertyTypeModifierCodeSequence = [
            modifier
        ]
    return segment


def _algorithm(hd: Any, name: str, export: Export) -> Any:
    """The model; for the outline of the patient the program itself, which finds it by threshold."""
    if name in export.not_by_model:
        family, what, version = _MORPHOLOGY, f"{PRODUCT} outline of the patient", __version__
    else:
        family, (what, version) = _AI, export.model_of(name)
    return hd.AlgorithmIdentificationSequence(
        name=what or "not known", family=_code(hd, family), version=version or "not known",
        source=PRODUCT,
    )  # fmt: skip


def _code(hd: Any, code: Code) -> Any:
    value, scheme, meaning = code
    return hd.sr.CodedConcept(value=value, scheme_designator=scheme, meaning=meaning)


def read_seg(path: Path) -> Tuple[LabelMap, str]:
    """The segments of a DICOM segmentation on its own grid, and its frame of reference."""
    found = read_seg_file(path)
    return found.labelmap, found.frame_of_reference


def read_seg_file(path: Path) -> SegFile:
    """A DICOM segmentation.

    A probability counts as inside from one half. Raises InputError for a file that is none, for
    frames that form no even, upright volume, and where nothing tells how far slices lie apart.
    """
    hd = _highdicom()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            content = dicom.read_dataset(path)
            _settle_distance(content, path)
            found = hd.seg.Segmentation.from_dataset(content, copy=False)
            volume = found.get_volume(combine_segments=False, dtype=np.float32)
    except (ValueError, RuntimeError, AttributeError, KeyError, TypeError) as error:
        raise InputError(f"{path} cannot be read as a DICOM segmentation: {error}") from error
    affine = np.asarray(volume.affine)
    steps = affine[:3, :3].T  # rows: the LPS step along each array axis
    spacing = np.linalg.norm(steps, axis=1)
    array = np.asarray(volume.array)
    if np.dot(np.cross(steps[2], steps[1]), steps[0]) < 0:  # k grows along the normal, as in a CT
        array, affine = array[::-1], affine @ _flip_first(len(array))
        steps = affine[:3, :3].T
    geometry = grid(array.shape[:3], spacing, affine[:3, 3].tolist(), steps / spacing[:, None])
    masks: Dict[str, np.ndarray] = {}
    colors: Dict[str, Rgb] = {}
    for index, number in enumerate(_numbers(found)):
        segment = found.get_segment_description(number)
        name = str(segment.segment_label)
        if name in masks:
            raise InputError(f"{path} has two segments named {name!r}; rename one.")
        masks[name] = np.asarray(array[..., index] >= 0.5)
        color = _color(hd, segment)
        if color is not None:
            colors[name] = color
    return SegFile(
        LabelMap(masks, geometry), dicom.text(found, "FrameOfReferenceUID"),
        dicom.text(found, "ContentLabel"), dicom.text(found, "SOPInstanceUID"), colors,
    )  # fmt: skip


def _settle_distance(content: Any, path: Path) -> None:
    """Put down the slice distance of a file that does not tell it, where it can be known: frames
    without a voxel are left out, so that there may be slices between two frames.

    Raises InputError for frames that lie beside each other, and where the distance is not known.
    """
    frames = content.PerFrameFunctionalGroupsSequence
    shared = content.SharedFunctionalGroupsSequence[0]

    def group(frame: Any, keyword: str) -> Any:
        return (frame if keyword in frame else shared)[keyword][0]

    measures = group(frames[0], "PixelMeasuresSequence")
    turned = group(frames[0], "PlaneOrientationSequence").ImageOrientationPatient
    places = np.array(
        [group(each, "PlanePositionSequence").ImagePositionPatient for each in frames], float
    )
    places -= places[0]
    i, j = np.reshape(np.array(turned, float), (2, 3))
    heights = places @ np.cross(i, j)
    beside = float(np.abs(places @ np.array([i, j]).T).max())
    if beside > min(map(float, measures.PixelSpacing)) / 2:
        raise InputError(
            f"{path}: its frames lie up to {beside:.1f} mm beside each other, as of a tilted "
            "gantry, which is not read; give a structure set (RTSTRUCT) with its CT."
        )
    if not measures.get("SpacingBetweenSlices"):
        step = _step(heights, float(measures.get("SliceThickness") or 0.0))
        if not step:
            raise InputError(
                f"{path} does not tell how far its slices lie apart (SpacingBetweenSlices), and "
                "its frames do not show it; give a structure set (RTSTRUCT) with its CT."
            )
        measures.SpacingBetweenSlices = f"{step:.6g}"


def _step(heights: np.ndarray, thickness: float) -> float:
    """The distance of slices of which only some have a frame; 0 where it cannot be known."""
    rising = np.sort(heights)
    steps = np.diff(rising[np.diff(rising, prepend=-np.inf) > PLACE_MM])
    if not len(steps):
        return thickness
    if np.ptp(steps) <= PLACE_MM and steps.min() < thickness:  # slices that overlap
        return float(steps.mean())
    times = np.rint(steps / (thickness or np.inf))
    known = times.min() == 1 and np.abs(steps - times * thickness).max() <= PLACE_MM
    return thickness if known else 0.0


def _color(hd: Any, segment: Any) -> Optional[Rgb]:
    """Red, green, blue; None where the segment has none, or highdicom is too old to tell."""
    read = getattr(hd.color.CIELabColor, "from_dicom_value", None)
    value = segment.get("RecommendedDisplayCIELabValue")
    if read is None or value is None or len(value) != 3:
        return None
    red, green, blue = (int(round(part)) for part in read(list(value)).to_rgb(clip=True))
    return red, green, blue


def _flip_first(count: int) -> np.ndarray:
    """The matrix from indices of an array flipped along its first axis to its own."""
    matrix = np.eye(4)
    matrix[0, 0], matrix[0, 3] = -1, count - 1
    return matrix


def _numbers(found: Any) -> List[int]:
    return [int(number) for number in found.segment_numbers]


def _highdicom() -> Any:
    try:
        import highdicom
        import highdicom.seg
    except ImportError as error:
        raise InputError(
            "DICOM segmentations need the Python package highdicom (0.25 or newer, Python 3.10), "
            "which is not there; install it with: pip install 'highdicom>=0.25' (3D Slicer's "
            "Python console: slicer.util.pip_install('highdicom>=0.25'))"
        ) from error
    if not hasattr(highdicom.seg.Segmentation, "get_volume"):
        raise InputError(
            f"highdicom {highdicom.__version__} is too old; DICOM segmentations need 0.25 or newer."
        )
    return highdicom
