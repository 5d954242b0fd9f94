"""DICOM segmentations, written for a CT and read again."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, List, Tuple

import numpy as np
import pydicom
import pytest

import dicom_series as made
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.dicom.highdicom_files import read_seg, read_seg_file, write_seg
from AutoContourRTCore.volumes.dicom.roi_names import RoiName
from AutoContourRTCore.volumes.dicom.rtstruct_write import Export, write_rtstruct
from AutoContourRTCore.volumes.dicom.series import Series, find_series
from AutoContourRTCore.volumes.dicom.structures import image_of
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap

pytest.importorskip("highdicom")

GRID = Geometry((6, 16, 20), (3.0, 1.0, 1.5), (-7.0, 11.0, -40.0))
AUTOMATIC = Export(generated={"Parotid_L": "AUTOMATIC", "Odd": "SEMIAUTOMATIC", "E": "MANUAL"},
                   models=dict.fromkeys(("Parotid_L", "Odd"), "head_neck_7 1.0"))  # fmt: skip


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Series:
    folder = tmp_path_factory.mktemp("ct")
    made.write_ct(folder, np.zeros(GRID.shape, np.int16), GRID)
    return find_series(folder)


def _labelmap() -> LabelMap:
    one, other = np.zeros(GRID.shape, bool), np.zeros(GRID.shape, bool)
    one[1:4, 3:9, 3:9], other[2:5, 5:12, 5:12] = True, True
    return LabelMap({"Parotid_L": one, "Odd": other, "E": np.zeros(GRID.shape, bool)}, GRID)


def test_segments_that_overlap_come_back_at_their_place(series: Series, tmp_path: Path) -> None:
    notes = write_seg(_labelmap(), series, tmp_path / "S.dcm", AUTOMATIC)
    assert notes == ("Empty structures are left out: E.",)
    found, frame = read_seg(tmp_path / "S.dcm")
    assert found.names == ("Parotid_L", "Odd") and frame == made.FRAME
    for name in found.names:
        mine = GRID.to_lps(np.argwhere(_labelmap().masks[name]))
        assert np.allclose(found.geometry.to_lps(np.argwhere(found.masks[name])), mine, atol=1e-4)
    assert np.allclose(found.geometry.axes, GRID.axes)


def other_values(folder: Path, **values: Any) -> Series:
    """A CT that says this; None: does not say it."""
    made.write_ct(folder, np.zeros(GRID.shape, np.int16), GRID)
    for path in folder.iterdir():
        dataset = pydicom.dcmread(path)
        for keyword, value in values.items():
            if value is None and keyword in dataset:
                delattr(dataset, keyword)
            elif value is not None:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    setattr(dataset, keyword, value)
        dataset.save_as(path)
    return find_series(folder)


@pytest.mark.parametrize(
    "values",
    [
        {"SpecificCharacterSet": ["", "ISO 2022 IR 87"], "PatientName": "Yamada^Tarou"},
        {"AccessionNumber": None, "StudyID": None, "StudyDate": None},
        {"PatientBirthDate": None, "PatientSex": None, "ReferringPhysicianName": None},
        {"StudyTime": "12:30:45"}, {"PatientBirthDate": "1950-01-01"}, {"PatientSex": "X"},
    ],
)
def test_ordinary_cts_that_break_the_standard_a_bit_are_segmented(
    tmp_path: Path, values: Dict[str, Any]
) -> None:
    series = other_values(tmp_path / "ct", **values)
    write_seg(_labelmap(), series, tmp_path / "S.dcm", AUTOMATIC)
    assert read_seg(tmp_path / "S.dcm")[0].names == ("Parotid_L", "Odd")
    assert str(pydicom.dcmread(tmp_path / "S.dcm").PatientName) == (
        str(pydicom.dcmread(series.slices[0].path).PatientName)
    )


@pytest.mark.parametrize(
    "values",
    [
        {"SpacingBetweenSlices": "1"},
        {"SpacingBetweenSlices": "5"},
        {"SpacingBetweenSlices": "0"},
        {"SliceThickness": ""},
        {"SliceThickness": "5"},
    ],
)
def test_what_a_ct_says_of_its_slice_distance_does_not_count(
    tmp_path: Path, values: Dict[str, Any]
) -> None:
    labelmap = _labelmap().only(["Parotid_L", "Odd"])
    write_seg(labelmap, other_values(tmp_path / "ct", **values), tmp_path / "S.dcm", AUTOMATIC)
    found, _ = read_seg(tmp_path / "S.dcm")
    assert found.geometry.spacing == pytest.approx(GRID.spacing)
    for name in labelmap.names:
        assert found.volume_ml(name) == pytest.approx(labelmap.volume_ml(name))


def test_a_ct_without_frame_of_reference_is_refused_with_the_way_out(tmp_path: Path) -> None:
    series = other_values(tmp_path / "ct", FrameOfReferenceUID=None)
    with pytest.raises(InputError, match="no UID of its frame of reference.*export the CT again"):
        write_seg(_labelmap(), series, tmp_path / "S.dcm", AUTOMATIC)


def test_codes_algorithm_and_references_are_told(series: Series, tmp_path: Path) -> None:
    write_seg(_labelmap(), series, tmp_path / "S.dcm", AUTOMATIC)
    found = pydicom.dcmread(tmp_path / "S.dcm")
    parotid, odd = found.SegmentSequence
    assert parotid.SegmentAlgorithmType == "AUTOMATIC"
    (algorithm,) = parotid.SegmentationAlgorithmIdentificationSequence
    assert (algorithm.AlgorithmName, algorithm.AlgorithmVersion) == ("head_neck_7", "1.0")
    (kind,) = parotid.SegmentedPropertyTypeCodeSequence
    assert kind.SegmentedPropertyTypeModifierCodeSequence[0].CodeMeaning == "Left"
    assert odd.SegmentedPropertyTypeCodeSequence[0].CodeMeaning == "Tissue"
    assert (found.StudyInstanceUID, found.FrameOfReferenceUID) == (made.STUDY, made.FRAME)
    assert found.ReferencedSeriesSequence[0].SeriesInstanceUID == made.SERIES


def test_without_ct_or_without_origin_nothing_is_written(series: Series, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="must name the images.*--ct FOLDER"):
        write_seg(_labelmap(), None, tmp_path / "S.dcm", AUTOMATIC)
    with pytest.raises(InputError, match="for Parotid_L it is not known; say --generated"):
        write_seg(_labelmap(), series, tmp_path / "S.dcm", Export())
    empty = _labelmap().only(["E"])
    with pytest.raises(InputError, match="No voxel of any structure"):
        write_seg(empty, series, tmp_path / "S.dcm", AUTOMATIC)
    assert not list(tmp_path.iterdir())


def test_another_file_is_refused(series: Series) -> None:
    with pytest.raises(InputError, match="cannot be read as a DICOM segmentation"):
        read_seg(series.first.path)


def test_the_outline_is_said_to_be_the_programs_and_a_review_is_told(
    series: Series, tmp_path: Path
) -> None:
    body = LabelMap({"Body": _labelmap().masks["Odd"]}, GRID)
    export = Export(generated={"Body": "AUTOMATIC"}, not_by_model=("Body",))
    write_seg(body, series, tmp_path / "S.dcm", export)
    found = pydicom.dcmread(tmp_path / "S.dcm")
    (algorithm,) = found.SegmentSequence[0].SegmentationAlgorithmIdentificationSequence
    assert algorithm.AlgorithmName == "AutoContourRT outline of the patient"
    assert found.ContentDescription == "AutoContourRT contours, not reviewed"
    write_seg(body, series, tmp_path / "S.dcm", replace(export, reviewed=True))
    assert pydicom.dcmread(tmp_path / "S.dcm").ContentDescription == "AutoContourRT contours"


def test_the_clinics_names_and_colours_come_back(series: Series, tmp_path: Path) -> None:
    names = {"Parotid_L": RoiName("Glandula parotis links", color=(10, 200, 30))}
    write_seg(_labelmap(), series, tmp_path / "S.dcm", replace(AUTOMATIC, names=names))
    found = read_seg_file(tmp_path / "S.dcm")
    assert found.labelmap.names == ("Glandula parotis links", "Odd")
    color = found.colors["Glandula parotis links"]
    assert np.abs(np.subtract(color, (10, 200, 30))).max() <= 2
    assert found.label == "CONTOURS"


def test_names_that_two_segments_would_have_are_refused(series: Series, tmp_path: Path) -> None:
    names = {"Parotid_L": RoiName("odd")}
    with pytest.raises(InputError, match="Two segments would be called"):
        write_seg(_labelmap(), series, tmp_path / "S.dcm", replace(AUTOMATIC, names=names))
    long = {"Odd": RoiName("x" * 65)}
    with pytest.raises(InputError, match="must have 1 to 64 characters"):
        write_seg(_labelmap(), series, tmp_path / "S.dcm", replace(AUTOMATIC, names=long))
    assert not list(tmp_path.iterdir())


def test_a_letter_that_the_cts_character_set_lacks_is_refused(tmp_path: Path) -> None:
    latin = other_values(tmp_path / "latin", SpecificCharacterSet="ISO_IR 100")
    masks = _labelmap().masks
    for name in ("Żuchwa", "耳下腺左"):
        export = Export(generated={name: "MANUAL"})
        with pytest.raises(InputError, match="character set of the CT lacks a letter"):
            write_seg(LabelMap({name: masks["Odd"]}, GRID), latin, tmp_path / "S.dcm", export)
        assert not (tmp_path / "S.dcm").exists()
        wide = other_values(tmp_path / name, SpecificCharacterSet="ISO_IR 192")
        write_seg(LabelMap({name: masks["Odd"]}, GRID), wide, tmp_path / f"{name}.dcm", export)
        assert read_seg(tmp_path / f"{name}.dcm")[0].names == (name,)


def test_a_slice_of_the_ct_is_never_replaced(tmp_path: Path) -> None:
    series = other_values(tmp_path / "ct")
    slice_of_it = Path(series.slices[2].path)
    before = slice_of_it.read_bytes()
    with pytest.raises(InputError, match="is a slice of the CT"):
        write_seg(_labelmap(), series, slice_of_it, AUTOMATIC)
    with pytest.raises(InputError, match="is a slice of the CT"):
        write_rtstruct(_labelmap(), series, slice_of_it)
    assert slice_of_it.read_bytes() == before


def without_distance(series: Series, slices: Tuple[int, ...], path: Path, **measures: str) -> Path:
    """A segmentation with voxels on some slices, as of a program that does not tell SpacingBetween-
    Slices; measures: other values of its pixel measures."""
    mask = np.zeros(GRID.shape, bool)
    mask[list(slices), 3:9, 3:9] = True
    write_seg(LabelMap({"E": mask}, GRID), series, path, AUTOMATIC)
    content = pydicom.dcmread(path)
    found = content.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    del found.SpacingBetweenSlices
    for keyword, value in measures.items():
        setattr(found, keyword, value)
    content.save_as(path)
    return path


def test_slices_without_a_told_distance_are_never_made_thicker_or_thinner(
    series: Series, tmp_path: Path
) -> None:
    for slices in ((2,), (1, 2, 3), (1, 2, 4)):
        found = read_seg(without_distance(series, slices, tmp_path / "S.dcm"))[0]
        assert found.geometry.spacing[0] == pytest.approx(3.0)
        heights = found.geometry.to_lps(np.argwhere(found.masks["E"]))[:, 2]
        wanted = [GRID.to_lps(np.array([k, 0, 0]))[2] for k in slices]
        assert np.allclose(np.unique(np.round(heights, 3)), wanted)
        assert found.volume_ml("E") == pytest.approx(len(slices) * 36 * GRID.voxel_ml)
    thick = without_distance(series, (1, 2), tmp_path / "S.dcm", SliceThickness="5")
    assert read_seg(thick)[0].geometry.spacing[0] == pytest.approx(3.0), "slices that overlap"
    for slices, thickness in (((1, 4), "3"), ((2,), "0"), ((1, 3, 4), "5")):
        path = without_distance(series, slices, tmp_path / "S.dcm", SliceThickness=thickness)
        with pytest.raises(InputError, match="does not tell how far its slices lie apart"):
            read_seg(path)


@pytest.mark.parametrize(("heights", "shear", "told"), [
    ([0, 3, 6, 9, 12, 15, 16.5, 18, 19.5, 21], 0.0, "does not tell how far"),
    ([3.0 * n for n in range(10)], 0.05, "1.4 mm beside each other"),
])  # fmt: skip
def test_a_segmentation_of_uneven_or_tilted_slices_is_not_read_at_a_wrong_place(
    tmp_path: Path, heights: List[float], shear: float, told: str
) -> None:
    ct = Geometry((10, 16, 20), (3.0, 1.0, 1.5))
    places = [np.array([0.0, shear * z, z]) for z in heights]
    made.write_ct(tmp_path / "ct", np.zeros(ct.shape, np.int16), ct, places)
    series = find_series(tmp_path / "ct")
    grid = image_of(series).geometry
    mask = np.zeros(grid.shape, bool)
    mask[:, 5:9, 5:9] = True
    write_seg(LabelMap({"E": mask}, grid), series, tmp_path / "S.dcm", AUTOMATIC)
    with pytest.raises(InputError, match=told):
        read_seg(tmp_path / "S.dcm")
