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


@pytest.mark.parametrize("name, command", list(commands(parser())))
def test_every_argument_is_explained(name: str, command: argparse.ArgumentParser) -> None:
    silent = [
        action.dest for action in command._actions
        if not action.help and not isinstance(action, argparse._SubParsersAction)
    ]  # fmt: skip
    assert silent == []
    assert command.format_help(), "a % that is not doubled breaks this"
