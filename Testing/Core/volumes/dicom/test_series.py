"""DICOM folders: the right grid or a refusal. The first slices are written with SimpleITK."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Dict, List, Optional, Sequence

import numpy as np
import pydicom
import pytest
import SimpleITK

import dicom_series as made
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.dicom.series import find_series, load, series_of_files
from AutoContourRTCore.volumes.files import read_volume
from AutoContourRTCore.volumes.geometry import Geometry

CT = "1.2.840.10008.5.1.4.1.1.2"
STRAIGHT = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def _write_slice(path: Path, pixels: np.ndarray, tags: Dict[str, str]) -> None:
    image = SimpleITK.GetImageFromArray(pixels[None])
    image.SetSpacing((1.5, 2.0, 1.0))  # along i, j
    for tag, text in tags.items():
        image.SetMetaData(tag, text)
    writer = SimpleITK.ImageFileWriter()
    writer.KeepOriginalImageUIDOn()
    writer.SetFileName(str(path))
    writer.Execute(image)


def _tags(position: Sequence[float], **changes: str) -> Dict[str, str]:
    words = {
        "0008|0016": CT,
        "0008|0060": "CT",
        "0008|0008": "ORIGINAL\\PRIMARY\\AXIAL",
        "0008|103e": changes.get("description", "neck"),
        "0018|0050": changes.get("thickness", "3"),
        "0020|000d": "1.2.3",
        "0020|000e": changes.get("series", "1.2.3.4"),
        "0020|0032": "\\".join(f"{part:.6f}" for part in position),
        "0020|0037": changes.get("orientation", "\\".join(str(part) for part in STRAIGHT)),
        "0028|1052": "-1024",
        "0028|1053": "1",
    }
    if "image_type" in changes:
        words["0008|0008"] = changes["image_type"]
    if "sop_class" in changes:
        words["0008|0016"] = changes["sop_class"]
    return words


def _write_series(
    folder: Path, positions: List[Sequence[float]], prefix: str = "", **changes: str
) -> np.ndarray:
    """Slices [k, j, i] at these positions, file names in shuffled order; returns their HU."""
    folder.mkdir(exist_ok=True)
    hu = np.random.default_rng(0).integers(-1000, 2000, (len(positions), 4, 6)).astype(np.int16)
    order = np.random.default_rng(1).permutation(len(positions))
    for number, index in enumerate(order):
        path = folder / f"{prefix}IM{number:03d}.dcm"
        _write_slice(path, hu[index], _tags(positions[index], **changes))
    return hu


def _heights(*values: float) -> List[Sequence[float]]:
    return [(10.0, 20.0, value) for value in values]


def test_a_series_is_read_in_the_order_of_its_positions_whatever_its_file_names(
    tmp_path: Path,
) -> None:
    hu = _write_series(tmp_path / "CT é 1", _heights(-30, -27.5, -25, -22.5))
    (tmp_path / "CT é 1" / "notes.txt").write_text("not DICOM")
    volume = read_volume(tmp_path / "CT é 1")
    assert volume.array.dtype == np.int16
    assert np.array_equal(volume.array, hu)
    assert np.allclose(volume.geometry.spacing, (2.5, 2.0, 1.5))
    assert np.allclose(volume.geometry.to_lps([0, 0, 0]), (10, 20, -30))
    assert np.allclose(volume.geometry.to_lps([3, 1, 2]), (13, 22, -22.5))


def test_slices_on_a_turned_plane_grow_along_its_normal(tmp_path: Path) -> None:
    coronal = "1\\0\\0\\0\\0\\-1"  # i to the left, j to the feet: the normal is posterior (+y)
    hu = _write_series(tmp_path, [(0, y, 0) for y in (0, 3, 6)], orientation=coronal)
    volume = read_volume(tmp_path)
    assert np.array_equal(volume.array, hu)
    assert np.allclose(volume.geometry.to_lps([2, 1, 1]), (1.5, 6, -2))


def test_one_slice_takes_its_thickness_as_spacing(tmp_path: Path) -> None:
    _write_series(tmp_path, _heights(5), thickness="3")
    volume = read_volume(tmp_path)
    assert volume.array.shape == (1, 4, 6)
    assert volume.geometry.spacing == (3.0, 2.0, 1.5)


def test_rounded_positions_are_tolerated(tmp_path: Path) -> None:
    _write_series(tmp_path, _heights(0, 0.67, 1.33, 2.0, 2.67))
    assert read_volume(tmp_path).geometry.spacing[0] == pytest.approx(0.6675)


def test_localizers_and_objects_that_are_no_ct_do_not_disturb(tmp_path: Path) -> None:
    hu = _write_series(tmp_path, _heights(0, 3, 6))
    scout = "ORIGINAL\\PRIMARY\\LOCALIZER"
    _write_series(tmp_path, _heights(0), "scout", series="1.2.9", image_type=scout)
    capture = "1.2.840.10008.5.1.4.1.1.7"
    _write_series(tmp_path, _heights(0), "report", series="1.2.8", sop_class=capture)
    assert np.array_equal(read_volume(tmp_path).array, hu)


def test_several_series_are_listed_with_description_slices_and_uid(tmp_path: Path) -> None:
    _write_series(tmp_path, _heights(0, 3, 6))
    _write_series(tmp_path, _heights(0, 3), "B", series="1.2.3.5", description="pelvis")
    message = (
        "holds 2 CT series: 'pelvis', 2 slices, UID 1.2.3.5; 'neck', 3 slices, UID 1.2.3.4"
        ".*folder of its own"
    )
    with pytest.raises(InputError, match=message):
        read_volume(tmp_path)


def test_a_folder_without_ct_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("hello")
    with pytest.raises(InputError, match="holds no CT slices"):
        read_volume(tmp_path)


@pytest.mark.parametrize(
    ("positions", "message"),
    [
        (_heights(0, 3, 9, 12), "6.00 mm between IM.*3.00 mm elsewhere.*missing"),
        (_heights(0, 3, 3, 6), "0.00 mm between"),
        (_heights(0, 3, 6.2, 9), "not evenly spaced"),
        (_heights(0, 0, 0), "not evenly spaced"),
        ([(10, 20 + 0.5 * n, 3 * n) for n in range(4)], "sheared"),
        ([(10, 20, 0), (10.2, 20, 3), (10, 20, 6)], "sheared"),
    ],
)
def test_slices_that_are_not_a_straight_even_stack_are_refused(
    tmp_path: Path, positions: list, message: str
) -> None:
    _write_series(tmp_path, positions)
    with pytest.raises(InputError, match=message):
        read_volume(tmp_path)


def test_a_slice_that_is_turned_against_the_others_is_refused(tmp_path: Path) -> None:
    _write_series(tmp_path, _heights(0, 3))
    _write_series(tmp_path, _heights(6), "turned", orientation="0.8\\0.6\\0\\-0.6\\0.8\\0")
    with pytest.raises(InputError, match="turnedIM000.dcm is turned"):
        read_volume(tmp_path)


def test_a_slice_of_another_size_is_refused(tmp_path: Path) -> None:
    _write_series(tmp_path, _heights(0, 3))
    _write_slice(tmp_path / "big.dcm", np.zeros((5, 6), np.int16), _tags((10, 20, 6)))
    with pytest.raises(InputError, match=r"has \(4, 6\) pixels|has \(5, 6\) pixels"):
        read_volume(tmp_path)


def test_a_plane_that_is_not_rectangular_is_refused(tmp_path: Path) -> None:
    _write_series(tmp_path, _heights(0, 3))
    for path in tmp_path.iterdir():
        raw = path.read_bytes()
        assert raw.count(b"1\\0\\0\\0\\1\\0 ") == 1
        path.write_bytes(raw.replace(b"1\\0\\0\\0\\1\\0 ", b"1\\0\\0\\.5\\1\\0"))
    with pytest.raises(InputError, match="not perpendicular|sheared"):
        read_volume(tmp_path)


@pytest.mark.parametrize("keep", [0, 100, 400, -1])
def test_a_damaged_slice_is_refused_even_at_the_end_of_the_stack(tmp_path: Path, keep: int) -> None:
    _write_series(tmp_path, _heights(0, 3, 6))
    last: Optional[Path] = None
    for path in tmp_path.iterdir():
        if SimpleITK.ReadImage(str(path)).GetOrigin()[2] == 6:
            last = path
    assert last is not None
    last.write_bytes(last.read_bytes()[:keep])
    with pytest.raises(InputError, match=f"{last.name} is truncated or damaged"):
        read_volume(tmp_path)


def test_a_real_series_is_read_as_the_series_reader_of_simpleitk_reads_it(
    shared_data: Path,
) -> None:
    folder = shared_data / "dicom_sts" / "STS_001" / "dicom" / "image"
    volume = read_volume(folder)
    names = SimpleITK.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder))
    image = SimpleITK.ReadImage(names)
    assert np.array_equal(volume.array, SimpleITK.GetArrayFromImage(image))
    assert np.allclose(volume.geometry.origin, image.GetOrigin(), atol=1e-3)
    assert np.allclose(volume.geometry.spacing, image.GetSpacing()[::-1], atol=1e-4)


def test_a_folder_with_only_a_real_structure_set_is_no_ct(shared_data: Path) -> None:
    with pytest.raises(InputError, match="holds no CT slices"):
        read_volume(shared_data / "dicom_sts" / "STS_001" / "dicom" / "mask")


# Made with pydicom: what SimpleITK cannot write

GRID = Geometry((6, 8, 10), (3.0, 1.5, 1.0), (-4.0, 7.0, -50.0))


def _hu(shape: Sequence[int] = GRID.shape) -> np.ndarray:
    return np.random.default_rng(3).integers(-1000, 2000, shape).astype(np.int16)


def test_the_series_is_chosen_by_its_uid_or_whole_description(tmp_path: Path) -> None:
    made.write_ct(tmp_path / "a", _hu(), GRID)
    made.write_ct(tmp_path / "b", _hu()[:4], GRID.cropped((0, 0, 0), (4, 8, 10)),
                  SeriesInstanceUID="2.25.9", SeriesDescription="thin")  # fmt: skip
    assert len(find_series(tmp_path, "2.25.9").slices) == 4
    assert len(find_series(tmp_path, " Thin").slices) == 4
    with pytest.raises(InputError, match="description 'thi'"):
        find_series(tmp_path, "thi")
    made.write_ct(tmp_path / "c", _hu()[:3], GRID.cropped((0, 0, 0), (3, 8, 10)),
                  SeriesInstanceUID="2.25.8", SeriesDescription="thin")  # fmt: skip
    with pytest.raises(InputError, match=r"holds 2 CT series: 'thin'.*'thin'.*--series UID"):
        find_series(tmp_path, "thin")
    shutil.rmtree(tmp_path / "c")
    with pytest.raises(InputError, match=r"'planning', 6 slices, UID 2.25.103; 'thin', 4 slices"):
        find_series(tmp_path)
    with pytest.raises(InputError, match="no CT series of UID or .*'2.25.7'; it holds 'planning'"):
        find_series(tmp_path, "2.25.7")


def test_files_of_a_series_are_found_as_a_database_lists_them(tmp_path: Path) -> None:
    paths = made.write_ct(tmp_path, _hu(), GRID)
    series = series_of_files(paths[::-1])
    assert [each.path for each in series.slices] == paths
    assert series.first.frame_of_reference == made.FRAME and series.first.study == made.STUDY


def test_a_copy_of_a_slice_is_passed_over_and_told(tmp_path: Path) -> None:
    hu = _hu()
    paths = made.write_ct(tmp_path, hu, GRID)
    (tmp_path / "copies").mkdir()
    shutil.copy(paths[2], tmp_path / "copies" / "again.dcm")
    loaded = load(find_series(tmp_path))
    assert np.array_equal(loaded.volume.array, hu)
    assert "1 files are copies" in loaded.notes[0]


def test_two_different_slices_of_one_instance_uid_are_refused(tmp_path: Path) -> None:
    paths = made.write_ct(tmp_path, _hu(), GRID)
    first, second = (pydicom.dcmread(path) for path in paths[:2])
    second.SOPInstanceUID = first.SOPInstanceUID
    second.save_as(paths[1])
    with pytest.raises(InputError, match="have the same instance UID but differ"):
        find_series(tmp_path)


def test_slices_of_two_patients_under_one_series_uid_are_refused(tmp_path: Path) -> None:
    paths = made.write_ct(tmp_path, _hu(), GRID)
    other = pydicom.dcmread(paths[3])
    other.PatientID = "T2"
    other.save_as(paths[3])
    with pytest.raises(InputError, match="two patients or frames of reference"):
        find_series(tmp_path)


def test_a_missing_position_is_named_with_its_file(tmp_path: Path) -> None:
    paths = made.write_ct(tmp_path, _hu(), GRID)
    slice_ = pydicom.dcmread(paths[3])
    del slice_.ImagePositionPatient
    slice_.save_as(paths[3])
    with pytest.raises(InputError, match=f"{paths[3].name}: the DICOM value ImagePositionPatient"):
        find_series(tmp_path)


def test_a_ct_whose_reader_would_turn_its_hu_round_is_refused(tmp_path: Path) -> None:
    made.write_ct(tmp_path, _hu(), GRID, PhotometricInterpretation="MONOCHROME1")
    with pytest.raises(InputError, match="MONOCHROME1.* export it as MONOCHROME2"):
        find_series(tmp_path)


def test_an_enhanced_multi_frame_ct_is_refused(tmp_path: Path) -> None:
    made.write_ct(tmp_path, _hu(), GRID, NumberOfFrames=2)
    with pytest.raises(InputError, match="more than one frame"):
        find_series(tmp_path)


@pytest.mark.parametrize("compressor", ["JPEG2000", "JPEG", "RLE"])
def test_compressed_slices_are_read_as_the_plain_ones(tmp_path: Path, compressor: str) -> None:
    paths = made.write_ct(tmp_path / "plain", _hu((6, 32, 32)), Geometry((6, 32, 32)))
    (tmp_path / "packed").mkdir()
    for path in paths:
        packed = tmp_path / "packed" / path.name
        if compressor == "RLE":
            content = pydicom.dcmread(path)
            content.compress(pydicom.uid.RLELossless)
            content.save_as(packed)
        else:
            _write_packed(path, packed, compressor)
        syntax = pydicom.dcmread(packed).file_meta.TransferSyntaxUID
        assert syntax.is_compressed
    plain, again = read_volume(tmp_path / "plain"), read_volume(tmp_path / "packed")
    assert np.array_equal(plain.array, again.array)
    assert plain.geometry.same_grid(again.geometry)


def _write_packed(source: Path, target: Path, compressor: str) -> None:
    """The same slice, losslessly compressed by SimpleITK."""
    image = SimpleITK.ReadImage(str(source), SimpleITK.sitkInt16)
    image.SetMetaData("0008|0016", CT)
    image.SetMetaData("0028|1052", "0")
    image.SetMetaData("0028|1053", "1")
    writer = SimpleITK.ImageFileWriter()
    writer.KeepOriginalImageUIDOn()
    writer.SetFileName(str(target))
    writer.UseCompressionOn()
    writer.SetCompressor(compressor)
    writer.Execute(image)
