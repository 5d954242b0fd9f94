"""``autocontourrt convert``: contours from one kind of file into another."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any, List

from AutoContourRTCore.cli.dicom_options import (
    add_dicom_options,
    export_of,
    refuse_dicom_options,
    write_names,
)
from AutoContourRTCore.cli.outputs import check_file
from AutoContourRTCore.cli.segment_options import name_list
from AutoContourRTCore.cli.terminal import Console
from AutoContourRTCore.errors import InputError
from AutoContourRTCore.metrics.inputs.label_tables import table_names
from AutoContourRTCore.segmentation.external import outline


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser = commands.add_parser(
        "convert", parents=[common], help="contours between RTSTRUCT, SEG, .seg.nrrd and NIfTI",
        description="Read contours and write them as another kind of file. OUT says which: .dcm "
        "(RTSTRUCT), .seg.dcm (DICOM segmentation), .seg.nrrd, a label image (.nii.gz, .nrrd, "
        ".mha; names in a .csv beside it), or a folder of masks.",
    )
    parser.add_argument("input", type=Path, metavar="IN",
                        help="RTSTRUCT or SEG file, .seg.nrrd, label image, or folder of masks")
    parser.add_argument("output", type=Path, metavar="OUT",
                        help="the ending tells the kind: .dcm, .seg.nrrd, .nrrd, .nii.gz")
    parser.add_argument("--ct", type=Path, metavar="FOLDER",
                        help="DICOM folder of the CT; not needed where it lies beside IN")
    parser.add_argument("--labels", type=Path, metavar="TABLE", help="names of a label image")
    parser.add_argument("--structures", type=name_list, metavar="A,B", help="only these")
    parser.add_argument("--generated", choices=("automatic", "semiautomatic", "manual"),
                        help="how the contours came about; default: not told")
    parser.add_argument("--force", action="store_true", help="replace an earlier output")
    add_dicom_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, screen: Console) -> int:
    """Read, write, tell what was noted."""
    from AutoContourRTCore.cli.contour_input import read_any
    from AutoContourRTCore.cli.contour_output import write_any

    if not options.write_names:
        _check(options)
    with screen.progress("Converting") as progress:
        progress(0.0, "reading")
        contours = read_any(options.input, options.ct, options.series, options.labels)
        labelmap = _chosen(options, contours.labelmap)
        if options.write_names:
            screen.say(write_names(options, labelmap.names, contours.kinds, contours.colors))
            return 0
        how = (options.generated or "").upper()
        export = export_of(options, labelmap.names, how)
        export = replace(export, kinds=contours.kinds, colors=contours.colors)
        also = outline(labelmap, contours.series) if options.body else None
        progress(0.5, "writing")
        told = write_any(labelmap, contours.series, options.output, export, also)
        notes = (*contours.notes, *told)
        progress(1.0, "done")
    for note in notes:
        screen.note(f"Warning: {note}")
    screen.say(f"Written: {options.output} ({len(labelmap.names)} structures)")
    screen.done({"output": str(options.output), "structures": list(labelmap.names),
                 "warnings": list(notes)})  # fmt: skip
    return 0


def _check(options: argparse.Namespace) -> None:
    """Raise InputError unless the output may be written."""
    from AutoContourRTCore.cli.contour_output import (
        FOLDER,
        LABELS,
        SEGMENTATION,
        STRUCTURE_SET,
        kind_of,
        table_of,
    )

    kind = kind_of(options.output)
    if kind not in (STRUCTURE_SET, SEGMENTATION):
        refuse_dicom_options(options, ("names", "generated", "label"), "end the output in .dcm")
    if kind == FOLDER:
        if options.output.is_dir() and any(options.output.iterdir()):
            raise InputError(f"{options.output} is not empty; name a new folder.")
        return
    check_file(options.output, options.force, options.input)
    if kind == LABELS:
        check_file(table_of(options.output), options.force, options.input)
        _check_table(options.output, table_of(options.output).name)


def _check_table(output: Path, own: str) -> None:
    """Raise InputError where another table lies beside a label image, and would be read first."""
    names = table_names(output)
    for name in names[: names.index(own)] if own in names else names:
        if (output.parent / name).exists():
            raise InputError(
                f"{output.parent / name} would be taken for the names of {output}; remove it, or "
                "give another name."
            )


def _chosen(options: argparse.Namespace, labelmap: Any) -> Any:
    """The structures that are asked for, in any usual spelling; InputError for one that is not
    there."""
    from AutoContourRTCore.metrics.choices.tolerance_files import standard_or_written

    if not options.structures:
        return labelmap
    chosen: List[str] = []
    for wanted in options.structures:
        exact = [name for name in labelmap.names if name == wanted]
        standard = standard_or_written(wanted)
        found = exact or [n for n in labelmap.names if standard_or_written(n) == standard]
        if not found:
            raise InputError(
                f"{options.input} has no structure {wanted!r}; it has {', '.join(labelmap.names)}."
            )
        chosen += found
    return labelmap.only(chosen)
