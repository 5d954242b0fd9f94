"""``autocontourrt segment``: contour one CT."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any, List, Optional, Tuple

from AutoContourRTCore.cli.outputs import check_output, contours_beside
from AutoContourRTCore.cli.terminal import Console
from AutoContourRTCore.messages import SegmentRequest, SegmentResult

DEFAULT_MODEL = "head_neck_7"


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser = commands.add_parser(
        "segment", parents=[common], help="contour the organs on a CT",
        description="Contour the organs on a CT and write a .seg.nrrd that 3D Slicer opens.",
    )
    parser.add_argument("ct", type=Path, metavar="CT",
                        help="NRRD, NIfTI, MHA or MHD file, or a folder with a DICOM series")
    parser.add_argument("-o", "--output", type=Path, metavar="OUT.seg.nrrd",
                        help="default: <name of the CT>.seg.nrrd beside it")
    parser.add_argument("--model", default=DEFAULT_MODEL, metavar="ID",
                        help="see `autocontourrt models`; default: %(default)s")
    parser.add_argument("--structures", type=name_list, metavar="A,B",
                        help="only these; default: all of the model's")
    parser.add_argument("--roi", type=_roi, metavar='"i0 i1 j0 j1 k0 k1"',
                        help="only within this box of the CT's voxels, half-open")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--force", action="store_true", help="replace an earlier output")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, screen: Console) -> int:
    """Contour, write, print the table."""
    output = options.output or contours_beside(options.ct)
    check_output(output, options.force, options.ct)
    from AutoContourRTCore.segmentation.service import SegmentationService

    request = SegmentRequest(
        "segment", str(options.ct), str(output), options.model, options.structures, options.roi,
        options.device,
    )
    with screen.progress("Contouring") as progress:
        result = SegmentationService()(request, progress)
        progress(1.0, "done")
    for line in table(result):
        screen.say(line)
    for warning in result.warnings:
        screen.note(f"Warning: {warning}")
    screen.say(f"Written: {output}. Research use only: check every contour.")
    screen.done(asdict(result))
    return 0


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
