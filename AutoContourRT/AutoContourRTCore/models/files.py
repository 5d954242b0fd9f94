"""A model on disk: a folder with ``model.json``, the weights and a card.

Every file beside model.json is listed there with its SHA-256; what is not listed is not read.
"""

from __future__ import annotations

import os
import secrets
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Dict, Mapping, Sequence, Tuple, Union

import numpy as np

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.hashing import sha256_of
from AutoContourRTCore.models.manifest import Manifest
from AutoContourRTCore.models.tensors import check_tensors, load_tensors, save_tensors
from AutoContourRTCore.models.usable import check_usable
from AutoContourRTCore.volumes.atomic import write_bytes

MANIFEST = "model.json"
CARD = "CARD.md"
MOST_MANIFEST_BYTES = 4 * 1024 * 1024
#: Suffixes of files that may hold pickles: reading one can run any code.
PICKLES = (".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib")


def write_model(
    folder: Union[str, Path],
    manifest: Manifest,
    tensors: Mapping[str, np.ndarray],
    card: str,
    overwrite: bool = False,
) -> Manifest:
    """Write a model folder, whole or not at all; returns the manifest with its checksums.

    card: Markdown for people (data, licence, figures, known failures). overwrite: replace a
    model of that name. Raises InputError when the folder exists already, cannot be written, or
    the weights are neither float16 nor float32.
    """
    target = Path(os.path.abspath(folder))
    if target.exists() and not (overwrite and (target / MANIFEST).is_file()):
        raise InputError(f"{target} exists already; choose another name or delete it first.")
    staging = make_staging(target.parent)
    try:
        save_tensors(tensors, staging / manifest.weights)
        write_bytes(staging / CARD, card.encode("utf-8"))
        sums = {name: sha256_of(staging / name) for name in (manifest.weights, CARD)}
        complete = replace(manifest, checksums=sums)
        write_bytes(staging / MANIFEST, complete.to_json().encode("utf-8"))
        put_in_place(staging, target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return complete


def read_manifest(folder: Union[str, Path]) -> Manifest:
    """The manifest of a model folder; the other files are not looked at.

    Raises InputError when it is missing, too large or wrong.
    """
    path = Path(folder) / MANIFEST
    if not path.is_file():
        raise InputError(f"{folder} is not a model: it has no {MANIFEST}.")
    if path.stat().st_size > MOST_MANIFEST_BYTES:
        raise InputError(f"{path} is larger than any manifest; it is not a model.")
    return parse_manifest(path.read_bytes(), str(path))


def parse_manifest(content: bytes, source: str) -> Manifest:
    """The manifest in the bytes of a model.json; errors name the source."""
    try:
        return Manifest.from_json(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise InputError(f"{source} is not UTF-8 text; get the model again.") from error
    except InputError as error:
        raise InputError(f"{source}: {error}") from error


def verify_model(folder: Union[str, Path]) -> Manifest:
    """The manifest of a model folder whose files are all there, unchanged and free of code.

    Raises InputError naming the file for pickles, missing or changed files, links, weights that
    are not safetensors of float16 or float32, and what could not contour (check_usable).
    """
    folder = Path(folder)
    if folder.is_dir():
        refuse_pickles([path.name for path in folder.iterdir()], str(folder))
    manifest = read_manifest(folder)
    require_weights_listed(manifest, str(folder))
    for name, expected in manifest.checksums.items():
        _verify_file(folder / name, expected)
    check_usable(manifest, check_tensors(folder / manifest.weights), str(folder))
    return manifest


def read_model(folder: Union[str, Path]) -> Tuple[Manifest, Dict[str, np.ndarray]]:
    """A verified model: its manifest and weights. Errors as in verify_model."""
    manifest = verify_model(folder)
    return manifest, load_tensors(Path(folder) / manifest.weights)


def refuse_pickles(names: Sequence[str], source: str) -> None:
    """Raise InputError when a name is that of a pickle."""
    found = [name for name in names if name.lower().endswith(PICKLES)]
    if found:
        raise InputError(
            f"{source} holds {found[0]!r}, a kind of file (pickle) that can run any code when it "
            "is read; the model was refused. Ask for the weights as safetensors."
        )


def require_weights_listed(manifest: Manifest, source: str) -> None:
    """Raise InputError when the weights have no checksum."""
    if manifest.weights not in manifest.checksums:
        raise InputError(
            f"{source}: model.json lists no checksum for {manifest.weights!r}; export the model "
            "again from the program that made it."
        )


def make_staging(parent: Path) -> Path:
    """A new hidden folder in which something is made ready. Raises InputError if it cannot be."""
    staging = parent / f".new-{secrets.token_hex(6)}"
    try:
        staging.mkdir(parents=True)
    except OSError as error:
        raise InputError(
            f"{parent} cannot be written: {error.strerror}; choose another folder."
        ) from error
    return staging


def put_in_place(staging: Path, target: Path) -> None:
    """Rename a finished folder to its name; an earlier one is kept until the new one is there."""
    old = target.with_name(f".old-{secrets.token_hex(6)}")
    replaces = target.exists()
    if replaces:
        os.replace(target, old)
    try:
        os.replace(staging, target)
    except OSError:
        if replaces:
            os.replace(old, target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _verify_file(path: Path, expected: str) -> None:
    if path.is_symlink() or not path.is_file():
        raise InputError(
            f"The model lacks {path.name!r} ({path.parent}), or it is a link; get the model again."
        )
    if sha256_of(path) != expected:
        raise InputError(
            f"{path} was changed or damaged: its checksum is not the one in {MANIFEST}; "
            "get the model again."
        )
