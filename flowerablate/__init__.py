"""Which parts of your image-classification pipeline earn their place?

This package exports the names that a plugin needs, and the API for notebooks and scripts: ``Study``, ``run``,
``report``, ``compare`` and ``load_model`` (see ``docs/how-to/notebook.md``). Importing it loads nothing: each name is
loaded when it is first used.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from .api.models import TrainedModel, load_model
    from .api.planned import PlannedStudy
    from .api.result import ComparedStudies, Result, ResultRow
    from .api.running import compare, plan_of, report, run
    from .api.study import Study
    from .contracts import (
        IMAGE_SUFFIXES,
        BatchOp,
        Choice,
        Contrast,
        Draws,
        Ended,
        Executor,
        ExecutorContext,
        Job,
        MeasureContext,
        MeasuredTrial,
        Metric,
        NativeOp,
        Param,
        PythonOp,
        Samples,
        TrackedTrial,
        Tracker,
        TrackerContext,
        TrialFailure,
        TrialResult,
    )
    from .contracts.contexts import *  # noqa: F403
    from .contracts.specs import *  # noqa: F403
    from .errors import DataError, FlowerablateError, LedgerError, PluginError, StudyError, TrainingError
    from .execute.observer import RunObserver, SilentObserver
    from .hookspecs import hookimpl
    from .params import low_and_high

_HOMES = {
    "api.models": ("TrainedModel", "load_model"),
    "api.planned": ("PlannedStudy",),
    "api.result": ("ComparedStudies", "Result", "ResultRow"),
    "api.running": ("compare", "plan_of", "run"),
    "api.study": ("Study",),
    "contracts": (
        "BatchOp",
        "Choice",
        "ColumnContext",
        "ColumnSpec",
        "Contrast",
        "DataContext",
        "DatasetSpec",
        "Draws",
        "Ended",
        "Executor",
        "ExecutorContext",
        "ExecutorSpec",
        "IMAGE_SUFFIXES",
        "Job",
        "LossContext",
        "LossSpec",
        "MeasureContext",
        "MeasureSpec",
        "MeasuredTrial",
        "Metric",
        "MetricContext",
        "MetricSpec",
        "ModelContext",
        "ModelSpec",
        "NativeOp",
        "OptimizerContext",
        "OptimizerSpec",
        "Param",
        "PythonOp",
        "SamplerContext",
        "SamplerSpec",
        "Samples",
        "ScheduleContext",
        "SchedulerSpec",
        "StepContext",
        "StepSpec",
        "TrackedTrial",
        "Tracker",
        "TrackerContext",
        "TrackerSpec",
        "TrialFailure",
        "TrialResult",
    ),
    "errors": ("DataError", "FlowerablateError", "LedgerError", "PluginError", "StudyError", "TrainingError"),
    "execute.observer": ("RunObserver", "SilentObserver"),
    "hookspecs": ("hookimpl",),
    "params": ("low_and_high",),
}
"""The names of each module, which is loaded when one of them is first used."""

_LAZY = {name: module for module, names in _HOMES.items() for name in names}

# ruff: noqa: F405
__all__ = [
    "IMAGE_SUFFIXES",
    "BatchOp",
    "Choice",
    "ColumnContext",
    "ColumnSpec",
    "ComparedStudies",
    "Contrast",
    "DataContext",
    "DataError",
    "DatasetSpec",
    "Draws",
    "Ended",
    "Executor",
    "ExecutorContext",
    "ExecutorSpec",
    "FlowerablateError",
    "Job",
    "LedgerError",
    "LossContext",
    "LossSpec",
    "MeasureContext",
    "MeasureSpec",
    "MeasuredTrial",
    "Metric",
    "MetricContext",
    "MetricSpec",
    "ModelContext",
    "ModelSpec",
    "NativeOp",
    "OptimizerContext",
    "OptimizerSpec",
    "Param",
    "PlannedStudy",
    "PluginError",
    "PythonOp",
    "Result",
    "ResultRow",
    "RunObserver",
    "SamplerContext",
    "SamplerSpec",
    "Samples",
    "ScheduleContext",
    "SchedulerSpec",
    "SilentObserver",
    "StepContext",
    "StepSpec",
    "Study",
    "StudyError",
    "TrackedTrial",
    "Tracker",
    "TrackerContext",
    "TrackerSpec",
    "TrainedModel",
    "TrainingError",
    "TrialFailure",
    "TrialResult",
    "compare",
    "hookimpl",
    "load_model",
    "low_and_high",
    "plan_of",
    "report",
    "run",
]


def __getattr__(name: str) -> Any:
    if name == "report":
        return import_module(".report", __name__)  # made callable below
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f".{_LAZY[name]}", __name__), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _ReportRoom(ModuleType):
    """The package ``flowerablate.report``, made callable: ``report("runs/flowers")``."""

    @property
    def __doc__(self) -> str | None:  # type: ignore[override]
        # Whoever asks for help on it means what is called; the package's own text stays in its file.
        return cast("str | None", import_module("flowerablate.api.running").report.__doc__)

    @property
    def __signature__(self) -> Any:
        from inspect import signature

        return signature(import_module("flowerablate.api.running").report)

    def __call__(self, *words: Any, **options: Any) -> Any:
        verb = import_module("flowerablate.api.running").report
        return verb(*words, **options)


class _Package(ModuleType):
    """This package, in which ``report`` is both a subpackage, from which plugins import columns, and a function.

    Python sets the attribute to the module whenever the subpackage is imported, so the module itself must be callable.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if name == "report" and isinstance(value, ModuleType):
            value.__class__ = _ReportRoom
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
