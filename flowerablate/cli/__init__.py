"""The command line: one file per command, gathered in :mod:`flowerablate.cli.app`."""

from .app import main

__all__ = ["main"]
