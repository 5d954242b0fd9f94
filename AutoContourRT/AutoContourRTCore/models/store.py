"""The models at hand: those that come with the program and the user's own."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple, Union

import numpy as np

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.models import archive, places
from AutoContourRTCore.models.files import (
    MANIFEST,
    make_staging,
    put_in_place,
    read_manifest,
    read_model,
    refuse_pickles,
    require_weights_listed,
    verify_model,
)
from AutoContourRTCore.models.manifest import Manifest
from AutoContourRTCore.volumes.atomic import atomic_path


class Entry(NamedTuple):
    """A model and where it lies."""

    manifest: Manifest
    folder: Path
    shipped: bool


class ModelStore:
    """Shipped models, which are read-only, and the user's own in a folder of theirs.

    user_folder: None for the platform's place (places.user_folder). Models are known by the id in
    their manifest. Of several versions of one id in the user's folder the newest counts; an id
    that is also shipped means the shipped model.
    """

    def __init__(
        self,
        user_folder: Optional[Union[str, Path]] = None,
        shipped_folder: Optional[Union[str, Path]] = None,
    ) -> None:
        self.user_folder = Path(user_folder) if user_folder else places.user_folder()
        self.shipped_folder = Path(shipped_folder or places.shipped_folder())

    def list(self) -> List[Manifest]:
        """The manifests of all models that can be read: shipped ones first, each group by id."""
        return [entry.manifest for entry in self._entries().values()]

    def broken(self) -> Dict[Path, str]:
        """Folders that look like models and cannot be used, with the reason for each.

        One of the user's is among them where an update has brought a model of its id.
        """
        entries, reasons = self._entries(), {}
        for folder, shipped, found in self._scan():
            if isinstance(found, str):
                reasons[folder] = found
            elif entries[found.id].shipped and not shipped:
                reasons[folder] = (
                    f"a model {found.id!r} comes with the program now, and is used in its place; "
                    f'to have both, write another "id" into {folder / MANIFEST}.'
                )
        return reasons

    def is_shipped(self, model_id: str) -> bool:
        """Whether a model came with the program. Unknown id: InputError."""
        return self._entry(model_id).shipped

    def folder(self, model_id: str) -> Path:
        """The folder of a model. Unknown id: InputError that lists those that exist."""
        return self._entry(model_id).folder

    def manifest(self, model_id: str) -> Manifest:
        """The manifest of a model. Unknown id: InputError that lists those that exist."""
        return self._entry(model_id).manifest

    def load(self, model_id: str) -> Tuple[Manifest, Dict[str, np.ndarray]]:
        """A model's manifest and weights, with checksums compared.

        Raises InputError for an unknown id and for files that are missing or changed.
        """
        return read_model(self.folder(model_id))

    def import_model(self, path: Union[str, Path]) -> Manifest:
        """Take a model (folder or zip file) into the user's folder; returns its manifest.

        A newer version of one of the user's models replaces it. Raises InputError, and changes
        nothing, for a model that does not verify, for an id that is shipped, and for the same or
        an older version of a model that is there.
        """
        source = Path(path)
        if not source.exists():
            raise InputError(f"{source} does not exist; give a model folder or a zip file.")
        staging = make_staging(self.user_folder)
        try:
            if source.is_dir():
                _copy_model(source, staging)
            else:
                archive.unpack(source, staging)
            manifest = verify_model(staging)
            self._check_newer(manifest)
            self._take_in(staging, manifest)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        return manifest

    def export_model(self, model_id: str, zip_path: Union[str, Path]) -> None:
        """Write a model to a zip file. Raises InputError: unknown id, damaged, cannot write."""
        archive.pack(self.folder(model_id), zip_path)

    def delete(self, model_id: str) -> None:
        """Delete one of the user's models, all versions of it.

        Raises InputError for an unknown id, a shipped model, and files that are in use.
        """
        if self._entry(model_id).shipped:
            raise InputError(
                f"The model {model_id!r} came with the program and cannot be deleted; only "
                "imported ones can."
            )
        for folder in self._user_folders(model_id):
            _remove(folder)

    def _entry(self, model_id: str) -> Entry:
        entries = self._entries()
        if model_id not in entries:
            raise InputError(
                f"There is no model {model_id!r}; there are: {', '.join(entries) or 'none'}. "
                "Import it first, or check the spelling."
            )
        return entries[model_id]

    def _entries(self) -> Dict[str, Entry]:
        """Model id -> the entry that counts."""
        entries: Dict[str, Entry] = {}
        for folder, shipped, found in self._scan():
            if isinstance(found, str):
                continue  # broken() reports it
            known = entries.get(found.id)
            newer = known and found.version_numbers > known.manifest.version_numbers
            if known is None or (newer and not known.shipped):
                entries[found.id] = Entry(found, folder, shipped)
        order = sorted(entries, key=lambda key: (not entries[key].shipped, key))
        return {key: entries[key] for key in order}

    def _scan(self) -> Iterator[Tuple[Path, bool, Union[Manifest, str]]]:
        """Every model folder, whether it is shipped, and its manifest or what is wrong."""
        for root, shipped in ((self.shipped_folder, True), (self.user_folder, False)):
            for folder in _model_folders(root):
                try:
                    yield folder, shipped, read_manifest(folder)
                except InputError as error:
                    yield folder, shipped, str(error)

    def _user_folders(self, model_id: str) -> List[Path]:
        return [
            folder for folder, shipped, found in self._scan()
            if not shipped and isinstance(found, Manifest) and found.id == model_id
        ]

    def _check_newer(self, manifest: Manifest) -> None:
        known = self._entries().get(manifest.id)
        if known is None:
            return
        if known.shipped:
            raise InputError(
                f"A model {manifest.id!r} comes with the program and cannot be replaced; save "
                "yours under another id."
            )
        if manifest.version_numbers <= known.manifest.version_numbers:
            raise InputError(
                f"The model {manifest.id!r} is there already in version {known.manifest.version}; "
                f"version {manifest.version} is not newer. Delete the present one first, or save "
                "yours under another id or a higher version."
            )

    def _take_in(self, staging: Path, manifest: Manifest) -> None:
        """Give a verified folder its name; earlier versions go once the new one is there."""
        earlier = self._user_folders(manifest.id)
        put_in_place(staging, self.user_folder / f"{manifest.id}-{manifest.version}")
        for folder in earlier:
            _remove(folder)


def _model_folders(root: Path) -> List[Path]:
    """Folders with a manifest; hidden ones are unfinished or being deleted."""
    if not root.is_dir():
        return []
    return sorted(
        folder for folder in root.iterdir()
        if not folder.name.startswith(".") and (folder / MANIFEST).is_file()
    )


def _copy_model(source: Path, staging: Path) -> None:
    """Copy model.json and the files that it lists."""
    refuse_pickles([path.name for path in source.iterdir()], str(source))
    manifest = read_manifest(source)
    require_weights_listed(manifest, str(source))
    for name in (MANIFEST, *manifest.checksums):
        if (source / name).is_symlink() or not (source / name).is_file():
            raise InputError(f"{source} lacks {name!r}, or it is a link; get the model again.")
        with atomic_path(staging / name) as temporary:
            shutil.copyfile(source / name, temporary)


def _remove(folder: Path) -> None:
    """Hide a folder in one step, then delete its files: it is there wholly or not at all."""
    hidden = folder.with_name(f".old-{folder.name}")
    try:
        shutil.rmtree(hidden, ignore_errors=True)  # left by a deletion that was cut short
        os.replace(folder, hidden)
    except OSError as error:
        raise InputError(
            f"{folder} cannot be deleted: {error.strerror}; close the programs that use it."
        ) from error
    shutil.rmtree(hidden, ignore_errors=True)
