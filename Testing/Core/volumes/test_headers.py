"""Headers that SimpleITK would repair or guess, each with the file that it accepts."""

from __future__ import annotations

import gzip
import struct
from itertools import product
from pathlib import Path
from typing import Tuple

import numpy as np
import pytest
import SimpleITK
from scipy.spatial.transform import Rotation

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.headers import check_header

NRRD = (
    "NRRD0004\n# comment: x\ntype: short\ndimension: 3\nspace: {space}\nsizes: 4 3 2\n"
    "space directions: {directions}\nkinds: domain domain domain\nendian: little\n"
    "encoding: raw\nspace origin: (0,0,0)\nkey:=space: wrong\n\n"
)
META = (
    "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\n"
    "TransformMatrix = 1 0 0 0 1 0 0 0 1\nOffset = 0 0 0\n{spacing}DimSize = 4 3 2\n"
    "ElementType = MET_SHORT\nElementDataFile = LOCAL\n"
)
DATA = np.arange(24, dtype="<i2").tobytes()


def _nrrd(folder: Path, space: str, directions: str) -> Path:
    path = folder / "x.nrrd"
    path.write_bytes(NRRD.format(space=space, directions=directions).encode() + DATA)
    return path


@pytest.mark.parametrize(
    "space", ["left-posterior-superior", "LPS", "RAS", "Left-Anterior-Superior"]
)
def test_a_nrrd_file_in_a_known_space_passes(tmp_path: Path, space: str) -> None:
    check_header(_nrrd(tmp_path, space, "(1,0,0) (0, 1, 0) (0,0,-2)"))


@pytest.mark.parametrize(
    ("space", "directions", "message"),
    [
        ("LPS", "(0,0,0) (0,1,0) (0,0,1)", r"spacing \(0.0, 1.0, 1.0\)"),
        ("LPS", "(nan,nan,nan) (0,1,0) (0,0,1)", "spacing.*nan"),
        ("LPS", "(1,0,x) (0,1,0) (0,0,1)", "damaged header"),
        ("LPS", "none none none", "does not tell its voxel spacing"),
        ("scanner-xyz", "(1,0,0) (0,1,0) (0,0,1)", "left and right.*scanner-xyz"),
    ],
)
def test_a_nrrd_file_without_a_sure_geometry_is_refused(
    tmp_path: Path, space: str, directions: str, message: str
) -> None:
    with pytest.raises(InputError, match=f"x.nrrd.*{message}"):
        check_header(_nrrd(tmp_path, space, directions))


def test_a_nrrd_file_in_another_unit_than_mm_is_refused(tmp_path: Path) -> None:
    def in_unit(unit: str) -> Path:
        space = f'LPS\nspace units: "{unit}" "{unit}" "mm"'
        path = _nrrd(tmp_path, space, "(1,0,0) (0,1,0) (0,0,1)")
        check_header(path)
        return path

    assert in_unit("mm").exists()
    with pytest.raises(InputError, match="x.nrrd is measured in cm, mm; export it again, in mm"):
        in_unit("cm")


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("spacings: 0 1 1\n", r"\(0.0, 1.0, 1.0\)"),
        ("spacings: nan 1 1\n", "nan"),
        ("spacings: 1 1 1\n", "left and right.*missing"),
        ("", "does not tell its voxel spacing"),
    ],
)
def test_an_old_nrrd_file_without_orientation_is_refused(
    tmp_path: Path, field: str, message: str
) -> None:
    path = tmp_path / "x.nrrd"
    head = f"NRRD0001\ntype: short\ndimension: 3\nsizes: 4 3 2\n{field}encoding: raw\n\n"
    path.write_bytes(head.encode() + DATA)
    with pytest.raises(InputError, match=message):
        check_header(path)


def test_a_nrrd_file_whose_packed_data_were_changed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.nrrd"
    head = NRRD.format(space="LPS", directions="(1,0,0) (0,1,0) (0,0,1)").replace("raw", "gzip")
    packed = bytearray(gzip.compress(DATA))
    path.write_bytes(head.encode() + packed)
    check_header(path)
    packed[-6] ^= 0xFF
    path.write_bytes(head.encode() + packed)
    with pytest.raises(InputError, match="truncated or damaged"):
        check_header(path)


