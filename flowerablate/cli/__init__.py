"""The command line: one file per command, gathered in :mod:`flowerablate.cli.app`."""

import sys


def main() -> int:
    """Run the command line and return the exit code, 130 after Ctrl-C, also while the commands are still loading."""
    try:
        from .app import main as run

        return run()
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


__all__ = ["main"]
