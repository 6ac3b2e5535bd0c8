"""Turns a study as written into a pipeline: every component looked up, every parameter checked and filled in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from ..contracts import (
    TRAINING,
    Choice,
    ComponentSpec,
    InputPlan,
    Pipeline,
    Rules,
    SplitPlan,
    StepChoice,
    StepSpec,
    TrainPlan,
    Value,
)
from ..errors import StudyError, nearest
from .schema import ComponentTable, StudyFile

Lookup: TypeAlias = Callable[[str, str, str], ComponentSpec]
"""``lookup(slot, name, where)`` gives the spec or raises :class:`StudyError` with the nearest valid name."""


def resolve(study: StudyFile, lookup: Lookup) -> Pipeline:
    """Return the base pipeline of *study*."""
    return Pipeline(
        dataset=_choose("dataset", study.dataset, lookup),
        steps=tuple(resolve_step(name, t.use, t.params, lookup, t.removable) for name, t in study.steps.items()),
        model=_choose("model", study.model, lookup),
        optimizer=_choose("optimizer", study.optimizer, lookup),
        scheduler=_choose("scheduler", study.scheduler, lookup),
        loss=_choose("loss", study.loss, lookup),
        sampler=_choose("sampler", study.sampler, lookup),
        input=InputPlan(study.input.image_size, study.input.channels, study.input.bits),
        split=SplitPlan(
            study.split.validation, _test_fraction(study), study.split.method, study.split.folds, study.split.subset
        ),
        train=TrainPlan(**check_params(TRAINING, study.train, "train")),  # type: ignore[arg-type]
    )


def resolve_trackers(study: StudyFile, lookup: Lookup) -> dict[str, Choice]:
    """Return the trackers that *study* names, by its word for each; they are no part of a trial."""
    trackers = {}
    for name, table in study.trackers.items():
        where = f"trackers.{name}"
        trackers[name] = Choice(table.use, check_params(lookup("tracker", table.use, where), table.params, where))
    return trackers


def rules_of(study: StudyFile) -> Rules:
    """Return how *study* comes to its verdicts."""
    statistics = study.statistics
    return Rules(
        metric=study.metrics.primary,
        level=statistics.level,
        margin=statistics.margin,
        population=statistics.population,
        futility=study.ablation.futility,
    )


def _test_fraction(study: StudyFile) -> float:
    if study.split.validation + study.split.test >= 1:
        raise StudyError("split.validation and split.test leave nothing to train on; their sum must be below 1")
    return study.split.test


def resolve_choice(slot: str, use: str, params: Mapping[str, Any], lookup: Lookup) -> Choice:
    """Look up one component of *slot* and check its *params*."""
    spec = lookup(slot, use, slot)
    return Choice(use, check_params(spec, params, slot))


def resolve_step(name: str, use: str, params: Mapping[str, Any], lookup: Lookup, removable: bool = True) -> StepChoice:
    """Look up the step component *use*, which the study calls *name*, and check its *params*."""
    where = f"steps.{name}"
    spec = lookup("step", use, where)
    assert isinstance(spec, StepSpec)
    return StepChoice(use, check_params(spec, params, where), name=name, kind=spec.kind, removable=removable)


def _choose(slot: str, table: ComponentTable, lookup: Lookup) -> Choice:
    return resolve_choice(slot, table.use, table.params, lookup)


def check_params(spec: ComponentSpec, given: Mapping[str, Any], where: str) -> dict[str, Value]:
    """Return all parameters of *spec*: those *given*, checked, and the defaults of the rest."""
    names = [param.name for param in spec.params]
    for key in given:
        if key not in names:
            hint = nearest(key, names) if names else "it takes no parameters"
            what = f"{spec.slot} {spec.name!r}" if spec.slot else f"[{spec.name}]"
            raise StudyError(f"{where}: {what} has no parameter {key!r}; {hint}")
    return {
        param.name: param.check(given.get(param.name, param.default), f"{where}.{param.name}") for param in spec.params
    }
