"""Masks in a file in, an RTSTRUCT or DICOM SEG file out: the worker's part of the export."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Dict, Iterator, Mapping, Optional, Tuple

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.messages import ARE_PATHS, IS_BOOL, IS_PATH, MAY_BE_EMPTY, Message, Rule
from AutoContourRTCore.progress import Progress, ignore_progress
from AutoContourRTCore.segmentation.external import BODY, outline
from AutoContourRTCore.volumes.atomic import atomic_path
from AutoContourRTCore.volumes.dicom.appearance import Rgb
from AutoContourRTCore.volumes.dicom.roi_names import read_name_map, roi_names
from AutoContourRTCore.volumes.dicom.rtstruct_write import Export, write_rtstruct
from AutoContourRTCore.volumes.dicom.same_image import check_same_image, read_sample
from AutoContourRTCore.volumes.dicom.series import (
    Loaded,
    Series,
    find_series,
    load,
    series_of_files,
)
from AutoContourRTCore.volumes.labelmap import LabelMap
from AutoContourRTCore.volumes.segfile import read_labelmap

RTSTRUCT, SEG = "rtstruct", "seg"


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(each, str) for each in (*value, *value.values())
    )


@dataclass(frozen=True)
class ExportRequest(Message):
    """Write contours as DICOM. An earlier file at `output` is replaced once the new one is whole.

    file_kind: RTSTRUCT (structure set) or SEG (segmentation, through highdicom). input: .seg.nrrd;
    output: .dcm; archive: where a copy of the input is kept, "" for nowhere.
    image, image_name: the image that the contours were drawn on (see `write_sample`), its name.
    files: the CT's slices; where there are none, folder: where they lie. names: name map, "" for
    none. body: add the outline of the patient. generated, label, models, kinds, reviewed: see
    Export. colors: "red green blue" by name.
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
    file_kind: str = RTSTRUCT
    models: Dict[str, str] = field(default_factory=dict)
    kinds: Dict[str, str] = field(default_factory=dict)
    colors: Dict[str, str] = field(default_factory=dict)

    rules: ClassVar[Mapping[str, Rule]] = {
        "image": IS_PATH,
        "file_kind": (lambda v: v in (RTSTRUCT, SEG), f"{RTSTRUCT!r} or {SEG!r}"),
        "files": ARE_PATHS,
        "body": IS_BOOL,
        "reviewed": IS_BOOL,
        **{
            name: (_is_table, "texts by name")
            for name in ("generated", "models", "kinds", "colors")
        },
        **{
            name: MAY_BE_EMPTY
            for name in ("image_name", "folder", "archive", "label", "names")
        },
    }


@dataclass(frozen=True)
class ExportResult:
    """What an ExportRequest gave: the file, the names of the structures there, what to look at."""

    output: str
    structures: Tuple[str, ...]
    warnings: Tuple[str, ...]


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
        sample = read_sample(Path(request.image))
        check_same_image(sample, ct.volume, request.image_name, ct.series.where)
        progress(0.5, "reading the contours")
        labelmap = read_labelmap(request.input)
        also = None
        if request.body:
            progress(0.6, "outlining the patient")
            also = outline(labelmap, ct.series)
        what = "structure set" if request.file_kind == RTSTRUCT else "segmentation"
        progress(0.8, f"writing the {what}")
        with _archived(request):
            written, notes = _write(labelmap, also, ct.series, request)
        return ExportResult(request.output, written, (*ct.notes, *notes))


@contextmanager
def _archived(request: ExportRequest) -> Iterator[None]:
    """A copy of the masks where it is asked for, which takes its place once the rest is written."""
    if not request.archive:
        yield
        return
    with atomic_path(request.archive) as temporary:
        shutil.copyfile(request.input, temporary)
        yield


def _write(
    labelmap: LabelMap, also: Optional[LabelMap], series: Series, request: ExportRequest
) -> Tuple[Tuple[str, ...], Tuple[str, ...]]:
    """Write the file; returns the names there, and notes."""
    export, path = _export(request), Path(request.output)
    parts = [labelmap] if also is None else [labelmap, also]
    filled = [name for part in parts for name, mask in part.masks.items() if mask.any()]
    if request.file_kind == RTSTRUCT:
        notes = write_rtstruct(labelmap, series, path, export, also)
        names = roi_names(filled, export.names)
    else:
        from AutoContourRTCore.volumes.dicom.highdicom_files import segment_labels, write_seg

        notes = write_seg(labelmap, series, path, export, also)
        names = segment_labels(filled, export.names)
    return tuple(each.roi_name for each in names.values()), notes


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
        request.label, names, generated, request.models, by_program, request.kinds,
        _colors(request), request.reviewed and not request.body,
    )  # fmt: skip


def _colors(request: ExportRequest) -> Dict[str, Rgb]:
    found: Dict[str, Rgb] = {}
    for name, text in request.colors.items():
        red, green, blue = map(int, text.split())
        found[name] = red, green, blue
    return found
