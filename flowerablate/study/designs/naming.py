"""One name for each variant: what it has other than the base, in the order of the pipeline.

The name follows from the two pipelines alone, so that a variant is found in the ledger in whatever words it was asked
for: ``light+flip`` is ``-flip+light``. A pipeline without anything that can be removed is called ``bare``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...contracts import TRAINING, Choice, Pipeline, StepChoice, Value
from ..resolve import Lookup
from .changes import FEATURED, removable

BARE = "bare"


def change_of(base: Pipeline, pipeline: Pipeline, lookup: Lookup) -> str:
    """Return what makes *pipeline* of *base*, such as ``-flip+model.skip`` or ``optimizer.lr=0.03``."""
    removed = list(removed_parts(base, pipeline, lookup))
    others = [*_other_settings(base, pipeline, lookup, set(removed))]
    if not others and len(removed) > 1 and set(removed) == {target.name for target in removable(base, lookup)}:
        return BARE
    return "+".join([*(["-" + "+".join(removed)] if removed else []), *others])


def removed_parts(base: Pipeline, pipeline: Pipeline, lookup: Lookup) -> Iterator[str]:
    """Yield the names of the steps and features of *base* that are off in *pipeline*."""
    for old, new in zip(base.steps, pipeline.steps, strict=True):
        if old.enabled and not new.enabled:
            yield new.name
        elif old.use == new.use:
            yield from _features_off("step", new.name, old, new, lookup)
    for slot in FEATURED:
        old_choice, new_choice = getattr(base, slot), getattr(pipeline, slot)
        if old_choice.use == new_choice.use:
            yield from _features_off(slot, slot, old_choice, new_choice, lookup)
    for param in TRAINING.features:
        if getattr(pipeline.train, param.name) == param.off != getattr(base.train, param.name):
            yield f"train.{param.name}"


def _features_off(slot: str, place: str, old: Choice, new: Choice, lookup: Lookup) -> Iterator[str]:
    for param in lookup(slot, old.use, "").features:
        if new.params[param.name] == param.off != old.params[param.name]:
            yield f"{place}.{param.name}"


def _other_settings(base: Pipeline, pipeline: Pipeline, lookup: Lookup, removed: set[str]) -> Iterator[str]:
    for old, new in zip(base.steps, pipeline.steps, strict=True):
        if new.enabled:
            yield from _setting("step", new.name, old, new, lookup, removed)
    for slot in FEATURED:
        yield from _setting(slot, slot, getattr(base, slot), getattr(pipeline, slot), lookup, removed)
    for param in TRAINING.params:
        key, value = f"train.{param.name}", getattr(pipeline.train, param.name)
        if value != getattr(base.train, param.name) and key not in removed:
            yield f"{key}={show_value(value)}"
    if pipeline.control != base.control:
        yield f"control={pipeline.control}"


def _setting(
    slot: str, place: str, old: Choice | StepChoice, new: Choice | StepChoice, lookup: Lookup, removed: set[str]
) -> Iterator[str]:
    if old.use == new.use:
        changed = _differing(old.params, new.params)
        changed = {key: value for key, value in changed.items() if f"{place}.{key}" not in removed}
        for key, value in changed.items():
            yield f"{place}.{key}={show_value(value)}"
        return
    defaults = {param.name: param.default for param in lookup(slot, new.use, "").params}
    own = [f"{key}={show_value(value)}" for key, value in _differing(defaults, new.params).items()]
    yield ",".join([f"{place}={new.use}", *own])


def _differing(old: Mapping[str, Value], new: Mapping[str, Value]) -> dict[str, Value]:
    return {key: value for key, value in new.items() if value != old[key]}


def show_value(value: Value) -> str:
    """Return *value* as a user writes it on the command line."""
    if isinstance(value, tuple):
        return f"[{', '.join(show_value(item) for item in value)}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
