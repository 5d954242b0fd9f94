"""Structure sets for planning systems: the right references, and nothing lost on the way."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any, Dict

import numpy as np
import pydicom
import pytest
from scipy import ndimage

import dicom_series as made
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.dicom.roi_names import RoiName
from AutoContourRTCore.volumes.dicom.rtstruct_write import Export, write_rtstruct
from AutoContourRTCore.volumes.dicom.series import Series, find_series
from AutoContourRTCore.volumes.dicom.structures import read_structures
from AutoContourRTCore.volumes.files import read_volume
from AutoContourRTCore.volumes.geometry import Geometry
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.segfile import read_labelmap

GRID = Geometry((8, 24, 30), (3.0, 1.0, 1.5), (-7.0, 11.0, -40.0))
NOW = datetime(2026, 11, 20, 12, 30, 5)


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Series:
    folder = tmp_path_factory.mktemp("ct")
    made.write_ct(folder, np.zeros(GRID.shape, np.int16), GRID)
    return find_series(folder)


def _structures() -> LabelMap:
    k, j, i = np.indices(GRID.shape)
    ball = (3 * (k - 4)) ** 2 + (j - 12) ** 2 + (1.5 * (i - 15)) ** 2 < 81
    core = (3 * (k - 4)) ** 2 + (j - 12) ** 2 + (1.5 * (i - 15)) ** 2 < 16
    pieces, voxels = np.zeros(GRID.shape, bool), np.zeros(GRID.shape, bool)
    pieces[1:3, 2:5, 2:5] = pieces[5:7, 15:20, 20:25] = True
    voxels[0, 0, 0] = voxels[7, 23, 29] = voxels[3, 10, 10] = voxels[5, 10, 10] = True
    return LabelMap({"Brainstem": ball, "SpinalCord": ball & ~core, "Parotid_L": pieces,
                     "Lens_L": voxels}, GRID)  # fmt: skip


def _written(series: Series, tmp_path: Path, **changes: Any) -> pydicom.Dataset:
    write_rtstruct(_structures(), series, tmp_path / "RS.dcm", Export(now=NOW, **changes))
    return pydicom.dcmread(tmp_path / "RS.dcm")


def test_holes_two_pieces_and_single_voxels_survive_voxel_by_voxel(
    series: Series, tmp_path: Path
) -> None:
    _written(series, tmp_path)
    back = read_structures(tmp_path / "RS.dcm", series.first.path.parent)
    for name, mask in _structures().masks.items():
        assert np.array_equal(back.labelmap.masks[name], mask), name
    assert all("left empty" in note for note in back.notes)


def test_the_ct_is_referred_to_with_all_its_uids(series: Series, tmp_path: Path) -> None:
    found = _written(series, tmp_path)
    assert (found.StudyInstanceUID, found.FrameOfReferenceUID) == (made.STUDY, made.FRAME)
    assert found.SeriesInstanceUID != made.SERIES and found.Modality == "RTSTRUCT"
    assert found.PatientID == "T1" and found.PatientName == "Müller^Test"
    (frame,) = found.ReferencedFrameOfReferenceSequence
    (study,) = frame.RTReferencedStudySequence
    (reference,) = study.RTReferencedSeriesSequence
    assert (frame.FrameOfReferenceUID, study.ReferencedSOPInstanceUID) == (made.FRAME, made.STUDY)
    assert reference.SeriesInstanceUID == made.SERIES
    uids = [each.sop_instance for each in series.slices]
    images = [item.ReferencedSOPInstanceUID for item in reference.ContourImageSequence]
    assert images == uids
    heights = dict(zip(uids, series.positions[:, 2]))
    for roi in found.ROIContourSequence:
        for contour in roi.ContourSequence:
            (image,) = contour.ContourImageSequence
            points = np.reshape(contour.ContourData, (-1, 3)).astype(float)
            assert np.abs(points[:, 2] - heights[image.ReferencedSOPInstanceUID]).max() < 1e-3
            assert contour.NumberOfContourPoints == len(points)
            assert image.ReferencedSOPClassUID == made.CT_IMAGE
            assert contour.ContourGeometricType == "CLOSED_PLANAR"


def test_names_types_codes_colours_and_how_they_came_about(series: Series, tmp_path: Path) -> None:
    found = _written(
        series, tmp_path, label="H&N auto",
        models={"Brainstem": "head_neck_7 1.0", "SpinalCord": "old_cord 2.1",
                "Lens_L": "head_neck_7 1.0"},
        generated={"Brainstem": "AUTOMATIC", "SpinalCord": "SEMIAUTOMATIC", "Lens_L": "MANUAL"},
        names={"Parotid_L": RoiName("Parotis li", "AVOIDANCE", (1, 2, 3))},
    )  # fmt: skip
    assert (found.StructureSetLabel, found.ApprovalStatus) == ("H&N auto", "UNAPPROVED")
    assert (found.StructureSetDate, found.StructureSetTime) == ("20261120", "123005")
    heads = {roi.ROIName: roi for roi in found.StructureSetROISequence}
    assert list(heads) == ["Brainstem", "SpinalCord", "Parotis li", "Lens_L"]
    how = {name: roi.ROIGenerationAlgorithm for name, roi in heads.items()}
    assert how == {"Brainstem": "AUTOMATIC", "SpinalCord": "SEMIAUTOMATIC", "Parotis li": "",
                   "Lens_L": "MANUAL"}  # fmt: skip
    (algorithm,) = heads["Brainstem"].ROIDerivationAlgorithmIdentificationSequence
    assert (algorithm.AlgorithmName, algorithm.AlgorithmVersion) == ("head_neck_7", "1.0")
    assert "model old_cord 2.1" in heads["SpinalCord"].ROIGenerationDescription
    assert "ROIGenerationDescription" not in heads["Lens_L"]
    seen = found.RTROIObservationsSequence
    assert [each.RTROIInterpretedType for each in seen] == ["ORGAN", "ORGAN", "AVOIDANCE", "ORGAN"]
    (code,) = seen[0].RTROIIdentificationCodeSequence
    assert (code.CodeValue, code.CodingSchemeDesignator) == ("119238007", "SCT")
    (side,) = seen[3].RTROIIdentificationCodeSequence[0].SegmentedPropertyTypeModifierCodeSequence
    assert side.CodeMeaning == "Left"
    assert list(found.ROIContourSequence[2].ROIDisplayColor) == [1, 2, 3]
    assert list(found.SoftwareVersions)[1:] == ["head_neck_7 1.0", "old_cord 2.1"]


def test_types_and_colours_that_are_given_count_after_the_clinics_map(
    series: Series, tmp_path: Path
) -> None:
    found = _written(
        series, tmp_path, kinds={"Parotid_L": "BOLUS", "Brainstem": "PTV"},
        colors={"Parotid_L": (4, 5, 6), "Brainstem": (7, 8, 9)},
        names={"Parotid_L": RoiName("Parotis li", "AVOIDANCE", (1, 2, 3))},
    )
    kinds = [each.RTROIInterpretedType for each in found.RTROIObservationsSequence]
    assert kinds == ["PTV", "ORGAN", "AVOIDANCE", "ORGAN"]
    colors = [list(each.ROIDisplayColor) for each in found.ROIContourSequence]
    assert colors[0] == [7, 8, 9] and colors[2] == [1, 2, 3]


def test_the_outline_of_the_patient_is_external(series: Series, tmp_path: Path) -> None:
    body = LabelMap({"Body": np.ones(GRID.shape, bool)}, GRID)
    write_rtstruct(body, series, tmp_path / "RS.dcm")
    found = pydicom.dcmread(tmp_path / "RS.dcm")
    assert found.RTROIObservationsSequence[0].RTROIInterpretedType == "EXTERNAL"


def test_uids_are_new_each_time(series: Series, tmp_path: Path) -> None:
    one, other = _written(series, tmp_path), _written(series, tmp_path)
    assert one.SOPInstanceUID != other.SOPInstanceUID
    assert one.SeriesInstanceUID != other.SeriesInstanceUID


# Refused


def _refused(tmp_path: Path, labelmap: LabelMap, series: Any, message: str, **changes: Any) -> None:
    path = tmp_path / "RS.dcm"
    path.write_bytes(b"an earlier one")
    with pytest.raises(InputError, match=message):
        write_rtstruct(labelmap, series, path, Export(**changes))
    assert path.read_bytes() == b"an earlier one"


def test_contours_without_provenance_are_refused_with_the_reason(tmp_path: Path) -> None:
    _refused(tmp_path, _structures(), None, "must name the DICOM images.*--ct FOLDER")


@pytest.mark.parametrize(
    ("keyword", "message"),
    [
        ("FrameOfReferenceUID", "no UID of its frame of reference"),
        ("StudyInstanceUID", "no UID of its study"),
        ("SOPInstanceUID", "slices have no instance UID"),
    ],
)
def test_a_ct_without_identity_is_refused(tmp_path: Path, keyword: str, message: str) -> None:
    for path in made.write_ct(tmp_path / "ct", np.zeros(GRID.shape, np.int16), GRID):
        content = pydicom.dcmread(path)
        delattr(content, keyword)
        content.save_as(path)
    _refused(tmp_path, _structures(), find_series(tmp_path / "ct"), message)


def test_another_patients_ct_is_refused(series: Series, tmp_path: Path) -> None:
    far = Geometry(GRID.shape, GRID.spacing, (-7.0, 111.0, -40.0))
    _refused(tmp_path, LabelMap(_structures().masks, far), series, "reaches .* outside the CT")


def test_names_that_collide_are_shown_before_anything_is_written(
    series: Series, tmp_path: Path
) -> None:
    masks = _structures().masks
    twice = LabelMap({"Cord": masks["SpinalCord"], "CORD": masks["SpinalCord"]}, GRID)
    _refused(tmp_path, twice, series, "'CORD' and 'Cord' would both be 'CORD'.*--names MAP.csv")


@pytest.mark.parametrize("label", ["", "A label of 17 chs", "Größe"])
def test_a_label_that_will_not_do_is_refused(tmp_path: Path, series: Series, label: str) -> None:
    _refused(tmp_path, _structures(), series, "must have 1 to 16 plain characters", label=label)


def test_a_structure_that_would_be_lost_between_slices_is_refused(
    series: Series, tmp_path: Path
) -> None:
    thin = Geometry((24, 24, 30), (1.0, 1.0, 1.5), GRID.origin)
    mask = np.zeros(thin.shape, bool)
    mask[4:5, 5:9, 5:9] = True
    _refused(tmp_path, LabelMap({"A": mask}, thin), series, "A lies wholly between the slices")


def test_nothing_but_empty_structures_is_refused(series: Series, tmp_path: Path) -> None:
    empty = LabelMap({"A": np.zeros(GRID.shape, bool)}, GRID)
    _refused(tmp_path, empty, series, "no voxel in any structure")


def test_an_unknown_way_of_generation_is_refused() -> None:
    with pytest.raises(InputError, match="A is said to be 'GUESSED'"):
        Export(generated={"A": "GUESSED"})


# Told


def test_empty_structures_are_left_out_and_a_changed_volume_is_told(
    series: Series, tmp_path: Path
) -> None:
    thin = Geometry((24, 24, 30), (1.0, 1.0, 1.5), GRID.origin)
    mask = np.zeros(thin.shape, bool)
    mask[3:5, 5:9, 5:9] = True  # 2 mm, of which one slice of 3 mm sees one
    labelmap = LabelMap({"A": mask, "B": np.zeros(thin.shape, bool)}, thin)
    notes = write_rtstruct(labelmap, series, tmp_path / "RS.dcm")
    assert notes[0] == "Empty structures are left out: B."
    assert re.match(r"A has 0.05 ml in its mask, 0.07 ml on the slices", notes[1])


# Real patients


@pytest.mark.parametrize("number", [0, 7])
def test_a_real_case_survives_the_round_trip(
    shared_data: Path, tmp_path: Path, number: int
) -> None:
    case = sorted((shared_data / "head_neck" / "validation").iterdir())[number]
    ct = read_volume(case / "ct.nrrd")
    made.write_ct(tmp_path / "ct", ct.array, ct.geometry)
    truth = _with_hard_structures(read_labelmap(case / "structures.seg.nrrd"))
    series = find_series(tmp_path / "ct")
    assert not write_rtstruct(truth, series, tmp_path / "RS.dcm")
    back = read_structures(tmp_path / "RS.dcm", tmp_path / "ct").labelmap
    assert back.geometry.same_grid(ct.geometry)
    for name, mask in truth.masks.items():
        found = back.masks[name]
        dice = 2 * (found & mask).sum() / (found.sum() + mask.sum())
        assert dice >= (0.99 if truth.volume_ml(name) > 1 else 0.97), name
        assert found.sum() == pytest.approx(mask.sum(), rel=0.01), name
        assert ndimage.label(found)[1] == ndimage.label(mask)[1], name


def _with_hard_structures(labelmap: LabelMap) -> LabelMap:
    """Also a shell with a hole, and the voxels of its outermost corners alone."""
    (name, mask), *_ = labelmap.masks.items()
    shell = mask & ~ndimage.binary_erosion(mask)
    points = np.argwhere(mask)
    single = np.zeros_like(mask)
    for axis in range(3):
        single[tuple(points[points[:, axis].argmin()])] = True
    extra: Dict[str, np.ndarray] = {"Shell": shell, "Single": single}
    return LabelMap({**labelmap.masks, **extra}, labelmap.geometry)


def test_a_cropped_and_resampled_real_case_keeps_its_place(
    shared_data: Path, tmp_path: Path
) -> None:
    case = sorted((shared_data / "head_neck" / "validation").iterdir())[2]
    ct = read_volume(case / "ct.nrrd")
    made.write_ct(tmp_path / "ct", ct.array, ct.geometry)
    truth = read_labelmap(case / "structures.seg.nrrd")
    name = max(truth.names, key=truth.volume_ml)
    used = np.argwhere(truth.masks[name])
    low, high = used.min(axis=0), used.max(axis=0) + 1
    box = tuple(slice(a, b) for a, b in zip(low, high))
    crop = truth.geometry.cropped(low.tolist(), high.tolist())
    fine = crop.with_spacing([mm / 2 for mm in crop.spacing])
    doubled = truth.masks[name][box].repeat(2, 0).repeat(2, 1).repeat(2, 2)
    for geometry, mask, least in ((crop, truth.masks[name][box], 0.9999), (fine, doubled, 0.9)):
        write_rtstruct(LabelMap({name: mask}, geometry), find_series(tmp_path / "ct"),
                       tmp_path / "RS.dcm")  # fmt: skip
        found = read_structures(tmp_path / "RS.dcm", tmp_path / "ct").labelmap.masks[name]
        dice = 2 * (found & truth.masks[name]).sum() / (found.sum() + truth.masks[name].sum())
        assert dice >= least
