"""``autocontourrt segment``: contour one CT."""

from __future__ import annotations

import argparse
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Callable, List, Optional, Tuple

from AutoContourRTCore.cli.dicom_options import (
    add_dicom_options,
    check_names,
    name_map,
    refuse_dicom_options,
    write_names,
)
from AutoContourRTCore.cli.outputs import archive_of, check_output, contours_beside, is_dicom_name
from AutoContourRTCore.cli.segment_options import add_segment_options, model_of, structures_of
from AutoContourRTCore.cli.terminal import Console
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.messages import SegmentRequest, SegmentResult
from AutoContourRTCore.progress import Progress
from AutoContourRTCore.volumes.atomic import atomic_path


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser = commands.add_parser(
        "segment", parents=[common], help="contour the organs on a CT",
        description="Contour the organs on a CT and write a .seg.nrrd that 3D Slicer opens; of a "
        "DICOM folder, with -o NAME.dcm, a structure set (RTSTRUCT) and the .seg.nrrd beside it.",
    )
    parser.add_argument("ct", type=Path, metavar="CT",
                        help="NRRD, NIfTI, MHA or MHD file, or a folder with a DICOM series")
    parser.add_argument("-o", "--output", type=Path, metavar="OUT",
                        help=".seg.nrrd or .dcm; default: <name of the CT>.seg.nrrd beside it")
    add_segment_options(parser)
    parser.add_argument("--roi", type=_roi, metavar='"i0 i1 j0 j1 k0 k1"',
                        help="only within this box of the CT's voxels, half-open")
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
        _check_ct(options)
    else:
        refuse_dicom_options(options, ("body", "names", "label"), "end the output in .dcm")
    from AutoContourRTCore.segmentation.sense import describe

    screen.note(describe(model_of(options)))
    told: List[str] = []

    def warn(warning: str) -> None:
        told.append(warning)
        screen.note(f"Warning: {warning}")

    with screen.progress("Contouring") as progress:
        result = _contour(options, output, progress, warn)
        progress(1.0, "done")
    for line in table(result):
        screen.say(line)
    for warning in result.warnings:
        if warning not in told:
            warn(warning)
    screen.say(f"Written: {output}. Research use only: check every contour.")
    screen.done(asdict(result))
    return 0


def _wanted(options: argparse.Namespace) -> Tuple[str, ...]:
    """The structures that will be looked for, by the model's names."""
    return structures_of(options) or model_of(options).structures


def _check_ct(options: argparse.Namespace) -> None:
    """Raise InputError, before anything is computed, for a CT that no structure set can name."""
    from AutoContourRTCore.volumes.dicom.rtstruct_write import check_series
    from AutoContourRTCore.volumes.dicom.series import find_series

    if options.ct.is_dir():  # else the reading says what is wrong
        check_series(find_series(options.ct, options.series))


def _contour(
    options: argparse.Namespace, output: Path, progress: Progress, warn: Callable[[str], None]
) -> SegmentResult:
    """Write what is asked for; with a structure set its archive, both or none."""
    if not is_dicom_name(output):
        return _segmented(options, output, progress, warn)
    with atomic_path(archive_of(output)) as archive:
        result = _segmented(options, archive, progress, warn)
        if not result.volumes_ml:
            reasons = "; ".join(f"{name}: {why}" for name, why in result.absent.items())
            raise InputError(
                f"Nothing was contoured, so {output} was not written. {reasons}".rstrip()
            )
        return _as_structure_set(options, result, output)


def _segmented(
    options: argparse.Namespace, contours: Path, progress: Progress, warn: Callable[[str], None]
) -> SegmentResult:
    """Contours in a .seg.nrrd; warn: called with what is odd about the CT, before the network."""
    from AutoContourRTCore.segmentation.service import SegmentationService

    request = SegmentRequest(
        "segment", str(options.ct), str(contours), options.model, options.structures, options.roi,
        options.device, options.series,
    )
    return SegmentationService()(request, progress, warn)


def _as_structure_set(
    options: argparse.Namespace, result: SegmentResult, output: Path
) -> SegmentResult:
    """Write the contours of a result as a structure set too; the result for it."""
    from AutoContourRTCore.segmentation.structure_set import write_structure_set

    notes = write_structure_set(
        Path(result.output), options.ct, output, model_of(options), options.label,
        name_map(options), options.body, options.series,
    )  # fmt: skip
    return replace(result, output=str(output), warnings=(*result.warnings, *notes))


def table(result: SegmentResult) -> List[str]:
    """Lines with structure, volume and note."""
    names = (*result.volumes_ml, *result.absent)
    width = max([len("structure"), *map(len, names)])
    lines = [f"{'structure':<{width}}  volume ml  note"]
    lines += [f"{name:<{width}}  {ml:9.1f}" for name, ml in result.volumes_ml.items()]
    lines += [f"{name:<{width}}  {'-':>9}  {why}" for name, why in result.absent.items()]
    return lines


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
