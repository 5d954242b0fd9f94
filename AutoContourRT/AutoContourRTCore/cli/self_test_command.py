"""``autocontourrt self-test``: does this installation compute what the maker's did?"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from AutoContourRTCore.cli.segment_options import DEFAULT_MODEL, add_device_option
from AutoContourRTCore.cli.terminal import Console

FAILED = 3


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser = commands.add_parser(
        "self-test", parents=[common], help="check the installation on the phantom",
        description="Contour the phantom and compare with what the maker of the model got, or "
        "(--metrics) compute figures that are known on paper. It checks the installation, not the "
        "accuracy on patients.",
    )
    parser.add_argument("--metrics", action="store_true",
                        help="check the contour metrics on boxes and spheres instead")
    parser.add_argument("-o", "--output", type=Path, metavar="PAGE.html",
                        help="with --metrics: write every figure to a page")
    parser.add_argument("--model", default=DEFAULT_MODEL, metavar="ID",
                        help="default: %(default)s")
    add_device_option(parser)
    parser.add_argument("--store", action="store_true",
                        help="for the maker of a model: keep the values in its folder")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, screen: Console) -> int:
    """Measure, compare (or store) and print a table; 3 where a value differs."""
    if options.metrics:
        return _run_metrics(options, screen)
    from AutoContourRTCore import self_test
    from AutoContourRTCore.models.store import ModelStore
    from AutoContourRTCore.segmentation.pipeline import load_model

    store = ModelStore()
    folder = store.folder(options.model)
    stored = {} if options.store else self_test.read_stored(folder)
    with screen.progress("Self-test") as progress:
        model = load_model(options.model, options.device, store)
        measured = self_test.measure(model, progress)
    if options.store:
        screen.say(f"Written: {self_test.store(folder, measured)}")
        screen.done({"dice": measured})
        return 0
    checks = self_test.compare(measured, stored)
    screen.say(f"{'structure':<16}  Dice here  expected")
    for check in checks:
        mark = "" if check.passed else "  DIFFERS"
        screen.say(f"{check.structure:<16}  {check.dice:9.3f}  {check.stored:8.3f}{mark}")
    passed = all(check.passed for check in checks)
    screen.say(_verdict(passed))
    if passed:
        screen.done({"dice": measured})
    else:
        screen.failed("autocontourrt: the self-test failed", "failure")
    return 0 if passed else FAILED


def _run_metrics(options: argparse.Namespace, screen: Console) -> int:
    """Boxes and spheres; 3 where a figure is not as on paper."""
    from AutoContourRTCore.metrics.choices.provenance import provenance_of
    from AutoContourRTCore.metrics.choices.settings import Settings
    from AutoContourRTCore.metrics.report.analytic import html_of, run_checks
    from AutoContourRTCore.volumes.atomic import write_text

    checks = run_checks()
    for check in checks:
        if not check.passed:
            screen.say(f"{check.shape}, {check.figure}: {check.value:g}, expected "
                       f"{check.low:g} to {check.high:g}")
    wrong = sum(not check.passed for check in checks)
    screen.say(f"{len(checks) - wrong} of {len(checks)} figures are as computed on paper.")
    if options.output:
        write_text(options.output, html_of(checks, provenance_of(Settings())))
        screen.say(f"Written: {options.output}")
    if wrong:
        screen.failed("autocontourrt: the self-test of the metrics failed", "failure")
        return FAILED
    screen.done({"figures": len(checks), "output": str(options.output or "")})
    return 0


def _verdict(passed: bool) -> str:
    if passed:
        return (
            "Passed: this installation computes what the maker's did (+-0.02 Dice). This checks "
            "the installation, not the accuracy: the phantom is far simpler than a patient."
        )
    return (
        "Failed: this installation computes something else than the maker's did. Do not use its "
        "contours; install the program again, and report the table above with your versions."
    )
