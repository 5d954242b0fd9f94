"""Masks in a file in, a structure set out: what the worker does for the export in 3D Slicer."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Dict, Mapping, Tuple
from zipfile import BadZipFile

import numpy as np

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.messages import Message, Rule
from AutoContourRTCore.progress import Progress, ignore_progress
from AutoContourRTCore.segmentation.external import BODY, with_body
from AutoContourRTCore.volumes.atomic import atomic_path
from AutoContourRTCore.volumes.dicom.roi_names import read_name_map, roi_names
from AutoContourRTCore.volumes.dicom.rtstruct_write import Export, write_rtstruct
from AutoContourRTCore.volumes.dicom.same_image import Sample, check_same_image
from AutoContourRTCore.volumes.dicom.series import Loaded, find_series, load, series_of_files
from AutoContourRTCore.volumes.segfile import read_labelmap


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_path(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _are_texts(value: Any) -> bool:
    return isinstance(value, tuple) and all(map(_is_path, value))


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_text, (*value, *value.values())))


@dataclass(frozen=True)
class ExportRequest(Message):
    """Write a structure set. An earlier file at `output` is replaced once the new one is whole.

    input: .seg.nrrd; output: .dcm; archive: where a copy of the input is kept, "" for nowhere.
    image, image_name: the image that the contours were drawn on (see `write_sample`), its name.
    files: the CT's slices; where there are none, folder: where they lie. names: name map, "" for
    none. body: add the outline of the patient. generated, label, model, reviewed: see Export.
    """

    id: str
    input: str
    output: str
    image: str
    image_name: str
    files: Tuple[str, ...] = ()
    folder: str = ""
    archive: str = ""
    label: str = "AutoContourRT"
    names: str = ""
    body: bool = False
    reviewed: bool = False
    generated: Dict[str, str] = field(default_factory=dict)
    model: str = ""
    model_version: str = ""

    rules: ClassVar[Mapping[str, Rule]] = {
        "image": (_is_path, "a path"),
        "files": (_are_texts, "a list of paths"),
        "body": (lambda v: isinstance(v, bool), "true or false"),
        "reviewed": (lambda v: isinstance(v, bool), "true or false"),
        "generated": (_is_table, "texts by name"),
        **{
            name: (_is_text, "a text")
            for name in ("image_name", "folder", "archive", "label", "names", "model",
                         "model_version")
        },
    }  # fmt: skip


@dataclass(frozen=True)
class ExportResult:
    """What an ExportRequest gave: the file, the names of the structures there, what to look at."""

    output: str
    structures: Tuple[str, ...]
    warnings: Tuple[str, ...]


def write_sample(found: Sample, path: Path) -> None:
    """Write points and values for a request's `image`."""
    with open(path, "wb") as file:
        np.savez(file, points=found.points, values=found.values)


def _read_sample(path: Path) -> Sample:
    try:
        with np.load(path, allow_pickle=False) as file:
            return Sample(file["points"], file["values"])
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise InputError(f"The sample of the image {path} cannot be read: {error}.") from error


class ExportService:
    """Serves one request after the other."""

    def __call__(
        self, request: ExportRequest, progress: Progress = ignore_progress
    ) -> ExportResult:
        """Write. Each file is written whole or not at all.

        Raises InputError for what the user can mend, also where the image is not the CT of the
        slices; Cancelled when the callback raises it.
        """
        progress(0.0, "reading the CT's DICOM files")
        ct = _ct(request)
        progress(0.4, "comparing the image with them")
        sample = _read_sample(Path(request.image))
        check_same_image(sample, ct.volume, request.image_name, ct.series.where)
        progress(0.5, "reading the contours")
        labelmap = read_labelmap(request.input)
        if request.body:
            progress(0.6, "outlining the patient")
            labelmap = with_body(labelmap, ct.series)
        progress(0.8, "writing the structure set")
        export = _export(request)
        notes = write_rtstruct(labelmap, ct.series, Path(request.output), export)
        if request.archive:
            with atomic_path(request.archive) as temporary:
                shutil.copyfile(request.input, temporary)
        filled = [name for name, mask in labelmap.masks.items() if mask.any()]
        written = tuple(each.roi_name for each in roi_names(filled, export.names).values())
        return ExportResult(request.output, written, (*ct.notes, *notes))


def _ct(request: ExportRequest) -> Loaded:
    if request.files:
        where = f"the DICOM series of {request.image_name}"
        return load(series_of_files([Path(each) for each in request.files], where))
    if not request.folder:
        raise InputError("The CT's DICOM files are not known; give their folder.")
    if not Path(request.folder).is_dir():
        raise InputError(f"{request.folder} is no folder; give the one of the CT's DICOM files.")
    return load(find_series(Path(request.folder)))


def _export(request: ExportRequest) -> Export:
    names = read_name_map(Path(request.names)) if request.names else None
    generated = dict(request.generated)
    by_program = (BODY,) if request.body else ()
    generated.update({name: "AUTOMATIC" for name in by_program})
    return Export(
        request.label, names, generated, request.model, request.model_version, by_program,
        request.reviewed and not request.body,
    )  # fmt: skip
