"""The command line as a whole: its commands, and expected errors turned into one line and an exit code."""

from __future__ import annotations

import errno
import shutil
import sys
import textwrap
from collections.abc import Sequence
from types import TracebackType

import typer

from ..errors import FlowerablateError, in_one_line
from ..visible import printable, visible
from .echo import echo
from .loading import Root

app = typer.Typer(
    name="flowerablate",
    cls=Root,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Which parts of your image-classification pipeline earn their place?",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        echo(f"flowerablate {version('flowerablate')}")
        raise typer.Exit


@app.callback()
def _options(
    show_version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Print the version and exit."
    ),
) -> None:
    """Take the options before the command."""


def run_commands() -> int:
    """Run the command line; returns the exit code (0 good, 1 an error of the input, 2 wrong usage, 130 interrupted)."""
    from ..jobs.interrupts import end_on_request

    end_on_request()
    sys.excepthook = _show_bug
    try:
        app(standalone_mode=True)
    except SystemExit as leaving:
        # Who reads the output has enough of it, as "head" does; click and Rich take that for an error.
        if leaving.code == 1 and isinstance(leaving.__context__, BrokenPipeError) and _only_prints(sys.argv[1:]):
            return 0
        raise
    except FlowerablateError as error:
        return _fail(str(error))
    except MemoryError:
        return _fail(f"there is not enough memory; {_MORE_MEMORY}")
    except ImportError as error:
        if any(sign in str(error) for sign in _NO_ROOM):
            return _fail(f"there is not enough memory to load a library ({error}); {_MORE_MEMORY}")
        raise
    except OSError as error:
        if error.errno == errno.ENOMEM:
            return _fail(f"there is not enough memory; {_MORE_MEMORY}")
        from ..api.caller import FILE_CURES, said

        if error.errno in FILE_CURES:
            return _fail(said(error, ""))
        raise
    return 0


_MORE_MEMORY = "end other programs, or raise the limit of this one (ulimit -v)"
_NO_ROOM = ("failed to map segment", "cannot allocate memory", "Cannot allocate memory")
"""What the loader of libraries says where the memory does not suffice."""


def _show_bug(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print the traceback of what is a fault of the program, whatever the message repeats of a file."""
    import traceback

    sys.stderr.write(visible("".join(traceback.format_exception(kind, error, trace))))


def _only_prints(words: Sequence[str]) -> bool:
    """Whether a command does nothing but print, so that nothing is lost if nobody reads on."""
    return "--help" in words or "-h" in words or (words[:1] or [""])[0] not in _WORKING


_WORKING = ("run", "tune", "sanity", "bench", "data", "doctor")
"""Commands whose exit code says more than whether they could print."""


def _on_terminal(line: str) -> str:
    """Return *line* broken between words where a terminal would break it within one."""
    if not sys.stderr.isatty():
        return line
    width = max(20, shutil.get_terminal_size().columns - 1)
    return "\n".join(textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False)) or line


def _fail(message: str) -> int:
    print(_on_terminal(f"error: {printable(in_one_line(message))}"), file=sys.stderr)
    return 1
