"""Loads commands when they are needed, so that ``--help`` and each command import no more than they use."""

from __future__ import annotations

import functools
import gc
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import typer
from rich.markup import escape
from typer.core import TyperArgument, TyperCommand, TyperGroup

from ..errors import in_one_line
from ..visible import printable
from .commands import COMMANDS, CommandEntry
from .interrupted import say_interrupted

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
                from .unknown_option import advice_on

                own = [name for each in self.params for name in each.opts]
                error.possibilities = None
                error.message = f"no such option: {option}{advice_on(option, own, _options_of_commands())}"
            raise


class _Group(_Shown, TyperGroup):
    """A group of commands."""


@contextmanager
def _printable_errors() -> Iterator[None]:
    """Make the messages of click, which repeat the words that were given, fit for a terminal."""
    try:
        yield
    except Exception as error:  # UsageError, of click or of the copy of it that typer brings
        if hasattr(error, "format_message") and isinstance(getattr(error, "message", None), str):
            error.message = printable(in_one_line(error.message))  # type: ignore[attr-defined]
        raise


class Root(_Group):
    """The group of all commands, each of which is loaded when it is asked for; its help needs none of them."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = _Commands()  # type: ignore[assignment] # it is only read
        self._listing = False

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        with _printable_errors():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        with _printable_errors():
            return super().invoke(ctx)

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.commands)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if self._listing and cmd_name in ENTRIES:
            panel, entry = ENTRIES[cmd_name]
            return TyperCommand(cmd_name, help=entry.summary, rich_help_panel=panel)
        return self.commands.get(cmd_name)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        with self._listing_all():
            super().format_help(ctx, formatter)

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        with self._listing_all():
            return super().shell_complete(ctx, incomplete)

    @contextmanager
    def _listing_all(self) -> Iterator[None]:
        self._listing = True
        try:
            yield
        finally:
            self._listing = False


class _Commands(Mapping[str, Any]):
    """The commands by name; one is loaded when it is read."""

    def __getitem__(self, name: str) -> Any:
        return _loaded(name, *ENTRIES[name])

    def __iter__(self) -> Iterator[str]:
        return iter(ENTRIES)

    def __len__(self) -> int:
        return len(ENTRIES)


ENTRIES: dict[str, tuple[str, CommandEntry]] = {
    name: (panel, entry) for panel, entries in COMMANDS.items() for name, entry in entries.items()
}
"""Each command with the heading under which the help lists it."""


@functools.cache
def _loaded(name: str, panel: str, entry: CommandEntry) -> Any:
    """Return the command or group of commands of *entry*, made by typer."""
    found = getattr(import_module(f".{entry.module}", __package__), entry.attribute)
    one = typer.Typer(add_completion=False, rich_markup_mode="rich")
    if isinstance(found, typer.Typer):
        for command in found.registered_commands:
            if command.callback is not None:
                command.help, command.cls = _help(command.callback), _Command
                command.callback = _typed(command.callback)
        one = found
        one._add_completion = False
    else:
        one.command(name, cls=_Command, help=_help(found), rich_help_panel=panel)(_typed(found))
    made = typer.main.get_command(one)
    made.name = name
    return made


def _help(function: Callable[..., None]) -> str:
    """Return the docstring of a command with each paragraph on one line, to be wrapped where the terminal ends."""
    paragraphs = inspect.cleandoc(function.__doc__ or "").split("\n\n")
    joined = (text if text.startswith("\b") else in_one_line(text) for text in paragraphs)
    return escape("\n\n".join(joined))


def _typed(function: Callable[..., None]) -> Callable[..., None]:
    """Return the command for typer: with the options of its groups expanded, and a message on Ctrl-C."""
    from .option_groups import expanded

    return _interruptible(expanded(function))


def _interruptible(function: Callable[..., None]) -> Callable[..., None]:
    """Return the command with a message on Ctrl-C, unless it has its own; unfinished files are not written."""

    @functools.wraps(function)
    def command(*words: Any, **options: Any) -> None:
        _spare_what_is_loaded()
        try:
            function(*words, **options)
        except KeyboardInterrupt as error:
            say_interrupted(error)
            raise typer.Exit(130) from None

    return command


@functools.cache  # once: a process that runs more commands has objects by then that do not stay
def _spare_what_is_loaded() -> None:
    """Have Python look for no garbage among the modules loaded so far, which it would do several times as it ends."""
    gc.freeze()


def _options_of_commands(command: Any = None, name: str = "") -> dict[str, list[str]]:
    """Return the options of each command by its name, such as ``data check``."""
    inner = _Commands() if command is None else getattr(command, "commands", None)
    if inner is None:
        return {name.strip(): [option for each in command.params for option in each.opts]}
    return {
        key: options
        for word, one in inner.items()
        for key, options in _options_of_commands(one, f"{name} {word}").items()
    }
