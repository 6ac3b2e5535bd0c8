"""Which parts of your image-classification pipeline earn their place?

This package exports the names that a plugin needs, and the API for notebooks and scripts: ``Study``, ``run``,
``report``, ``compare`` and ``load_model`` (see ``docs/how-to/notebook.md``). Importing it loads nothing: each name is
loaded when it is first used.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from .lazy_names import lazy_names

if TYPE_CHECKING:
    # ruff: noqa: F403
    from .api.models import TrainedModel as TrainedModel
    from .api.models import load_model as load_model
    from .api.planned import PlannedStudy as PlannedStudy
    from .api.result import ComparedStudies as ComparedStudies
    from .api.result import Result as Result
    from .api.result import ResultRow as ResultRow
    from .api.running import compare as compare
    from .api.running import plan_of as plan_of
    from .api.running import report as report
    from .api.running import run as run
    from .api.study import Study as Study
    from .contracts import IMAGE_SUFFIXES as IMAGE_SUFFIXES
    from .contracts import BatchOp as BatchOp
    from .contracts import Choice as Choice
    from .contracts import Contrast as Contrast
    from .contracts import Draws as Draws
    from .contracts import Ended as Ended
    from .contracts import Executor as Executor
    from .contracts import ExecutorContext as ExecutorContext
    from .contracts import Job as Job
    from .contracts import MeasureContext as MeasureContext
    from .contracts import MeasuredTrial as MeasuredTrial
    from .contracts import Metric as Metric
    from .contracts import NativeOp as NativeOp
    from .contracts import Param as Param
    from .contracts import PythonOp as PythonOp
    from .contracts import Samples as Samples
    from .contracts import TrackedTrial as TrackedTrial
    from .contracts import Tracker as Tracker
    from .contracts import TrackerContext as TrackerContext
    from .contracts import TrialFailure as TrialFailure
    from .contracts import TrialResult as TrialResult
    from .contracts.contexts import *
    from .contracts.specs import *
    from .errors import DataError as DataError
    from .errors import FlowerablateError as FlowerablateError
    from .errors import LedgerError as LedgerError
    from .errors import PluginError as PluginError
    from .errors import StudyError as StudyError
    from .errors import TrainingError as TrainingError
    from .execute.observer import RunObserver as RunObserver
    from .execute.observer import SilentObserver as SilentObserver
    from .hookspecs import hookimpl as hookimpl
    from .params import low_and_high as low_and_high
else:
    _load, __dir__, __all__ = lazy_names(
        __name__,
        {
            ".api.models": ("TrainedModel", "load_model"),
            ".api.planned": ("PlannedStudy",),
            ".api.result": ("ComparedStudies", "Result", "ResultRow"),
            ".api.running": ("compare", "plan_of", "report", "run"),
            ".api.study": ("Study",),
            ".contracts": (
                "IMAGE_SUFFIXES",
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
            ".errors": ("DataError", "FlowerablateError", "LedgerError", "PluginError", "StudyError", "TrainingError"),
            ".execute.observer": ("RunObserver", "SilentObserver"),
            ".hookspecs": ("hookimpl",),
            ".params": ("low_and_high",),
        },
    )

    def __getattr__(name):
        return import_module(".report", __name__) if name == "report" else _load(name)  # made callable below


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
