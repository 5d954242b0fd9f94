"""The only door to pydicom: 2.4, the last for Python 3.9 (Slicer 5.8), up to 3.x.

A data set is handed on as it is (typed Any); its values are fetched by `text`, `numbers` and
`items`, which say what is wrong with them.
"""

from __future__ import annotations

import re
import struct
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator, List, Sequence, Tuple

import numpy as np

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.volumes.atomic import atomic_path
from AutoContourRTCore.volumes.reading import reading

#: What pydicom raises for files that are cut or damaged, apart from its own InvalidDicomError
#: (an Exception without a common parent).
_DAMAGE = (EOFError, ValueError, KeyError, AttributeError, TypeError, NotImplementedError,
           struct.error)  # fmt: skip
_TIME = r"(\d{2}(\d{2}(\d{2}(\.\d{1,6})?)?)?)?"
#: Type 2 of the modules Patient and General Study -> what may stand there.
_MAY_BE_EMPTY = {
    "PatientName": ".*", "PatientID": ".*", "PatientBirthDate": r"(\d{8})?", "PatientSex": "[MFO]?",
    "StudyDate": r"(\d{8})?", "StudyTime": _TIME, "ReferringPhysicianName": ".*", "StudyID": ".*",
    "AccessionNumber": ".*",
}
_IMPLICIT = "1.2.840.10008.1.2"  # Implicit VR Little Endian
_HEADER = (
    "SOPClassUID", "SOPInstanceUID", "Modality", "ImageType", "PatientID", "StudyInstanceUID",
    "SeriesInstanceUID", "SeriesDescription", "FrameOfReferenceUID", "ImagePositionPatient",
    "ImageOrientationPatient", "PixelSpacing", "SliceThickness", "Rows", "Columns",
    "NumberOfFrames", "SamplesPerPixel", "PhotometricInterpretation",
)  # fmt: skip


def read_header(path: Path) -> Any:
    """The few values by which files are sorted, without pixels; OSError if it cannot be opened.

    Raises InputError for a file that is damaged.
    """
    return _read(path, specific_tags=list(_HEADER), stop_before_pixels=True)


def read_without_pixels(path: Path) -> Any:
    """A whole data set but for its pixels; InputError for a file that is damaged or unreadable."""
    with reading(path):
        return _read(path, stop_before_pixels=True)


def read_dataset(path: Path) -> Any:
    """A whole data set; InputError for a file that is damaged, unreadable or no DICOM."""
    with reading(path):
        return _read(path)


def _read(path: Path, **options: Any) -> Any:
    pydicom = _pydicom()
    try:
        with _quiet():
            return pydicom.dcmread(str(path), force=_is_bare(path), **options)
    except (pydicom.errors.InvalidDicomError, *_DAMAGE) as error:
        raise InputError(f"{path} is no DICOM file, or damaged; copy it again.") from error


def _is_bare(path: Path) -> bool:
    """Whether a file starts with a data element of group 2 or 8: DICOM without its preamble."""
    with open(path, "rb") as file:
        return file.read(2) in (b"\x02\x00", b"\x08\x00")


def has(dataset: Any, keyword: str) -> bool:
    """Whether a data set has a value, not an empty one."""
    return keyword in dataset and text(dataset, keyword) != ""


def text(dataset: Any, keyword: str) -> str:
    """A value as text (several: parted by a backslash), "" where it is missing or empty."""
    with _quiet():
        try:
            value = dataset.get(keyword)
        except _DAMAGE:
            return str(dataset.get_item(keyword).value)
    if value is None:
        return ""
    several = not isinstance(value, (str, bytes)) and hasattr(value, "__iter__")
    if type(value).__name__ == "PersonName":
        several = False
    words = [str(word) for word in value] if several else [str(value)]
    return "\\".join(words).strip(" \0")


def numbers(dataset: Any, keyword: str, count: int, where: object) -> Tuple[float, ...]:
    """So many finite numbers; InputError, naming `where` they were looked for, if they are not."""
    found = text(dataset, keyword)
    try:
        values = tuple(float(word) for word in found.split("\\"))
    except ValueError:
        values = ()
    if len(values) != count or not np.all(np.isfinite(values)):
        raise InputError(f"{where}: the DICOM value {keyword} is {found!r}; export it again.")
    return values


