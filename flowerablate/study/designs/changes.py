"""Changes to a pipeline as a user writes them.

``morphology`` switches off a step, ``model.skip`` a feature, ``kind:morphology`` all steps of a kind, ``a+b`` both;
``model=resnet34`` swaps a component, which then has its own default parameters (``optimizer=adam,lr=0.001`` sets some).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from ...contracts import ComponentSpec, Pipeline, StepChoice, StepSpec, Value
from ...errors import StudyError, nearest
from ..named_settings import read_named
from ..resolve import Lookup, resolve_at


@dataclass(frozen=True)
class Target:
    """Something that can be disabled, and its name on the command line."""

    name: str
    summary: str


def removable(base: Pipeline, lookup: Lookup) -> tuple[Target, ...]:
    """List every removable step and every feature that is switched on, in the order of the pipeline."""
    targets = []
    for step in base.steps:
        if step.removable:
            targets.append(Target(step.name, lookup(StepSpec.slot, step.use, "").summary))
    for place in base.places:
        if isinstance(place.choice, StepChoice):  # a step is removed as a whole
            continue
        for param in lookup(place.slot, place.choice.use, "").features:
            if place.choice.params[param.name] != param.off:
                targets.append(Target(f"{place.name}.{param.name}", param.summary))
    return tuple(targets)


# -------------------------------------------------------------------------------------------- disabling


def without(base: Pipeline, names: str, lookup: Lookup) -> Pipeline:
    """Return *base* without everything in *names* (joined by ``+``)."""
    pipeline = base
    for name in names.split("+"):
        pipeline = _without_one(pipeline, base, name.strip(), lookup)
    return _tidy(base, pipeline)


def without_parts(base: Pipeline, parts: Iterable[str], lookup: Lookup) -> Pipeline:
    """Return *base* without *parts*: names of steps, and features such as ``model.skip``."""
    pipeline = base
    for part in parts:
        pipeline = _feature_off(pipeline, part, lookup) if "." in part else _steps_off(pipeline, [part])
    return _tidy(base, pipeline)


def _tidy(base: Pipeline, pipeline: Pipeline) -> Pipeline:
    """Restore the features of steps that are off as a whole, so equal pipelines compare equal."""
    steps = zip(pipeline.steps, base.steps, strict=True)
    return replace(pipeline, steps=tuple(step if step.enabled else replace(old, enabled=False) for step, old in steps))


def _without_one(pipeline: Pipeline, base: Pipeline, name: str, lookup: Lookup) -> Pipeline:
    if "." in name:
        return _feature_off(pipeline, name, lookup)
    chosen = _steps_called(base, name)
    for step in chosen:
        if not step.removable:
            raise StudyError(f"step {step.name!r} cannot be disabled: the study sets removable = false")
    return _steps_off(pipeline, [step.name for step in chosen])


def _steps_off(pipeline: Pipeline, names: Collection[str]) -> Pipeline:
    steps = tuple(replace(step, enabled=False) if step.name in names else step for step in pipeline.steps)
    return replace(pipeline, steps=steps)


def _steps_called(base: Pipeline, name: str) -> tuple[StepChoice, ...]:
    prefix, _, rest = name.rpartition(":")
    named = tuple(step for step in base.steps if step.name == rest and prefix in ("", StepSpec.slot))
    kind = tuple(step for step in base.steps if step.kind == rest and prefix in ("", "kind"))
    if named and any(step not in named for step in kind):
        others = ", ".join(step.name for step in kind)
        raise StudyError(
            f"{name!r} is both the name of a step and a kind of steps ({others}); write step:{name} or kind:{name}"
        )
    if named or kind:
        return named or kind
    if base.place(name) is not None:
        raise StudyError(f"{name!r} cannot be disabled as a whole, only a step can; name a feature, such as model.skip")
    if used := [step.name for step in base.steps if step.use == rest]:
        raise StudyError(f"{name!r} cannot be disabled by what it uses; name the step, {' or '.join(map(repr, used))}")
    known = [step.name for step in base.steps if step.removable]
    raise StudyError(f"{name!r} cannot be disabled: it is no step of the pipeline; {nearest(rest, known)}")


def _feature_off(pipeline: Pipeline, name: str, lookup: Lookup) -> Pipeline:
    where, _, feature = name.partition(".")
    place = pipeline.place(where)
    if place is None:
        hint = nearest(where, [place.name for place in pipeline.places])
        raise StudyError(f"{name!r} cannot be disabled: there is no {where!r}; {hint}")
    return pipeline.with_params(where, **{feature: _off(lookup(place.slot, place.choice.use, ""), name, feature)})


def _off(spec: ComponentSpec, name: str, feature: str) -> Value:
    param = spec.param(feature)
    if param is None or param.off is None:
        features = [param.name for param in spec.features]
        hint = nearest(feature, features) if features else "it has no features"
        raise StudyError(f"{name!r} cannot be disabled: {spec.title} has no feature {feature!r}; {hint}")
    return param.off


# --------------------------------------------------------------------------------------------- swapping


def swapped(base: Pipeline, text: str, lookup: Lookup) -> Pipeline:
    """Return *base* with one component swapped, as ``place=component`` or ``place=component,key=value,...``."""
    where, equals, rest = text.partition("=")
    new = read_named(rest, repr(text))
    if not equals or not new.name:
        raise StudyError(f"{text!r} is not of the form place=component, such as model=resnet34")
    place = base.place(where)
    if place is None:
        hint = nearest(where, [place.name for place in base.places])
        raise StudyError(f"{text!r}: there is no {where!r} to swap; {hint}")
    return base.with_choice(place, resolve_at(place, new.name, new.params, lookup))


def settings_of(text: str) -> frozenset[str]:
    """Return the keys, such as ``optimizer.lr``, that a swap sets itself."""
    place, _, rest = text.partition("=")
    return frozenset(f"{place}.{key}" for key in read_named(rest, repr(text)).params)
