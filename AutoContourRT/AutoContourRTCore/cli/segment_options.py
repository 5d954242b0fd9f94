"""Options that say what is looked for, and on what: of the commands that contour or train."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Optional, Tuple

if TYPE_CHECKING:
    from AutoContourRTCore.models.manifest import Manifest

DEFAULT_MODEL = "head_neck_7"


def add_segment_options(parser: argparse.ArgumentParser) -> None:
    """Add them."""
    parser.add_argument("--model", default=DEFAULT_MODEL, metavar="ID",
                        help="see `autocontourrt models`; default: %(default)s")
    parser.add_argument("--structures", type=name_list, metavar="A,B",
                        help="only these; default: all of the model's")
    add_device_option(parser)


def add_device_option(parser: argparse.ArgumentParser) -> None:
    """Add --device."""
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto",
                        help="what computes: cuda is an NVIDIA GPU; auto takes it where there is "
                        "one, else the CPU (default: %(default)s)")


def model_of(options: argparse.Namespace) -> Manifest:
    """The model that is asked for; InputError where there is none of that id."""
    from AutoContourRTCore.models.store import ModelStore

    return ModelStore().manifest(options.model)


def model_folder(text: str) -> Path:
    """The folder of a model that is given by its id or its folder. Raises InputError."""
    from AutoContourRTCore.models.files import MANIFEST
    from AutoContourRTCore.models.store import ModelStore

    path = Path(text)
    return path.absolute() if (path / MANIFEST).is_file() else ModelStore().folder(text)


def structures_of(options: argparse.Namespace) -> Optional[Tuple[str, ...]]:
    """Standard names in the model's order, None for all; InputError for one that it lacks."""
    from AutoContourRTCore.segmentation.wanted import wanted_structures

    if options.structures is None:
        return None
    return wanted_structures(options.structures, model_of(options))


def name_list(text: str) -> Tuple[str, ...]:
    """Names between commas; at least one."""
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names:
        raise argparse.ArgumentTypeError("no name; write for example Parotid_L,SpinalCord")
    return names
