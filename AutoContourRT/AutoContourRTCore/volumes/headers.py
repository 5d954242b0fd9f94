"""What a file's own header says, where the reading library repairs or guesses silently.

SimpleITK (2.5) turns a spacing that is missing, NaN or (NIfTI) zero into 1 mm, takes any space of
a NRRD file for LPS, puts the pixdim of a NIfTI file before its sform when the two differ, takes its
qform or its sform by rules of its own when those differ, takes any unit of a NRRD file for mm, and
fills a truncated NIfTI file, or its NaN, with zeros. Each of these moves, scales or empties organs,
so each is an error here.

Formats: https://teem.sourceforge.net/nrrd/format.html, https://nifti.nimh.nih.gov/nifti-1,
https://itk.org/Wiki/ITK/MetaIO/Documentation
"""

from __future__ import annotations

import gzip
import re
import struct
import zlib
from pathlib import Path
from typing import Any, BinaryIO, Dict, List, NamedTuple, Sequence, Tuple, Union

import numpy as np
from scipy.spatial.transform import Rotation

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.reading import reading

_Stream = Union[gzip.GzipFile, BinaryIO]
_SPACES = {
    "left-posterior-superior", "lps",
    "right-anterior-superior", "ras",
    "left-anterior-superior", "las",
}  # fmt: skip
_MM = {"", "mm", "millimeter", "millimeters", "millimetre", "millimetres"}
_CHUNK = 1 << 20
_MOST_HEADER = 1 << 30
FORMS_MM = 0.1  # a voxel's two places by qform and sform may differ by so much
#: A NIfTI file leaves out the quaternion's a, the root of 1 - b^2 - c^2 - d^2. Near a half turn (an
#: image along LPS is one, for NIfTI is RAS) that root is lost to rounding, and is 0 by definition
#: where its square is below 1e-7. The files SimpleITK writes differ by up to 8.4e-4 rad then.
HALF_TURN = 1e-5  # squares of a below this
HALF_TURN_RAD = 1e-3


def check_header(path: Path) -> None:
    """Raise InputError if the header is broken, its geometry is not told, or data are missing.

    So it does for a file that the system does not let us read.
    """
    name = path.name.lower()
    with reading(path):
        if name.endswith((".nrrd", ".nhdr")):
            _check_nrrd(path)
        elif name.endswith((".nii", ".nii.gz")):
            _check_nifti(path)
        else:
            _check_meta(path)


def _check_spacing(path: Path, spacing: Sequence[float]) -> None:
    """Raise InputError unless each spacing (mm) is a positive number."""
    if not len(spacing):
        raise InputError(
            f"{path} does not tell its voxel spacing; export it again, with its geometry."
        )
    if not all(np.isfinite(value) and value > 0 for value in spacing):
        raise InputError(
            f"{path} has the voxel spacing {tuple(spacing)} mm; each must be above 0. "
            "Correct the header or export the image again."
        )


# NRRD


def _check_nrrd(path: Path) -> None:
    with open(path, "rb") as file:
        fields = _nrrd_fields(path, file)
        _check_nrrd_geometry(path, fields)
        detached = {"data file", "datafile"} & set(fields)
        skips = {"byte skip", "byteskip", "line skip", "lineskip"} & set(fields)
        if fields.get("encoding") in ("gzip", "gz") and not detached and not skips:
            _check_gzip(path, file)


def _check_gzip(path: Path, file: BinaryIO) -> None:
    """Raise InputError if the gzip stream at which the file stands is cut or damaged."""
    try:
        with gzip.GzipFile(fileobj=file) as stream:
            while stream.read(_CHUNK):
                pass
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(
            f"{path} is truncated or damaged ({error}); copy or export it again."
        ) from error


def _nrrd_fields(path: Path, file: BinaryIO) -> Dict[str, str]:
    """The fields (not the key:=value pairs) of a NRRD header; the file stands at its data then."""
    if not file.readline().startswith(b"NRRD"):
        raise InputError(f"{path} is not a NRRD file, whatever its name says; export it again.")
    fields = {}
    for line in iter(lambda: file.readline(), b""):
        text = line.decode("utf-8", errors="replace").rstrip("\r\n")
        if not text:
            break
        name, separator, value = text.partition(": ")
        if separator and ":=" not in name and not text.startswith("#"):
            fields[name.strip().lower()] = value.strip()
    return fields


