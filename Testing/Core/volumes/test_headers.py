"""Headers that SimpleITK would repair or guess, each with the file that it accepts."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

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


CODES, PIXDIM, SFORM = 252, 80, 280  # byte offsets in a NIfTI-1 header


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


def test_big_endian_and_nifti_2_headers_are_understood(tmp_path: Path) -> None:
    path = tmp_path / "x.nii"
    big = bytearray(352)
    struct.pack_into(">i", big, 0, 348)
    struct.pack_into(">8h", big, 40, 3, 4, 3, 2, 1, 1, 1, 1)
    struct.pack_into(">hh", big, 70, 4, 16)
    struct.pack_into(">9f", big, 76, 1, 1, 1, 1, 0, 0, 0, 0, 352)
    struct.pack_into(">h", big, 252, 1)
    big[344:348] = b"n+1\0"
    two = bytearray(544)
    struct.pack_into("<i", two, 0, 540)
    two[4:12] = b"n+2\0\r\n\x1a\n"
    struct.pack_into("<hh8q", two, 12, 4, 16, 3, 4, 3, 2, 1, 1, 1, 1)
    struct.pack_into("<8d", two, 104, 1, 1, 1, 1, 0, 0, 0, 0)
    struct.pack_into("<q", two, 168, 544)
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
