"""The command line: one file per command, gathered in :mod:`flowerablate.cli.app`."""

from .interrupted import say_interrupted

__all__ = ["main"]


def main() -> int:
    """Run the command line, and return the exit code; see :func:`.app.run_commands`."""
    try:
        from .app import run_commands  # here, so that Ctrl-C in the seconds that it takes to load is no traceback

        return run_commands()
    except KeyboardInterrupt as error:
        say_interrupted(error)
        return 130
