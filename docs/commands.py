"""Writes the reference of the command line from the commands themselves, in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import Any

import typer
from rich.text import Text

from flowerablate.cli.app import app

COMMON = "Options"
"""The heading of the options that stand in no panel of the help."""


def text() -> str:
    """Return a chapter for each command, in the order of ``flowerablate --help``."""
    return "\n".join(
        line for path, command in _leaves((), typer.main.get_command(app)) for line in _chapter(path, command)
    )


def _leaves(path: tuple[str, ...], command: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield each command that does something, with the words that call it."""
    if not hasattr(command, "list_commands"):
        yield path, command
        return
    context = typer.Context(command)
    for name in command.list_commands(context):
        yield from _leaves((*path, name), command.get_command(context, name))


def _chapter(path: tuple[str, ...], command: Any) -> Iterator[str]:
    known = command.get_params(typer.Context(command))
    shown = [param for param in known if not getattr(param, "hidden", False) and param.name != "help"]
    arguments = [param for param in shown if param.param_type_name == "argument"]
    options = [param for param in shown if param.param_type_name == "option"]
    words = " ".join([*path, *(["[OPTIONS]"] if options else []), *map(_argument, arguments)])
    yield from (f"## {' '.join(path)}", "", *_described(command.help), "```text", f"flowerablate {words}", "```", "")
    yield from _table("argument", [(f"`{_name(param)}`", _meaning(param)) for param in arguments])
    panels = list(dict.fromkeys(getattr(param, "rich_help_panel", None) or COMMON for param in options))
    for panel in panels:
        rows = [param for param in options if (getattr(param, "rich_help_panel", None) or COMMON) == panel]
        heading = panel.lower() if len(panels) > 1 and panel != COMMON else "option"
        yield from _table(heading, [(f"`{_spelling(param)}`", _meaning(param)) for param in rows])


def _described(help: str | None) -> Iterator[str]:
    """Yield the text of the help, its examples as a block of code."""
    for part in re.split(r"\n\s*\n", Text.from_markup(help or "").plain.strip()):
        heading, *lines = part.lstrip("\b\n").splitlines()
        if lines and all(line.startswith("  ") for line in lines):
            yield from (heading, "", "```bash", *(line.strip() for line in lines), "```", "")
        else:
            yield from (_prose(" ".join(part.split())), "")


def _table(heading: str, rows: list[tuple[str, str]]) -> list[str]:
    if not rows:
        return []
    cells = [f"| {first} | {second} |" for first, second in rows]
    return [f"| {heading} | |", "|---|---|", *cells, ""]


def _spelling(param: Any) -> str:
    spelt = ", ".join([*param.opts, *param.secondary_opts])
    return (f"{spelt} {param.metavar}" if param.metavar else spelt).replace("|", "\\|")


def _argument(param: Any) -> str:
    name = f"{_name(param)}{'...' if param.nargs == -1 else ''}"
    return name if param.required else f"[{name}]"


def _name(param: Any) -> str:
    return str(param.metavar or param.name).upper()


def _meaning(param: Any) -> str:
    default = param.default
    told = default is not None and default is not False and default != () and not callable(default)
    shown = f" Default: `{default}`." if told and getattr(param, "show_default", True) else ""
    described = getattr(param, "type_descriptor", None)
    kind = described.annotation if described is not None else None
    listed = ""
    if isinstance(kind, type) and issubclass(kind, Enum):
        listed = f" One of {', '.join(f'`{choice.value}`' for choice in kind)}."
    return _prose(" ".join(Text.from_markup(param.help or "").plain.split())) + listed + shown


def _prose(words: str) -> str:
    """Return *words* with what Markdown would take for markup written out, and options as code."""
    escaped = re.sub(r"([\\`*_<>|\[\]])", r"\\\1", words)
    return re.sub(r"(?<!\S)(--[a-z][a-z-]*)", r"`\1`", escaped)
