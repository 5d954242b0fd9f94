"""Options that every command has."""

from __future__ import annotations

import argparse


def common_options(again: bool = False) -> argparse.ArgumentParser:
    """A parser to be the parent of a command's.

    again: of an action's within a command that has them already: what stood before the action
    counts unless it is said anew behind it.
    """
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--progress", choices=("auto", "json", "none"),
        default=argparse.SUPPRESS if again else "auto",
        help="auto: a bar on a terminal, else a line now and then, on standard error; "
        "json: standard output holds JSON lines (progress, done, failed) and nothing else",
    )
    common.add_argument(
        "--debug", action="store_true", default=argparse.SUPPRESS if again else False,
        help="show the traceback of a failure",
    )
    return common
