"""What a command says that Ctrl-C has ended, unless it has words of its own."""

import sys

from ..visible import printable


def say_interrupted(error: KeyboardInterrupt) -> None:
    """Print it, with what was being done where that is known, such as a plugin that hung when it was imported."""
    print(printable(" ".join(("interrupted", *map(str, error.args)))), file=sys.stderr)
