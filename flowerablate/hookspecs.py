"""The whole contract with plugin authors: one hook for each slot.

A plugin is a module that implements some of these hooks. It is found by an entry point in the group ``flowerablate``,
or as ``flowerablate_local.py`` beside a study. Each hook gets ``register``, to be called once for each component::

    import flowerablate as fa

    @fa.hookimpl
    def flowerablate_register_step(register):
        register(fa.StepSpec(name="invert", summary="Negative of the picture.", kind="color", build=build_invert))

    def build_invert(context):
        return fa.PythonOp(lambda images, draws: 255 - images)
"""

from __future__ import annotations

import pluggy

from .contracts import Register

PROJECT = "flowerablate"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def flowerablate_register_dataset(register: Register) -> None:
    """Register data sets, each a :class:`~flowerablate.contracts.DatasetSpec`."""


@hookspec
def flowerablate_register_step(register: Register) -> None:
    """Register preprocessing steps, each a :class:`~flowerablate.contracts.StepSpec`."""


@hookspec
def flowerablate_register_model(register: Register) -> None:
    """Register networks, each a :class:`~flowerablate.contracts.ModelSpec`."""


@hookspec
def flowerablate_register_optimizer(register: Register) -> None:
    """Register optimizers, each an :class:`~flowerablate.contracts.OptimizerSpec`."""


@hookspec
def flowerablate_register_scheduler(register: Register) -> None:
    """Register learning-rate schedules, each a :class:`~flowerablate.contracts.SchedulerSpec`."""


@hookspec
def flowerablate_register_loss(register: Register) -> None:
    """Register losses, each a :class:`~flowerablate.contracts.LossSpec`."""


@hookspec
def flowerablate_register_sampler(register: Register) -> None:
    """Register orders of the training images, each a :class:`~flowerablate.contracts.SamplerSpec`."""


@hookspec
def flowerablate_register_metric(register: Register) -> None:
    """Register figures of merit, each a :class:`~flowerablate.contracts.MetricSpec`."""


@hookspec
def flowerablate_register_measure(register: Register) -> None:
    """Register costs of a trial, each a :class:`~flowerablate.contracts.MeasureSpec`."""


@hookspec
def flowerablate_register_column(register: Register) -> None:
    """Register columns of the ablation table, each a :class:`~flowerablate.contracts.ColumnSpec`."""


@hookspec
def flowerablate_register_tracker(register: Register) -> None:
    """Register places to follow a study, each a :class:`~flowerablate.contracts.TrackerSpec`."""
