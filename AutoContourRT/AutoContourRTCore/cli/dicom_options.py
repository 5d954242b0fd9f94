"""Options that say what goes into a structure set, shared by the commands that write one."""

from __future__ import annotations

import argparse
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Iterable, Mapping, Optional

from AutoContourRTCore.errors import InputError
from AutoContourRTCore.segmentation.external import BODY

if TYPE_CHECKING:
    from AutoContourRTCore.volumes.dicom.appearance import Rgb
    from AutoContourRTCore.volumes.dicom.roi_names import NameMap
    from AutoContourRTCore.volumes.dicom.rtstruct_write import Export

DEFAULT_LABEL = "AutoContourRT"


def add_dicom_options(parser: argparse.ArgumentParser) -> None:
    """Add them."""
    group = parser.add_argument_group("structure sets (DICOM)")
    group.add_argument("--series", default="", metavar="UID|TEXT",
                       help="the CT series to use where a folder holds several: its UID, or its "
                       "whole description")
    group.add_argument("--label", default=DEFAULT_LABEL,
                       help="of the structure set, at most 16 characters; default: %(default)s")
    group.add_argument("--names", type=Path, metavar="MAP.csv",
                       help="what structures are called there: columns name, roi_name, type, color")
    group.add_argument("--write-names", type=Path, metavar="MAP.csv",
                       help="write such a file for these structures, to edit, and stop")
    group.add_argument("--body", action="store_true",
                       help="add the outline of the patient, of type EXTERNAL")


def refuse_dicom_options(options: argparse.Namespace, names: Iterable[str], way_out: str) -> None:
    """Raise InputError for those of the options that are given, where they would do nothing."""
    unset = (None, False, DEFAULT_LABEL)
    given = [f"--{name}" for name in names if getattr(options, name) not in unset]
    if given:
        raise InputError(
            f"{' and '.join(given)}: for a structure set, and none is written; {way_out}, or "
            f"leave {'it' if len(given) == 1 else 'them'} out."
        )


def name_map(options: argparse.Namespace) -> Optional[NameMap]:
    """The clinic's names, None where none are given."""
    from AutoContourRTCore.volumes.dicom.roi_names import read_name_map

    return read_name_map(options.names) if options.names else None


def write_names(
    options: argparse.Namespace,
    names: Iterable[str],
    kinds: Mapping[str, str] = MappingProxyType({}),
    colors: Mapping[str, Rgb] = MappingProxyType({}),
) -> str:
    """Write the name map that is asked for; returns what to say of it. kinds, colors: of those
    that have not the usual ones."""
    from AutoContourRTCore.cli.outputs import refuse_existing
    from AutoContourRTCore.volumes.dicom.roi_names import write_name_map

    refuse_existing(options.write_names, options.force)
    every = [*names, BODY] if options.body else list(names)
    write_name_map(every, options.write_names, kinds, colors)
    return f"Written: {options.write_names}. Edit its roi_name column, then use it with --names."


def check_names(options: argparse.Namespace, names: Iterable[str]) -> None:
    """Raise InputError, before anything is computed, for names or a label that will not do.

    No names: those of the structures are not to be looked at, but the rest is.
    """
    from AutoContourRTCore.volumes.dicom.roi_names import roi_names
    from AutoContourRTCore.volumes.dicom.rtstruct_write import Export

    chosen = list(names)
    roi_names([*chosen, BODY] if chosen and options.body else chosen, name_map(options))
    Export(label=options.label)


def export_of(options: argparse.Namespace, names: Iterable[str], how: str) -> Export:
    """What a structure set says; how: AUTOMATIC and so on, "" where it is not known.

    The outline of the patient that --body adds is always AUTOMATIC.
    """
    from AutoContourRTCore.volumes.dicom.rtstruct_write import Export

    generated = {name: how for name in names}
    if options.body:
        generated.setdefault(BODY, "AUTOMATIC")
    by_program = (BODY,) if options.body else ()
    return Export(options.label, name_map(options), generated, not_by_model=by_program)
