"""What `--help` tells."""

from __future__ import annotations

import argparse
from typing import Iterator, Tuple

import pytest

from AutoContourRTCore.cli.main import parser


def commands(top: argparse.ArgumentParser) -> Iterator[Tuple[str, argparse.ArgumentParser]]:
    """All commands below a parser, also those below commands."""
    for action in top._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                yield name, below
                yield from ((f"{name} {inner}", each) for inner, each in commands(below))


@pytest.mark.parametrize("start", ["segment", "segment-cohort", "evaluate", "models", "phantom"])
def test_every_argument_is_explained(start: str) -> None:
    found = [each for name, each in commands(parser()) if name.split()[0] == start]
    assert len(found) == (5 if start == "models" else 1)
    for command in found:
        check(command)


def check(command: argparse.ArgumentParser) -> None:
    silent = [
        action.dest for action in command._actions
        if not action.help and not isinstance(action, argparse._SubParsersAction)
    ]  # fmt: skip
    assert silent == []
    assert command.format_help(), "a % that is not doubled breaks this"