def _nifti(folder: Path, *changes: tuple) -> Path:
    """A file as SimpleITK writes it, with values packed over its header at offsets."""
    path = folder / "x.nii"
    image = SimpleITK.GetImageFromArray(np.zeros((2, 3, 4), np.int16))
    image.SetSpacing((1.1, 2.2, 3.3))
    SimpleITK.WriteImage(image, str(path))
    raw = bytearray(path.read_bytes())
    for form, offset, values in changes:
        struct.pack_into(form, raw, offset, *values)
    path.write_bytes(raw)
    return path


# Byte offsets in a NIfTI-1 header
QFAC, PIXDIM, CODES, QUATERNION, CORNER, SFORM = 76, 80, 252, 256, 268, 280


def test_a_nifti_file_with_qform_or_sform_or_both_passes(tmp_path: Path) -> None:
    for codes in ((1, 1), (1, 0), (0, 1)):
        check_header(_nifti(tmp_path, ("<2h", CODES, codes)))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ([("<f", PIXDIM, [0.0])], r"spacing \(0.0, "),
        ([("<f", PIXDIM, [float("nan")])], "spacing.*nan"),
        ([("<f", PIXDIM, [-1.1])], "spacing.*-1.1"),
        ([("<2h", CODES, [0, 0])], "left and right"),
        ([("<f", PIXDIM, [5.0])], "differs from its spacing"),
        ([("<f", SFORM + 4, [0.8])], "sheared sform"),
        ([("<h", 40, [99])], "99 dimensions"),
        ([("<i", 0, [7])], "not a single-file NIfTI"),
    ],
)
def test_a_nifti_file_without_a_sure_geometry_is_refused(
    tmp_path: Path, changes: list, message: str
) -> None:
    with pytest.raises(InputError, match=f"x.nii.*{message}"):
        check_header(_nifti(tmp_path, *changes))


@pytest.mark.parametrize("codes", [(1, 1), (1, 2), (2, 1), (1, 4)])
@pytest.mark.parametrize(
    ("change", "mm"),
    [
        (("<f", CORNER, [0.2]), "0.20"),
        (("<3f", CORNER, [3.0, 4.0, 0.0]), "5.00"),
        (("<f", QFAC, [-1.0]), "6.60"),  # twice the distance of the second slice, 3.3 mm
        (("<3f", QUATERNION, [0.0, 0.0, 0.0]), "11.00"),  # twice (3.3, 4.4) mm, by a half turn
        (("<f", QUATERNION, [float("nan")]), "nan"),
    ],
)
def test_a_nifti_file_whose_qform_and_sform_differ_is_refused_whichever_would_be_taken(
    tmp_path: Path, codes: tuple, change: tuple, mm: str
) -> None:
    path = _nifti(tmp_path, ("<2h", CODES, codes), change)
    with pytest.raises(InputError, match=f"x.nii.*qform and sform differ by up to {mm} mm"):
        check_header(path)


def test_a_form_that_does_not_count_or_hardly_differs_is_no_obstacle(tmp_path: Path) -> None:
    for codes in ((1, 0), (0, 1)):
        check_header(_nifti(tmp_path, ("<2h", CODES, codes), ("<f", CORNER, [50.0])))
    check_header(_nifti(tmp_path, ("<f", CORNER, [0.05])))


def big_endian_and_nifti_2(spacing: Tuple[int, int, int]) -> Tuple[bytearray, bytearray]:
    """Headers of 4 x 3 x 2 voxels of int16, without a qform or sform."""
    big = bytearray(352)
    struct.pack_into(">i", big, 0, 348)
    struct.pack_into(">8h", big, 40, 3, 4, 3, 2, 1, 1, 1, 1)
    struct.pack_into(">hh", big, 70, 4, 16)
    struct.pack_into(">9f", big, 76, 1, *spacing, 0, 0, 0, 0, 352)
    big[344:348] = b"n+1\0"
    two = bytearray(544)
    struct.pack_into("<i", two, 0, 540)
    two[4:12] = b"n+2\0\r\n\x1a\n"
    struct.pack_into("<hh8q", two, 12, 4, 16, 3, 4, 3, 2, 1, 1, 1, 1)
    struct.pack_into("<8d", two, 104, 1, *spacing, 0, 0, 0, 0)
    struct.pack_into("<q", two, 168, 544)
    return big, two