def _check_nrrd_geometry(path: Path, fields: Dict[str, str]) -> None:
    spacing = _nrrd_spacing(path, fields)
    _check_spacing(path, spacing)
    space = fields.get("space", "").lower()
    if len(spacing) == 3 and space not in _SPACES:
        raise InputError(
            f"{path} does not tell where left and right are (its space is {space or 'missing'!r}; "
            "needed is LPS, RAS or LAS); export it again, with its orientation."
        )
    units = re.findall(r'"([^"]*)"', fields.get("space units", ""))
    if any(unit.lower() not in _MM for unit in units):
        raise InputError(
            f"{path} is measured in {', '.join(dict.fromkeys(units))}; export it again, in mm."
        )


def _nrrd_spacing(path: Path, fields: Dict[str, str]) -> List[float]:
    """mm between voxels along each axis that has a spacing; empty when none is told."""
    try:
        if "space directions" in fields:
            words = re.findall(r"\(([^)]*)\)", fields["space directions"])
            vectors = [[float(number) for number in word.split(",")] for word in words]
            return [float(np.linalg.norm(vector)) for vector in vectors]
        return [float(word) for word in fields.get("spacings", "").split()]
    except ValueError as error:
        raise InputError(f"{path} has a damaged header ({error}); export it again.") from error


# NIfTI


class _Nifti(NamedTuple):
    """What is needed of a header; numbers in the file's byte order (``order``: < or >)."""

    order: str
    dim: Sequence[int]  # number of axes, then their lengths
    datatype: int
    bits: int  # of one voxel
    qfac: float  # below 0: k of the qform is turned round
    pixdim: Sequence[float]  # mm along i, j, k
    offset: float  # bytes before the voxels
    codes: Sequence[int]  # of qform and sform; 0: not given
    quaternion: Sequence[float]  # b, c, d of the qform
    corner: Sequence[float]  # RAS mm of the first voxel, by the qform
    sform: np.ndarray  # (3, 4): voxel i, j, k to RAS mm


