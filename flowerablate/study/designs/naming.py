"""One name for each variant: its differences from the base, in the order of the pipeline.

The name depends only on the two pipelines, so the ledger finds a variant however the user wrote it: ``light+flip`` is
``-flip -light``. A pipeline without any removable part is called ``bare``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...contracts import Pipeline, Place, Value, signed
from ..resolve import Lookup
from .changes import removable

BARE = "bare"


def change_of(base: Pipeline, pipeline: Pipeline, lookup: Lookup) -> str:
    """Return the change from *base* to *pipeline*, such as ``-flip -model.skip`` or ``optimizer.lr=0.03``."""
    removed = list(removed_parts(base, pipeline, lookup))
    others = [*_other_settings(base, pipeline, lookup, set(removed))]
    if not others and len(removed) > 1 and set(removed) == {target.name for target in removable(base, lookup)}:
        return BARE
    return " ".join([*([signed("-", removed)] if removed else []), *others])


def removed_parts(base: Pipeline, pipeline: Pipeline, lookup: Lookup) -> Iterator[str]:
    """Yield the names of the steps and features of *base* that are off in *pipeline*."""
    for old, new in zip(base.places, pipeline.places, strict=True):
        if new.choice.is_off and not old.choice.is_off:
            yield new.name
        elif old.choice.use == new.choice.use:
            yield from _features_off(old, new, lookup)


def _features_off(old: Place, new: Place, lookup: Lookup) -> Iterator[str]:
    for param in lookup(old.slot, old.choice.use, "").features:
        if new.choice.params[param.name] == param.off != old.choice.params[param.name]:
            yield f"{new.name}.{param.name}"


def _other_settings(base: Pipeline, pipeline: Pipeline, lookup: Lookup, removed: set[str]) -> Iterator[str]:
    for old, new in zip(base.places, pipeline.places, strict=True):
        if not new.choice.is_off:
            yield from _settings(old, new, lookup, removed)
    if pipeline.control != base.control:
        yield f"control={pipeline.control}"


def _settings(old: Place, new: Place, lookup: Lookup, removed: set[str]) -> Iterator[str]:
    if old.choice.use == new.choice.use:
        for key, value in _differing(old.choice.params, new.choice.params).items():
            if f"{new.name}.{key}" not in removed:
                yield f"{new.name}.{key}={show_value(value)}"
        return
    defaults = {param.name: param.default for param in lookup(new.slot, new.choice.use, "").params}
    own = [f"{key}={show_value(value)}" for key, value in _differing(defaults, new.choice.params).items()]
    yield ",".join([f"{new.name}={new.choice.use}", *own])


def _differing(old: Mapping[str, Value], new: Mapping[str, Value]) -> dict[str, Value]:
    return {key: value for key, value in new.items() if value != old[key]}


def show_value(value: Value) -> str:
    """Return *value* as written on the command line."""
    if isinstance(value, tuple):
        return f"[{', '.join(show_value(item) for item in value)}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
