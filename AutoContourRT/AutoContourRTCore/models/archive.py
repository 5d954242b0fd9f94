"""A model in one zip file, to give away and to take in from strangers."""

from __future__ import annotations

import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import List, Union

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.models.files import (
    MANIFEST,
    MOST_MANIFEST_BYTES,
    parse_manifest,
    refuse_pickles,
    require_weights_listed,
    verify_model,
)
from AutoContourRTCore.volumes.atomic import atomic_path, write_bytes

#: More than any model of this program needs; a file beyond is refused before it fills the disk.
MOST_FILES = 64
MOST_BYTES = 1024**3
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)


def pack(folder: Union[str, Path], zip_path: Union[str, Path]) -> None:
    """Write a verified model folder to a zip file, whole or not at all.

    Only model.json and the files that it lists go in. Raises InputError for a model that does
    not verify and a place that cannot be written.
    """
    manifest = verify_model(folder)
    with atomic_path(zip_path) as temporary:
        with _new_zip(temporary) as archive:
            for name in (MANIFEST, *manifest.checksums):
                archive.write(Path(folder) / name, name)


def unpack(zip_path: Union[str, Path], folder: Path) -> None:
    """Write model.json and the files that it lists from a zip file into an empty folder.

    They may lie in one folder inside the zip; other files are left out. Checksums are not
    compared: see files.verify_model. Raises InputError, before anything is written, for names
    that lead out of the folder, links, pickles, encryption, too many or too large files, and a
    wrong manifest; while writing, for damaged content.
    """
    try:
        with zipfile.ZipFile(zip_path) as archive:
            _check_entries(archive.infolist(), str(zip_path))
            root = _root(archive.namelist(), str(zip_path))
            _extract(archive, root, folder, str(zip_path))
    except OSError as error:
        raise InputError(f"{zip_path} cannot be read: {error.strerror or error}.") from error
    except _DAMAGED as error:
        raise InputError(
            f"{zip_path} is not a zip file that can be read, or it is damaged ({error}); "
            "get the model again."
        ) from error


def _new_zip(path: Path) -> zipfile.ZipFile:
    """An empty zip file that also takes files dated before 1980, as some installers make."""
    return zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False)


def _check_entries(entries: List[zipfile.ZipInfo], source: str) -> None:
    for entry in entries:
        reason = _objection(entry)
        if reason:
            raise InputError(
                f"{source} was refused: {entry.orig_filename!r} {reason}. Get the model from a "
                "source that you trust."
            )
    refuse_pickles([entry.filename for entry in entries], source)
    names = [entry.filename.lower() for entry in entries]
    if len(set(names)) < len(names):
        raise InputError(f"{source} was refused: it holds two files of the same name.")
    size = sum(entry.file_size for entry in entries)
    if len(entries) > MOST_FILES or size > MOST_BYTES:
        raise InputError(
            f"{source} was refused: {len(entries)} files of {size} bytes in all; a model has at "
            f"most {MOST_FILES} files and {MOST_BYTES} bytes."
        )


def _objection(entry: zipfile.ZipInfo) -> str:
    """Why an entry must not be unpacked; empty if it may. Its name is judged as it was stored."""
    name = entry.orig_filename
    if "\\" in name or ":" in name or "\0" in name:
        return "has a backslash, a colon or a null byte in its name"
    if name.startswith("/") or ".." in PurePosixPath(name).parts:
        return "leads out of the folder"
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a link or a device"
    if entry.flag_bits & 1:
        return "is encrypted"
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "is packed in another way than the usual ones (stored, deflated)"
    return ""


def _root(names: List[str], source: str) -> str:
    """What stands before model.json: nothing, or one folder with its slash."""
    found = [
        name[: -len(MANIFEST)] for name in names
        if PurePosixPath(name).name == MANIFEST and name.count("/") <= 1
        and not name.startswith("__MACOSX/")
    ]
    if len(found) != 1:
        raise InputError(
            f"{source} is not a model: it must hold one {MANIFEST}, at the top or in one folder; "
            f"found {len(found)}."
        )
    return found[0]


def _extract(archive: zipfile.ZipFile, root: str, folder: Path, source: str) -> None:
    """Write model.json and the listed files; zipfile never gives more bytes than announced."""
    if archive.getinfo(root + MANIFEST).file_size > MOST_MANIFEST_BYTES:
        raise InputError(f"{source}: its {MANIFEST} is larger than any manifest.")
    content = archive.read(root + MANIFEST)
    manifest = parse_manifest(content, source)
    require_weights_listed(manifest, source)
    missing = [name for name in manifest.checksums if root + name not in archive.namelist()]
    if missing:
        raise InputError(f"{source} lacks {', '.join(missing)}; get the model again.")
    write_bytes(folder / MANIFEST, content)
    for name in manifest.checksums:
        with archive.open(root + name) as packed, atomic_path(folder / name) as temporary:
            with open(temporary, "wb") as file:
                shutil.copyfileobj(packed, file)