def _check_nifti(path: Path) -> None:
    with open(path, "rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    try:
        with gzip.open(path, "rb") if packed else open(path, "rb") as stream:
            header = _nifti_header(path, stream.read(540))
            if not 1 <= header.dim[0] <= 7:
                raise InputError(f"{path} has a damaged header: {header.dim[0]} dimensions.")
            if not 348 <= header.offset <= _MOST_HEADER:
                raise InputError(f"{path} has a damaged header: voxels at byte {header.offset}.")
            if header.dim[0] >= 3:
                _check_nifti_geometry(path, header)
            stream.seek(int(header.offset))
            _check_nifti_voxels(path, header, stream)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(
            f"{path} is truncated or damaged ({error}); copy or export it again."
        ) from error


def _nifti_header(path: Path, raw: bytes) -> _Nifti:
    order = _nifti_byte_order(path, raw)

    def read(kinds: str, offset: int) -> Sequence[Any]:
        return struct.unpack_from(order + kinds, raw, offset)

    first = raw[344:347] == b"n+1"
    datatype, bits = read("2h", 70 if first else 12)
    return _Nifti(
        order=order,
        dim=read("8h", 40) if first else read("8q", 16),
        datatype=datatype,
        bits=bits,
        qfac=read("f", 76)[0] if first else read("d", 104)[0],
        pixdim=read("3f", 80) if first else read("3d", 112),
        offset=read("f", 108)[0] if first else read("q", 168)[0],
        codes=read("2h", 252) if first else read("2i", 344),
        quaternion=read("3f", 256) if first else read("3d", 352),
        corner=read("3f", 268) if first else read("3d", 376),
        sform=np.reshape(read("12f", 280) if first else read("12d", 400), (3, 4)),
    )


def _nifti_byte_order(path: Path, header: bytes) -> str:
    """The struct mark, < or >, of a single-file NIfTI-1 or NIfTI-2 header."""
    for order in "<>":
        if len(header) >= 348 and header[344:347] == b"n+1":
            if struct.unpack_from(order + "i", header, 0)[0] == 348:
                return order
        if len(header) >= 540 and header[4:7] == b"n+2":
            if struct.unpack_from(order + "i", header, 0)[0] == 540:
                return order
    raise InputError(
        f"{path} is not a single-file NIfTI image, whatever its name says; export it again."
    )


def _check_nifti_geometry(path: Path, header: _Nifti) -> None:
    spacing = header.pixdim
    _check_spacing(path, spacing)
    if max(header.codes) <= 0:
        raise InputError(
            f"{path} does not tell where left and right are (qform and sform codes are 0); "
            "export it again, with its orientation."
        )
    axes = header.sform[:, :3] / np.asarray(spacing)
    if header.codes[1] > 0 and not np.allclose(axes.T @ axes, np.eye(3), atol=2e-3):
        raise InputError(
            f"{path} has a sheared sform, or one that differs from its spacing {tuple(spacing)} mm;"
            " resample the image to a straight grid, or export it again."
        )
    if min(header.codes) > 0:
        _check_forms(path, header)


def _check_forms(path: Path, header: _Nifti) -> None:
    """Raise InputError if qform and sform put a corner voxel at different places."""
    ends = [(0, n - 1) for n in header.dim[1:4]]
    corners = np.array(np.meshgrid(*ends)).reshape(3, -1)  # columns: i, j, k
    rotation, blur = _qform_rotation(header.quaternion)
    steps = rotation * header.pixdim * (1, 1, -1 if header.qfac < 0 else 1)
    away = steps @ corners
    places = header.sform[:, :3] @ corners + header.sform[:, 3:]
    apart = np.linalg.norm(places - away - np.reshape(header.corner, (3, 1)), axis=0)
    if not np.all(apart <= FORMS_MM + blur * np.linalg.norm(away, axis=0)):
        raise InputError(
            f"{path} tells two places for the patient: its qform and sform differ by up to "
            f"{apart.max():.2f} mm, and programs differ in which they take. Find out which is right"
            " and set the other to it (or its code to 0), or export the image again."
        )


def _qform_rotation(quaternion: Sequence[float]) -> Tuple[np.ndarray, float]:
    """The rotation (3, 3) of a qform (nifti1.h, method 2), and by how much it is unsure (rad)."""
    square = 1.0 - float(np.dot(quaternion, quaternion))
    a = float(np.sqrt(square)) if square >= 1e-7 else 0.0
    try:
        rotation = Rotation.from_quat([*quaternion, a]).as_matrix()
    except ValueError:  # not finite: no place at all
        rotation = np.full((3, 3), np.nan)
    return rotation, HALF_TURN_RAD if square < HALF_TURN else 0.0


def _check_nifti_voxels(path: Path, header: _Nifti, stream: _Stream) -> None:
    """Read to the end: are all bytes there, and are all numbers finite?

    (The NIfTI library puts 0 where the file is cut, and in the place of NaN and infinity.)
    """
    expected, size = int(np.prod(header.dim[1 : header.dim[0] + 1])) * header.bits // 8, 0
    real = {16: "f4", 64: "f8"}.get(header.datatype)
    for chunk in iter(lambda: stream.read(_CHUNK), b""):
        if real:
            count = max(0, min(len(chunk), expected - size)) // (header.bits // 8)
            values = np.frombuffer(chunk, header.order + real, count)
            if not np.isfinite(values).all():
                raise InputError(
                    f"{path} has voxels that are not finite numbers (NaN or infinite); "
                    "export it again, or replace them."
                )
        size += len(chunk)
    if size < expected:
        raise InputError(
            f"{path} is truncated: {size} of {expected} bytes; copy or export it again."
        )


# MetaImage


def _check_meta(path: Path) -> None:
    fields = {}
    with open(path, "rb") as file:
        for line in iter(lambda: file.readline(_CHUNK), b""):
            name, separator, value = line.decode("latin-1").partition("=")
            if not separator:
                break
            fields[name.strip().lower()] = value.strip()
            if name.strip() == "ElementDataFile":
                break
    words = (fields.get("elementspacing") or fields.get("elementsize") or "").split()
    try:
        # MetaIO allows a negative spacing: a flipped axis, which SimpleITK reads as such.
        _check_spacing(path, [abs(float(word)) for word in words])
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path} has a damaged header ({error}); export it again.") from error
