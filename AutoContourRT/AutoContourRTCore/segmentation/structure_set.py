"""Contours in a file that a model made -> a structure set beside them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Optional, Tuple

from AutoContourRTCore.models.manifest import Manifest
from AutoContourRTCore.segmentation.external import BODY, outline

if TYPE_CHECKING:
    from AutoContourRTCore.volumes.dicom.roi_names import NameMap


def write_structure_set(
    contours: Path,
    ct: Path,
    path: Path,
    manifest: Manifest,
    label: str,
    names: Optional[NameMap] = None,
    body: bool = False,
    series: str = "",
) -> Tuple[str, ...]:
    """Write the contours of a model as RTSTRUCT, AUTOMATIC, for a CT series; returns notes.

    contours: .seg.nrrd. ct: DICOM folder; series: which one there (find_series). label, names: as
    in rtstruct_write.Export. body: add the outline of the patient. Raises InputError, before
    anything is written, as write_rtstruct.
    """
    from AutoContourRTCore.volumes.dicom.rtstruct_write import Export, write_rtstruct
    from AutoContourRTCore.volumes.dicom.series import find_series
    from AutoContourRTCore.volumes.segfile import read_labelmap

    found, labelmap = find_series(ct, series), read_labelmap(contours)
    by_program = (BODY,) if body else ()
    generated = dict.fromkeys((*labelmap.names, *by_program), "AUTOMATIC")
    also = outline(labelmap, found) if body else None
    models = dict.fromkeys(labelmap.names, f"{manifest.id} {manifest.version}")
    export = Export(label, names, generated, models, by_program)
    return write_rtstruct(labelmap, found, path, export, also)