def test_the_two_forms_of_a_big_endian_and_a_nifti_2_file_are_compared(tmp_path: Path) -> None:
    path = tmp_path / "x.nii"
    sform = (-2, 0, 0, 5, 0, -3, 0, 6, 0, 0, 4, 7)  # a half turn about z
    big, two = big_endian_and_nifti_2((2, 3, 4))
    struct.pack_into(">hh18f", big, 252, 1, 1, 0, 0, 1, 5, 6, 7, *sform)
    struct.pack_into("<2i18d", two, 344, 1, 1, 0, 0, 1, 5, 6, 7, *sform)
    for header, last in ((big, (">f", 276)), (two, ("<d", 392))):
        path.write_bytes(header + DATA)
        check_header(path)
        struct.pack_into(last[0], header, last[1], 8.5)
        path.write_bytes(header + DATA)
        with pytest.raises(InputError, match="differ by up to 1.50 mm"):
            check_header(path)


@pytest.mark.parametrize("degrees", [0.0, 0.01, 0.03, 0.05, 0.1, 0.3, 2.0, 30.0])
def test_an_image_turned_a_little_is_read_back_though_its_qform_is_rounded(
    tmp_path: Path, degrees: float
) -> None:
    """What SimpleITK writes: 500 mm wide, the qform's corner up to 0.5 mm off (at 0.05 degrees)."""
    image = SimpleITK.GetImageFromArray(np.zeros((11, 11, 11), np.int16))
    image.SetSpacing((50.0, 50.0, 50.0))
    for axis, flip in product(np.vstack([np.eye(3), np.ones((1, 3)) / np.sqrt(3)]), (1, -1)):
        turn = Rotation.from_rotvec(np.deg2rad(degrees) * axis).as_matrix() @ np.diag([1, 1, flip])
        image.SetDirection(turn.ravel().tolist())
        SimpleITK.WriteImage(image, str(tmp_path / "x.nii"))
        check_header(tmp_path / "x.nii")


@pytest.mark.parametrize("name", ["x.nrrd", "x.nii", "x.nii.gz", "x.mha"])
def test_a_file_that_the_system_does_not_let_us_read_is_named_with_the_reason(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    path.mkdir()  # opening it is an OSError, for root too
    with pytest.raises(InputError, match=f"{name} cannot be read .*allowed to read it"):
        check_header(path)


def test_a_disk_that_fails_in_the_middle_is_not_taken_for_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(stream: gzip.GzipFile, size: int = -1) -> bytes:
        raise OSError(5, "Input/output error")

    path = tmp_path / "x.nii.gz"
    path.write_bytes(gzip.compress(_nifti(tmp_path).read_bytes()))
    check_header(path)
    monkeypatch.setattr(gzip.GzipFile, "read", failing)
    with pytest.raises(InputError, match="x.nii.gz cannot be read .Input/output error"):
        check_header(path)


def test_big_endian_and_nifti_2_headers_are_understood(tmp_path: Path) -> None:
    path = tmp_path / "x.nii"
    big, two = big_endian_and_nifti_2((1, 1, 1))
    struct.pack_into(">h", big, 252, 1)
    struct.pack_into("<2i", two, 344, 1, 0)
    for header in (big, two):
        path.write_bytes(header + DATA)
        check_header(path)
        path.write_bytes((header + DATA)[:-1])
        with pytest.raises(InputError, match="is truncated"):
            check_header(path)


@pytest.mark.parametrize(
    ("spacing", "message"),
    [
        ("ElementSpacing = 0 1 1\n", r"\(0.0, 1.0, 1.0\)"),
        ("ElementSpacing = nan 1 1\n", "nan"),
        ("ElementSpacing = a 1 1\n", "damaged header"),
        ("", "does not tell its voxel spacing"),
    ],
)
def test_a_meta_image_without_spacing_is_refused(
    tmp_path: Path, spacing: str, message: str
) -> None:
    path = tmp_path / "x.mha"
    path.write_bytes(META.format(spacing="ElementSpacing = 1 2 3\n").encode() + DATA)
    check_header(path)
    path.write_bytes(META.format(spacing=spacing).encode() + DATA)
    with pytest.raises(InputError, match=f"x.mha.*{message}"):
        check_header(path)
