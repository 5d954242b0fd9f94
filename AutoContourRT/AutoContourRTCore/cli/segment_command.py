"""``autocontourrt segment``: contour one CT."""

from __future__ import annotations

import argparse
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, List, Optional, Tuple

from AutoContourRTCore.cli.dicom_options import (
    add_dicom_options,
    check_names,
    export_of,
    write_names,
)
from AutoContourRTCore.cli.outputs import archive_of, check_output, contours_beside, is_dicom_name
from AutoContourRTCore.cli.terminal import Console
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.messages import SegmentRequest, SegmentResult
from AutoContourRTCore.segmentation.external import with_body

DEFAULT_MODEL = "head_neck_7"


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser = commands.add_parser(
        "segment", parents=[common], help="contour the organs on a CT",
        description="Contour the organs on a CT and write a .seg.nrrd that 3D Slicer opens, or, "
        "for a DICOM folder, a structure set (RTSTRUCT, .dcm) with the .seg.nrrd beside it.",
    )
    parser.add_argument("ct", type=Path, metavar="CT",
                        help="NRRD, NIfTI, MHA or MHD file, or a folder with a DICOM series")
    parser.add_argument("-o", "--output", type=Path, metavar="OUT",
                        help=".seg.nrrd or .dcm; default: <name of the CT>.seg.nrrd beside it")
    parser.add_argument("--model", default=DEFAULT_MODEL, metavar="ID",
                        help="see `autocontourrt models`; default: %(default)s")
    parser.add_argument("--structures", type=name_list, metavar="A,B",
                        help="only these; default: all of the model's")
    parser.add_argument("--roi", type=_roi, metavar='"i0 i1 j0 j1 k0 k1"',
                        help="only within this box of the CT's voxels, half-open")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--force", action="store_true", help="replace an earlier output")
    add_dicom_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, screen: Console) -> int:
    """Contour, write, print the table."""
    output = options.output or contours_beside(options.ct)
    if options.write_names:
        screen.say(write_names(options, _wanted(options)))
        return 0
    check_output(output, options.force, options.ct)
    if is_dicom_name(output):
        check_names(options, _wanted(options))
    elif options.body or options.names:
        raise InputError("--body and --names are for a structure set; end the output in .dcm.")
    from AutoContourRTCore.segmentation.service import SegmentationService

    contours = archive_of(output) if is_dicom_name(output) else output
    request = SegmentRequest(
        "segment", str(options.ct), str(contours), options.model, options.structures, options.roi,
        options.device, options.series,
    )
    with screen.progress("Contouring") as progress:
        result = SegmentationService()(request, progress)
        if is_dicom_name(output):
            result = _as_structure_set(options, result, output)
        progress(1.0, "done")
    for line in table(result):
        screen.say(line)
    for warning in result.warnings:
        screen.note(f"Warning: {warning}")
    screen.say(f"Written: {output}. Research use only: check every contour.")
    screen.done(asdict(result))
    return 0


def _wanted(options: argparse.Namespace) -> Tuple[str, ...]:
    """The structures that will be looked for, by the model's names."""
    from AutoContourRTCore.anatomy.catalogue import standard_name
    from AutoContourRTCore.models.store import ModelStore

    manifest = ModelStore().manifest(options.model)
    return tuple(map(standard_name, options.structures or ())) or manifest.structures


def _as_structure_set(
    options: argparse.Namespace, result: SegmentResult, output: Path
) -> SegmentResult:
    """Write the contours of a result as a structure set too; the result for it."""
    from AutoContourRTCore.models.store import ModelStore
    from AutoContourRTCore.volumes.dicom.rtstruct_write import write_rtstruct
    from AutoContourRTCore.volumes.dicom.series import find_series
    from AutoContourRTCore.volumes.segfile import read_labelmap

    manifest = ModelStore().manifest(options.model)
    series = find_series(options.ct, options.series)
    labelmap = read_labelmap(result.output)
    export = export_of(options, labelmap.names, "AUTOMATIC", manifest.id, manifest.version)
    if options.body:
        labelmap = with_body(labelmap, series)
    notes = write_rtstruct(labelmap, series, output, export)
    return replace(result, output=str(output), warnings=(*result.warnings, *notes))


def table(result: SegmentResult) -> List[str]:
    """Lines with structure, volume and note."""
    names = (*result.volumes_ml, *result.absent)
    width = max([len("structure"), *map(len, names)])
    lines = [f"{'structure':<{width}}  volume ml  note"]
    lines += [f"{name:<{width}}  {ml:9.1f}" for name, ml in result.volumes_ml.items()]
    lines += [f"{name:<{width}}  {'-':>9}  {why}" for name, why in result.absent.items()]
    return lines


def name_list(text: str) -> Tuple[str, ...]:
    """Names between commas; at least one."""
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names:
        raise argparse.ArgumentTypeError("no name; write for example Parotid_L,SpinalCord")
    return names


def _roi(text: str) -> Optional[Tuple[int, ...]]:
    try:
        numbers = tuple(int(word) for word in text.replace(",", " ").split())
    except ValueError:
        numbers = ()
    if len(numbers) != 6:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a box: give six whole numbers in quotes, i0 i1 j0 j1 k0 k1."
        )
    return numbers
