"""The command line: one file a command."""

from AutoContourRTCore.cli.main import main

__all__ = ["main"]
