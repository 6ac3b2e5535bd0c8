"""Resolves a study file into a pipeline: looks up every component, checks parameters and fills in defaults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from ..contracts import (
    Choice,
    ComponentSpec,
    InputPlan,
    Pipeline,
    Place,
    Rules,
    SplitPlan,
    StepChoice,
    StepSpec,
    TrackerSpec,
    TunedBase,
    Value,
)
from ..errors import StudyError, nearest
from .schema import StudyFile

Lookup: TypeAlias = Callable[[str, str, str], ComponentSpec]
"""``lookup(slot, name, where)`` returns the spec or raises :class:`StudyError` with the nearest valid name."""


def resolve(study: StudyFile, lookup: Lookup) -> Pipeline:
    """Return the base pipeline of *study*; an error about what its file says names the file."""
    with study.blamed():
        return _pipeline(study, lookup)


def _pipeline(study: StudyFile, lookup: Lookup) -> Pipeline:
    return Pipeline(
        components={
            slot: resolve_choice(slot, table.use, table.params, lookup) for slot, table in study.components.items()
        },
        steps=tuple(resolve_step(name, t.use, t.params, lookup, t.removable) for name, t in study.steps.items()),
        input=InputPlan(study.input.image_size, study.input.channels, study.input.bits),
        split=SplitPlan(
            study.split.validation, _test_fraction(study), study.split.method, study.split.folds, study.split.subset
        ),
    )


def resolve_trackers(study: StudyFile, lookup: Lookup) -> dict[str, Choice]:
    """Return the trackers of *study* by their names in it; they are not part of a trial."""
    trackers = {}
    with study.blamed():
        for name, table in study.trackers.items():
            where = f"trackers.{name}"
            spec = lookup(TrackerSpec.slot, table.use, where)
            trackers[name] = Choice(table.use, check_params(spec, table.params, where))
    return trackers


def tuned_of(study: StudyFile) -> TunedBase | None:
    """Return how the base of *study* was tuned, if it was."""
    table = study.tuned
    return None if table is None else TunedBase(tuple(table.settings), table.trials, table.metric)


def rules_of(study: StudyFile) -> Rules:
    """Return the rules for the verdicts of *study*; an error about what its file says names the file."""
    with study.blamed():
        return _rules(study)


def _rules(study: StudyFile) -> Rules:
    statistics = study.statistics
    if statistics.family == "max-t" and statistics.margin is not None:
        raise StudyError('statistics.family = "max-t" has no test of a margin; leave out the margin, or use "holm"')
    if statistics.family == "max-t" and statistics.test != "t":
        raise StudyError('statistics.family = "max-t" knows the t test only; set statistics.test = "t", or use "holm"')
    return Rules(
        metric=study.metrics.primary,
        level=statistics.level,
        margin=statistics.margin,
        population=statistics.population,
        min_replicates=statistics.min_replicates,
        reserve=statistics.reserve,
        test=statistics.test,
        family=statistics.family,
        futility=study.ablation.futility,
    )


def _test_fraction(study: StudyFile) -> float:
    if study.split.validation + study.split.test >= 1:
        raise StudyError("split.validation and split.test leave nothing to train on; choose a sum below 1")
    return study.split.test


def resolve_choice(slot: str, use: str, params: Mapping[str, Any], lookup: Lookup) -> Choice:
    """Look up the component *use* of *slot* and check its *params*."""
    spec = lookup(slot, use, slot)
    return Choice(use, check_params(spec, params, slot))


def resolve_step(name: str, use: str, params: Mapping[str, Any], lookup: Lookup, removable: bool = True) -> StepChoice:
    """Look up the component *use* for the step *name* and check its *params*."""
    where = f"steps.{name}"
    spec = lookup(StepSpec.slot, use, where)
    assert isinstance(spec, StepSpec)
    return StepChoice(use, check_params(spec, params, where), name=name, kind=spec.kind, removable=removable)


def resolve_at(place: Place, use: str, params: Mapping[str, Any], lookup: Lookup) -> Choice:
    """Look up the component *use* for *place* and check its *params*; a step keeps its ``removable``."""
    if isinstance(place.choice, StepChoice):
        return resolve_step(place.name, use, params, lookup, place.choice.removable)
    return resolve_choice(place.slot, use, params, lookup)


def check_params(spec: ComponentSpec, given: Mapping[str, Any], where: str) -> dict[str, Value]:
    """Return all parameters of *spec*, the *given* ones checked, and what else of it the study sets."""
    names = [param.name for param in spec.settable]
    for key in given:
        if key not in names:
            hint = nearest(key, names) if names else "it takes no parameters"
            raise StudyError(f"{where}: {spec.title} has no parameter {key!r}; {hint}")
    return {
        param.name: param.check(given.get(param.name, param.default), f"{where}.{param.name}")
        for param in spec.settable
        if param.name in given or param in spec.params
    }
