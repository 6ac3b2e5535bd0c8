"""Chooses the check for a spec."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..contracts import (
    SPECS,
    ColumnSpec,
    ComponentSpec,
    DatasetSpec,
    ExecutorSpec,
    LossSpec,
    MeasureSpec,
    MetricSpec,
    ModelSpec,
    OptimizerSpec,
    SamplerSpec,
    SchedulerSpec,
    StepSpec,
    TrackerSpec,
    Value,
)
from ..errors import StudyError
from .check_columns import check_column
from .check_datasets import check_dataset
from .check_executors import check_executor
from .check_measures import check_measure
from .check_metrics import check_metric
from .check_models import check_model
from .check_samplers import check_sampler
from .check_settings import each_setting, named, settings
from .check_steps import check_step
from .check_trackers import check_tracker
from .check_training import check_loss, check_optimizer, check_scheduler

_CHECKS: dict[type[ComponentSpec], Callable[..., None]] = {
    DatasetSpec: check_dataset,
    StepSpec: check_step,
    ModelSpec: check_model,
    OptimizerSpec: check_optimizer,
    SchedulerSpec: check_scheduler,
    LossSpec: check_loss,
    SamplerSpec: check_sampler,
    MetricSpec: check_metric,
    MeasureSpec: check_measure,
    ColumnSpec: check_column,
    TrackerSpec: check_tracker,
    ExecutorSpec: check_executor,
}
_WITH_A_FOLDER = (DatasetSpec, TrackerSpec, ExecutorSpec)


def check_component(
    spec: ComponentSpec, *, cache: Path | None = None, params: Mapping[str, Value] | None = None
) -> None:
    """Run the check for the slot of *spec*.

    *params* replaces defaults, for a component that cannot be built with its own or is slow with them. *cache* is an
    empty folder for data sets, trackers and executors; by default a temporary one. If a slot has no check, only the
    settings are checked.
    """
    check = _CHECKS.get(type(spec), _check_settings)
    if type(spec) not in SPECS.values():
        raise AssertionError(f"{type(spec).__name__} is not the spec of a slot; use StepSpec, ModelSpec and so on")
    folder: dict[str, Any] = {"cache": cache} if isinstance(spec, _WITH_A_FOLDER) else {}
    check(spec, params=params, **folder)


def _check_settings(spec: ComponentSpec, *, params: Mapping[str, Value] | None) -> None:
    """Validate all settings of *spec* that a check would try; an invalid one raises :class:`AssertionError`."""
    try:
        for _, chosen in each_setting(spec, params):
            settings(spec, chosen)
    except StudyError as error:
        raise AssertionError(f"{named(spec)} has invalid settings: {error}") from error
