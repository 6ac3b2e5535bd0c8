"""Which parts of your image-classification pipeline earn their place?

The names that a plugin needs are here; everything else is behind the command line (``flowerablate --help``) and in the
rooms of the package. Importing this loads neither torch nor the native core.
"""

from .contracts import (
    IMAGE_SUFFIXES,
    BatchOp,
    Choice,
    Contrast,
    Draws,
    Metric,
    NativeOp,
    Param,
    PythonOp,
    Samples,
    TrackedTrial,
    Tracker,
    TrackerContext,
)
from .contracts import contexts as _contexts
from .contracts import specs as _specs
from .contracts.contexts import *  # noqa: F403
from .contracts.specs import *  # noqa: F403
from .errors import DataError, FlowerablateError, PluginError, StudyError, TrainingError
from .hookspecs import hookimpl
from .params import low_and_high

__all__ = [
    "IMAGE_SUFFIXES",
    "BatchOp",
    "Choice",
    "Contrast",
    "DataError",
    "Draws",
    "FlowerablateError",
    "Metric",
    "NativeOp",
    "Param",
    "PluginError",
    "PythonOp",
    "Samples",
    "StudyError",
    "TrackedTrial",
    "Tracker",
    "TrackerContext",
    "TrainingError",
    "hookimpl",
    "low_and_high",
]
__all__ += _contexts.__all__
__all__ += _specs.__all__
