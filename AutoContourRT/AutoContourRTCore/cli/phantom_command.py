"""``autocontourrt phantom``: write the analytic patient."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from AutoContourRTCore.cli.outputs import refuse_existing
from AutoContourRTCore.cli.terminal import Console
from AutoContourRTCore.errors import InputError


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser = commands.add_parser(
        "phantom", parents=[common], help="write a head-and-neck phantom with known structures",
        description="Write OUT/ct.nrrd and OUT/structures.seg.nrrd. To check software with: far "
        "simpler than a patient, and no model is trained on it.",
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="folder; made if it is not there")
    parser.add_argument("--spacing", type=float, nargs=3, default=(2.5, 2.0, 2.0),
                        metavar=("K", "J", "I"), help="mm; default: 2.5 2 2")
    parser.add_argument("--seed", type=int, default=0, metavar="N",
                        help="of the noise; default: 0")
    parser.add_argument("--couch", action="store_true", help="add a couch top")
    parser.add_argument("--mask", action="store_true", help="add a fixation mask")
    parser.add_argument("--streaks", action="store_true", help="add streaks of dental fillings")
    parser.add_argument("--force", action="store_true", help="replace earlier files")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, screen: Console) -> int:
    """Make and write the phantom."""
    ct, contours = options.out / "ct.nrrd", options.out / "structures.seg.nrrd"
    for path in (ct, contours):
        refuse_existing(path, options.force)
    from AutoContourRTCore.phantom import make_phantom
    from AutoContourRTCore.volumes.files import write_volume
    from AutoContourRTCore.volumes.segfile import write_labelmap

    with screen.progress("Phantom") as progress:
        progress(0.0, "computing")
        volume, truth = make_phantom(
            tuple(options.spacing), options.couch, options.mask, options.streaks,
            seed=options.seed,
        )
        progress(0.5, "writing")
        _make_folder(options.out)
        write_volume(volume, ct)
        write_labelmap(truth, contours, status="completed")
        progress(1.0, "done")
    screen.say(f"Written: {ct}")
    screen.say(f"Written: {contours} ({len(truth.names)} structures)")
    screen.done({"ct": str(ct), "structures": str(contours)})
    return 0


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"The folder {folder} cannot be made: {error.strerror}; choose another."
        ) from error
