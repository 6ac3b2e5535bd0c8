"""Gathers the commands and turns expected errors into one line and an exit code."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import typer
from rich.markup import escape
from typer.core import TyperArgument, TyperCommand, TyperGroup

from ..api.caller import FILE_CURES, said
from ..errors import FlowerablateError, in_one_line
from ..jobs.interrupts import end_on_request
from . import (
    bench,
    card,
    curves,
    data,
    doctor,
    evaluate,
    explain,
    export,
    gradcam,
    init,
    listing,
    plugins,
    predict,
    report,
    run,
    sanity,
    scaffold,
    schema,
    status,
    tune,
)
from .option_groups import expanded
from .unknown_option import advice_on

_SHOWN = {bool: "", int: "N", float: "X", str: "TEXT", Path: "PATH"}
"""What the help shows behind an option instead of its type: nothing for a flag."""


_MOST_SHOWN = 10_000
"""A larger bound of a number is left out of the help: nobody comes near it, and it breaks across lines."""


class _Shown:
    """A command whose help names no types of Python."""

    def get_params(self, ctx: Any) -> list[Any]:
        found: list[Any] = super().get_params(ctx)  # type: ignore[misc]
        for each in found:
            described = getattr(each, "type_descriptor", None)  # earlier versions of typer show no types of flags
            if described is None:
                continue
            if isinstance(each, TyperArgument):
                each.display_type_rich = lambda ctx: ""  # type: ignore[method-assign] # its name says enough
            elif each.metavar is None:
                each.metavar = _SHOWN.get(described.annotation)
            if (getattr(each, "max", None) or 0) > _MOST_SHOWN:
                each._get_number_range_help_str = lambda: ""
        return found


class _Command(_Shown, TyperCommand):
    """A command, which says what may have been meant by an option that it does not have."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except Exception as error:  # NoSuchOption, of click or of the copy of it that typer brings
            option = getattr(error, "option_name", None)
            if option and hasattr(error, "possibilities") and hasattr(error, "message"):
                own = [name for each in self.params for name in each.opts]
                error.possibilities = None
                error.message = f"no such option: {option}{advice_on(option, own, _options_of_commands())}"
            raise


class _Group(_Shown, TyperGroup):
    """A group of commands."""


app = typer.Typer(
    name="flowerablate",
    cls=_Group,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Which parts of your image-classification pipeline earn their place?",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"flowerablate {version('flowerablate')}")
        raise typer.Exit


@app.callback()
def _options(
    show_version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Print the version and exit."
    ),
) -> None:
    """Take the options before the command."""


def _help(function: Callable[..., None]) -> str:
    """Return the docstring of a command with each paragraph on one line, to be wrapped where the terminal ends."""
    paragraphs = inspect.cleandoc(function.__doc__ or "").split("\n\n")
    joined = (text if text.startswith("\b") else in_one_line(text) for text in paragraphs)
    return escape("\n\n".join(joined))


def _typed(function: Callable[..., None]) -> Callable[..., None]:
    """Return the command for typer: with the options of its groups expanded, and a message on Ctrl-C."""
    return _interruptible(expanded(function, run.COMPLETIONS))


def _interruptible(function: Callable[..., None]) -> Callable[..., None]:
    """Return the command with a message on Ctrl-C, unless it has its own; unfinished files are not written."""

    @functools.wraps(function)
    def command(*words: Any, **options: Any) -> None:
        try:
            function(*words, **options)
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
            raise typer.Exit(130) from None

    return command


COMMANDS: dict[str, dict[str, Callable[..., None] | typer.Typer]] = {
    "Studies": {
        "init": init.init,
        "run": run.run,
        "status": status.status,
        "report": report.report,
        "curves": curves.curves,
        "tune": tune.tune,
    },
    "Checks before a study": {"sanity": sanity.sanity, "explain": explain.explain, "data": data.app},
    "Trained models": {
        "predict": predict.predict,
        "evaluate": evaluate.evaluate,
        "gradcam": gradcam.gradcam,
        "export": export.export,
        "card": card.card,
    },
    "Components and this machine": {
        "list": listing.list_components,
        "schema": schema.schema,
        "plugins": plugins.list_plugins,
        "doctor": doctor.doctor,
        "bench": bench.bench,
        "plugin": scaffold.app,
    },
}
"""The commands, as they are grouped in the help."""

for _panel, _commands in COMMANDS.items():
    for _name, _command in _commands.items():
        if isinstance(_command, typer.Typer):
            for _registered in _command.registered_commands:
                if _registered.callback is not None:
                    _registered.help = _help(_registered.callback)
                    _registered.callback = _typed(_registered.callback)
                    _registered.cls = _Command
            app.add_typer(_command, name=_name, cls=_Group, rich_help_panel=_panel)
        else:
            app.command(_name, cls=_Command, help=_help(_command), rich_help_panel=_panel)(_typed(_command))


def _options_of_commands(command: Any = None, name: str = "") -> dict[str, list[str]]:
    """Return the options of each command by its name, such as ``data check``."""
    command = command or typer.main.get_command(app)
    inner = getattr(command, "commands", None)
    if inner is None:
        return {name.strip(): [option for each in command.params for option in each.opts]}
    return {
        key: options
        for word, one in inner.items()
        for key, options in _options_of_commands(one, f"{name} {word}").items()
    }


def run_commands() -> int:
    """Run the command line; returns the exit code (0 good, 1 an error of the input, 2 wrong usage, 130 interrupted)."""
    end_on_request()
    try:
        app(standalone_mode=True)
    except SystemExit as leaving:
        # Who reads the output has enough of it, as "head" does; click and Rich take that for an error.
        if leaving.code == 1 and isinstance(leaving.__context__, BrokenPipeError) and _only_prints(sys.argv[1:]):
            return 0
        raise
    except FlowerablateError as error:
        return _fail(str(error))
    except OSError as error:
        if error.errno in FILE_CURES:
            return _fail(said(error, ""))
        raise
    return 0


def _only_prints(words: Sequence[str]) -> bool:
    """Whether a command does nothing but print, so that nothing is lost if nobody reads on."""
    return "--help" in words or "-h" in words or (words[:1] or [""])[0] not in _WORKING


_WORKING = ("run", "tune", "sanity", "bench", "data", "doctor")
"""Commands whose exit code says more than whether they could print."""


def _fail(message: str) -> int:
    print(f"error: {in_one_line(message)}", file=sys.stderr)
    return 1
