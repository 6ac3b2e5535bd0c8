"""Settings by their keys: ``optimizer.lr``, ``morphology.size`` (a step's name and its parameter), ``train.epochs``."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from ...contracts import Param, Pipeline, Value
from ...errors import StudyError, nearest
from ..named_settings import split_values
from ..read import read_value
from ..resolve import Lookup

Retune = tuple[tuple[str, tuple[Value, ...]], ...]

MAX_CANDIDATES = 64


def parse_values(text: str, option: str) -> tuple[str, tuple[Any, ...]]:
    """Split ``key=a,b,...`` into the key and its distinct values; errors name *option*."""
    key, equals, values = text.partition("=")
    key = key.strip().removeprefix("steps.")
    if not equals or not values.strip() or key.count(".") != 1:
        raise StudyError(f"{option} {text!r} is not of the form key=value,value, such as optimizer.lr=0.1,0.03")
    return key, tuple(dict.fromkeys(_hashable(read_value(value)) for value in split_values(values)))


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def with_setting(pipeline: Pipeline, key: str, value: Value) -> Pipeline:
    """Return *pipeline* with *key*, an existing setting, set to *value*."""
    place, _, name = key.partition(".")
    return pipeline.with_params(place, **{name: value})


def value_of(pipeline: Pipeline, key: str) -> Value | None:
    """Return the value of *key* in *pipeline*, or None if there is no such setting or the step is off."""
    where, _, name = key.partition(".")
    place = pipeline.place(where)
    return None if place is None or place.choice.is_off else place.choice.params.get(name)


def check_value(pipeline: Pipeline, key: str, value: object, lookup: Lookup) -> Value:
    """Return *value* converted to the type of the setting *key* of *pipeline*, or raise :class:`StudyError`."""
    return _param(pipeline, key, lookup).check(value, key)


def check_key(pipeline: Pipeline, key: str, lookup: Lookup) -> None:
    """Raise :class:`StudyError` if *pipeline* has no setting *key*."""
    _param(pipeline, key, lookup)


def setting_keys(pipeline: Pipeline, lookup: Lookup) -> Iterator[str]:
    """Yield the keys of all settings of *pipeline*, steps first."""
    for place in pipeline.places:
        for param in lookup(place.slot, place.choice.use, place.name).params:
            yield f"{place.name}.{param.name}"


def _param(pipeline: Pipeline, key: str, lookup: Lookup) -> Param:
    where, _, name = key.partition(".")
    place = pipeline.place(where)
    if place is None:
        hint = nearest(where, [place.name for place in pipeline.places])
        raise StudyError(f"{key!r} is not a setting: there is no {where!r}; {hint}")
    spec = lookup(place.slot, place.choice.use, where)
    param = spec.param(name)
    if param is None:
        names = [param.name for param in spec.params]
        hint = nearest(name, names) if names else "it takes no parameters"
        raise StudyError(f"{key!r} is not a setting: {spec.title} has no parameter {name!r}; {hint}")
    return param


# ------------------------------------------------------------------------------------------ retuning


def read_retune(texts: Iterable[str], pipelines: Iterable[Pipeline], lookup: Lookup) -> dict[str, tuple[Any, ...]]:
    """Return the values to try, by key; each key must be a setting of at least one of the *pipelines*."""
    known = list(pipelines)
    wanted: dict[str, tuple[Any, ...]] = {}
    for text in texts:
        key, values = parse_values(text, "retune")
        if len(values) < 2:
            raise StudyError(f"retune {text!r} leaves nothing to choose; give at least two values")
        if all(value_of(pipeline, key) is None for pipeline in known):
            check_key(known[0], key, lookup)
        wanted[key] = values
    number = math.prod(len(values) for values in wanted.values())
    if number > MAX_CANDIDATES:
        raise StudyError(f"retune makes {number} candidates per trial, more than {MAX_CANDIDATES}; give fewer values")
    return wanted


def retune_of(
    pipeline: Pipeline, base: Pipeline, wanted: dict[str, tuple[Any, ...]], own: frozenset[str] | None, lookup: Lookup
) -> Retune:
    """Return the settings that *pipeline*, a variant of *base*, chooses on validation.

    These are all settings in *wanted* that it has, except those that the variant fixes. A swap fixes the keys *own*
    that it names; all others are defaults of its component, which nobody chose. Any other variant (*own* is None) fixes
    the settings in which it differs from the base.
    """
    return tuple(
        (key, tuple(check_value(pipeline, key, value, lookup) for value in values))
        for key, values in wanted.items()
        if value_of(pipeline, key) is not None and not _is_set(pipeline, base, key, own)
    )


def _is_set(pipeline: Pipeline, base: Pipeline, key: str, own: frozenset[str] | None) -> bool:
    return key in own if own is not None else value_of(pipeline, key) != value_of(base, key)


def candidates(pipeline: Pipeline) -> list[tuple[dict[str, Value], Pipeline]]:
    """Return the values and pipeline of each candidate of *pipeline*; without a search, one with no values."""
    found: list[tuple[dict[str, Value], Pipeline]] = [({}, replace(pipeline, retune=()))]
    for key, values in pipeline.retune:
        found = [
            ({**chosen, key: value}, with_setting(candidate, key, value))
            for chosen, candidate in found
            for value in values
        ]
    return found
