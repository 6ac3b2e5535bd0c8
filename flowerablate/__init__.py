"""Which parts of your image-classification pipeline earn their place?

The names that a plugin needs are here, and the verbs for notebooks and scripts: ``Study``, ``run``, ``report``,
``compare`` and ``load_model`` (see ``docs/python.md``). Importing this loads neither torch nor the native core; the
verbs are loaded when they are first used.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from .contracts import (
    IMAGE_SUFFIXES,
    BatchOp,
    Choice,
    Contrast,
    Draws,
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
from .contracts import contexts as _contexts
from .contracts import specs as _specs
from .contracts.contexts import *  # noqa: F403
from .contracts.specs import *  # noqa: F403
from .errors import DataError, FlowerablateError, LedgerError, PluginError, StudyError, TrainingError
from .hookspecs import hookimpl
from .params import low_and_high

if TYPE_CHECKING:
    from .api.models import TrainedModel, load_model
    from .api.planned import PlannedStudy
    from .api.result import ComparedStudies, Result, ResultRow
    from .api.running import compare, plan_of, report, run
    from .api.study import Study
    from .execute.observer import RunObserver, SilentObserver

_LAZY = {
    "ComparedStudies": "api.result",
    "PlannedStudy": "api.planned",
    "Result": "api.result",
    "ResultRow": "api.result",
    "RunObserver": "execute.observer",
    "SilentObserver": "execute.observer",
    "Study": "api.study",
    "TrainedModel": "api.models",
    "compare": "api.running",
    "load_model": "api.models",
    "plan_of": "api.running",
    "run": "api.running",
}
"""The modules of the names that are loaded when they are first used."""

__all__ = [
    "IMAGE_SUFFIXES",
    "BatchOp",
    "Choice",
    "ComparedStudies",
    "Contrast",
    "DataError",
    "Draws",
    "FlowerablateError",
    "LedgerError",
    "MeasureContext",
    "MeasuredTrial",
    "Metric",
    "NativeOp",
    "Param",
    "PlannedStudy",
    "PluginError",
    "PythonOp",
    "Result",
    "ResultRow",
    "RunObserver",
    "Samples",
    "SilentObserver",
    "Study",
    "StudyError",
    "TrackedTrial",
    "Tracker",
    "TrackerContext",
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
__all__ += _contexts.__all__
__all__ += _specs.__all__


def __getattr__(name: str) -> Any:
    if name == "report":
        return import_module(".report", __name__)  # which becomes a verb below
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f".{_LAZY[name]}", __name__), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _ReportRoom(ModuleType):
    """The room ``flowerablate.report``, which can be called: ``report("runs/flowers")``."""

    def __call__(self, *words: Any, **options: Any) -> Any:
        verb = import_module("flowerablate.api.running").report
        return verb(*words, **options)


class _Package(ModuleType):
    """This package, in which ``report`` is both a room, from which plugins take columns, and a verb.

    Python sets the attribute to the module whenever the room is imported; so the module itself has to be the verb.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if name == "report" and isinstance(value, ModuleType):
            value.__class__ = _ReportRoom
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
