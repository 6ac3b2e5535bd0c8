"""The choice of the right check for a spec."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..contracts import (
    ColumnSpec,
    ComponentSpec,
    DatasetSpec,
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
from . import check_columns as columns
from . import check_datasets as datasets
from . import check_measures as measures
from . import check_metrics as metrics
from . import check_models as models
from . import check_samplers as samplers
from . import check_steps as steps
from . import check_trackers as trackers
from . import check_training as training


def check_component(
    spec: ComponentSpec, *, cache: Path | None = None, params: Mapping[str, Value] | None = None
) -> None:
    """Run the check that belongs to the slot of *spec*.

    *params* replaces defaults, for a component that cannot be built, or is slow, with those that it has. *cache* is an
    empty folder for data sets and trackers; without it a temporary one is used.
    """
    if isinstance(spec, DatasetSpec):
        datasets.check_dataset(spec, cache=cache, params=params)
    elif isinstance(spec, StepSpec):
        steps.check_step(spec, params=params)
    elif isinstance(spec, ModelSpec):
        models.check_model(spec, params=params)
    elif isinstance(spec, OptimizerSpec):
        training.check_optimizer(spec, params=params)
    elif isinstance(spec, SchedulerSpec):
        training.check_scheduler(spec, params=params)
    elif isinstance(spec, LossSpec):
        training.check_loss(spec, params=params)
    elif isinstance(spec, SamplerSpec):
        samplers.check_sampler(spec, params=params)
    elif isinstance(spec, MetricSpec):
        metrics.check_metric(spec, params=params)
    elif isinstance(spec, MeasureSpec):
        measures.check_measure(spec)
    elif isinstance(spec, ColumnSpec):
        columns.check_column(spec, params=params)
    elif isinstance(spec, TrackerSpec):
        trackers.check_tracker(spec, cache=cache, params=params)
    else:
        raise AssertionError(f"{type(spec).__name__} is not the spec of a slot; use StepSpec, ModelSpec and so on")
