"""Options that several commands share, each declared once: a parameter that is a group becomes the options in it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin, get_type_hints

import typer
from typer.models import ArgumentInfo

if TYPE_CHECKING:
    from ..api.options import Option

Completions = dict[str, Callable[[str], list[str]]]


def expanded(command: Callable[..., None]) -> Callable[..., None]:
    """Return *command* with the options of its groups in its signature, as typer reads it.

    A group is a parameter whose type is a dataclass; the command gets an instance of it. Its arguments take the
    position of the group, its options come after those of the command. ``**options: Unpack[GROUP]`` takes the options
    that :mod:`flowerablate.api.options` declares.
    """
    groups = dict(_groups(command))
    arguments: list[inspect.Parameter] = []
    options: list[inspect.Parameter] = []
    shared: list[inspect.Parameter] = []
    hints = get_type_hints(command, include_extras=True)
    for name, parameter in inspect.signature(command).parameters.items():
        if name in groups:
            for each in _of_dataclass(groups[name]):
                (arguments if _is_argument(each) else shared).append(each)
        elif parameter.kind is inspect.Parameter.VAR_KEYWORD:
            from ..api.options import options_of, unpacked

            found = options_of(unpacked(command)).items()
            options += [_of_option(key, hint, option, completions or {}) for key, (hint, option) in found]
        else:
            own = parameter.replace(annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY)
            (arguments if _is_argument(own) else options).append(own)

    @functools.wraps(command)
    def gathered(**given: Any) -> None:
        for name, group in groups.items():
            given[name] = group(**{each.name: given.pop(each.name) for each in fields(group)})
        command(**given)

    parameters = [*arguments, *options, *shared]
    gathered.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    gathered.__annotations__ = {each.name: each.annotation for each in parameters}
    return gathered


def _groups(command: Callable[..., None]) -> Iterator[tuple[str, Any]]:
    for name, hint in get_type_hints(command).items():
        if is_dataclass(hint):
            yield name, hint


def _is_argument(parameter: inspect.Parameter) -> bool:
    return any(isinstance(each, ArgumentInfo) for each in get_args(parameter.annotation)[1:])


def _of_dataclass(group: Any) -> Iterator[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    for each in fields(group):
        default = inspect.Parameter.empty if each.default is MISSING else each.default
        yield inspect.Parameter(each.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hints[each.name])


def _declared(command: Callable[..., None]) -> Iterator[inspect.Parameter]:
    from ..api.options import options_of, unpacked

    for name, (hint, option) in options_of(unpacked(command)).items():
        yield _of_option(name, hint, option)


def _of_option(name: str, hint: Any, option: Option) -> inspect.Parameter:
    from .completion import OF_OPTIONS

    typed = _as_typed(hint)
    shown = typer.Option(
        *option.flags,
        help=option.help,
        metavar=option.metavar,
        min=option.min,
        rich_help_panel=option.panel,
        autocompletion=OF_OPTIONS.get(name),
        show_default=option.default is not None,
    )
    default = Path(option.default) if typed is Path else option.default
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[typed, shown])


def _as_typed(hint: Any) -> Any:
    """Return what is typed for an option of type *hint*: of several types, the one that a command line can hold."""
    members = get_args(hint) or (hint,)
    plain = [each for each in members if each is not NoneType]
    if any(get_origin(each) is Sequence for each in plain):
        found: Any = list[str]
    elif Path in plain:
        found = Path
    elif any(get_origin(each) is Literal for each in plain) or str in plain:
        found = str
    else:
        (found,) = plain
    return found | None if NoneType in members else found
