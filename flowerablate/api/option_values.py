"""What options are given as: texts, names and numbers, and the keys of the study that they set."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, cast, get_args

from ..contracts import ExecutorSpec, Population
from ..errors import StudyError, nearest
from .options import StudyOptions, Texts, options_of


def keys_of(options: StudyOptions, *, dashes: bool = False) -> dict[str, object]:
    """Return the keys of the study that *options* set, with their values.

    Changes that are named here take the place of all that the study names. A name that does not exist raises
    :class:`StudyError` with the name of the option, as the command line writes it where *dashes* are wanted.
    """
    from ..study.named_settings import read_named
    from ..study.schema import DesignName

    declared = options_of(StudyOptions)
    # Each value is read once, for an iterator has its texts only once.
    given: dict[str, Any] = {
        name: texts(cast(Texts, value), written(name, dashes)) if hint == Texts | None else value
        for name, (hint, _) in declared.items()
        if (value := options.get(name)) is not None
    }
    _check("design", given.get("design", ()), get_args(DesignName), dashes)
    population = given.get("population")
    _check("population", () if population is None else [population], get_args(Population), dashes)
    keys = {declared[name][1].key: value for name, value in given.items() if declared[name][1].key}
    if "until_decided" in given:
        keys["ablation.until_decided"] = given["until_decided"]
    changes = ("disable", "swap", "vary")
    if any(name in given for name in changes):
        keys |= {f"ablation.{name}": given.get(name, []) for name in changes}
    controls = [name for name in ("placebo", "seed_control") if given.get(name)]
    if controls:
        keys[CONTROLS] = controls
    if "executor" in given:
        named = read_named(text(given["executor"], written("executor", dashes)), written("executor", dashes))
        keys[ExecutorSpec.slot] = {"use": named.name, **named.params}
    if "devices" in given:
        keys["execution.devices"] = [name.strip() for names in given["devices"] for name in names.split(",")]
    for tracker in given.get("trackers", ()):
        named = read_named(tracker, written("tracker" if dashes else "trackers", dashes))
        keys[f"trackers.{named.name}"] = {"use": named.name, **named.params}
    return keys


CONTROLS = "ablation.controls"


def texts(given: Texts | None, option: str) -> list[str]:
    """Return the texts that are *given* for *option*, one or several, as a list; None gives an empty one."""
    if given is None:
        return []
    if isinstance(given, str):
        return [given]
    found: list[Any] = list(given) if isinstance(given, Iterable) else [given]
    if not isinstance(given, Iterable) or not all(isinstance(each, str) for each in found):
        raise StudyError(f"{option}: give a string, or a list of strings, not {given!r}")
    return found


def text(given: object, option: str) -> str:
    """Return the text that is *given* for *option*."""
    if not isinstance(given, str):
        raise StudyError(f"{option}: give a string, not {given!r}")
    return given


def path_of(given: object, what: str) -> Path:
    """Return the path that is *given* for *what*."""
    if not isinstance(given, str | os.PathLike):
        raise StudyError(f"{what}: give a path, not {given!r}")
    return Path(given)


def _check(option: str, given: Iterable[object], names: Sequence[str], dashes: bool) -> None:
    for name in given:
        if name not in names:
            raise StudyError(f"{written(option, dashes)}: there is no {name!r}; {nearest(str(name), names)}")


def written(option: str, dashes: bool) -> str:
    """Return *option* as Python names it, or as the command line does where *dashes* are wanted."""
    return f"--{option.replace('_', '-')}" if dashes else option