def decimals(dataset: Any, keyword: str, where: object) -> np.ndarray:
    """All the decimal strings of a value, float64 (n,); fast, for there may be millions.

    Raises InputError, naming `where`, for what is no finite number.
    """
    if keyword not in dataset:
        return np.empty(0)
    raw = dataset.get_item(keyword).value
    if raw is None or raw == b"" or raw == "":
        return np.empty(0)
    words = raw.replace(b"\0", b"").split(b"\\") if isinstance(raw, bytes) else raw
    try:
        values = np.array(words, dtype=float).reshape(-1)
    except (ValueError, TypeError) as error:
        raise InputError(f"{where}: {keyword} is damaged ({error}); export it again.") from error
    if not np.isfinite(values).all():
        raise InputError(f"{where}: {keyword} holds a number that is not finite; export it again.")
    return values


def items(dataset: Any, keyword: str) -> List[Any]:
    """The items of a sequence; none where it is missing."""
    with _quiet():
        return list(dataset.get(keyword) or [])


def pixels(dataset: Any, where: object) -> np.ndarray:
    """The stored values, [frame, row, column] or [row, column]; InputError if unreadable."""
    try:
        with _quiet():
            return np.asarray(dataset.pixel_array)
    except (RuntimeError, *_DAMAGE) as error:
        raise InputError(
            f"{where}: its pixels cannot be read ({error}); export it again, uncompressed."
        ) from error


def dataset(**values: Any) -> Any:
    """A data set of these values by keyword; a list of data sets becomes a sequence."""
    made = _pydicom().Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def set_decimals(target: Any, keyword: str, values: np.ndarray, digits: int) -> None:
    """Set decimal strings, millions of them in no time: as the bytes that the file will hold.

    Only for `write_dataset`, whose encoding keeps no type beside them.
    """
    pydicom = _pydicom()
    words = "\\".join(f"{value:.{digits}f}" for value in values.ravel().tolist())
    raw = words.encode("ascii") + b" " * (len(words) % 2)
    target.add_new(pydicom.datadict.tag_for_keyword(keyword), "OB", raw)


def new_uid() -> str:
    """A UID that nobody else has (2.25 and a random number: PS3.5, B.2)."""
    return str(_pydicom().uid.generate_uid(prefix=None))


def write_dataset(content: Any, path: Path) -> None:
    """Write a DICOM file, whole or not at all, in Implicit VR Little Endian.

    (In explicit VR a contour of more than 64 kB cannot be told as decimal strings.) `content` has
    its SOP class and instance UID. Raises InputError when the disk is full.
    """
    pydicom = _pydicom()
    meta = pydicom.dataset.FileMetaDataset()
    meta.FileMetaInformationGroupLength = 0  # told anew when it is written
    meta.FileMetaInformationVersion = b"\x00\x01"
    meta.MediaStorageSOPClassUID = content.SOPClassUID
    meta.MediaStorageSOPInstanceUID = content.SOPInstanceUID
    meta.TransferSyntaxUID = _IMPLICIT
    meta.ImplementationClassUID = pydicom.uid.PYDICOM_IMPLEMENTATION_UID
    with atomic_path(path) as temporary, _quiet():
        file = pydicom.dataset.FileDataset(
            str(temporary), content, preamble=b"\0" * 128, file_meta=meta,
            is_implicit_VR=True, is_little_endian=True,
        )  # fmt: skip
        file.save_as(str(temporary))


def copy_values(source: Any, keywords: Sequence[str], target: Any) -> None:
    """Copy values that the source has; the others become empty."""
    with _quiet():
        for keyword in keywords:
            setattr(target, keyword, source.get(keyword, ""))


def complete(dataset: Any) -> Any:
    """A data set with the values of patient and study that the standard asks for, though they may
    be empty: those that are missing or against the standard become so."""
    with _quiet():
        for keyword, allowed in _MAY_BE_EMPTY.items():
            fits = re.fullmatch(allowed, text(dataset, keyword), re.DOTALL)
            if keyword not in dataset or not fits:
                setattr(dataset, keyword, None)
        sets = text(dataset, "SpecificCharacterSet").split("\\")
        if len(sets) > 1 and not sets[0]:  # the first may be empty: the default one is meant
            dataset.SpecificCharacterSet = ["ISO 2022 IR 6", *sets[1:]]
    return dataset


@contextmanager
def _quiet() -> Iterator[None]:
    """Without pydicom's remarks on values that break the standard in harmless ways."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _pydicom() -> Any:
    try:
        import pydicom
        import pydicom.datadict
        import pydicom.dataset
        import pydicom.errors
        import pydicom.uid
    except ImportError as error:
        raise InputError(
            "DICOM files need the Python package pydicom, which is not there; install it with: "
            "pip install pydicom"
        ) from error
    return pydicom
