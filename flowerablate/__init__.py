"""Which parts of your image-classification pipeline earn their place?

The names that a plugin needs are here; everything else is behind the command line (``flowerablate --help``) and in the
rooms of the package. Importing this loads neither torch nor the native core.
"""

from .contracts import (
    IMAGE_SUFFIXES,
    BatchOp,
    Choice,
    ColumnSpec,
    Contrast,
    DataContext,
    DatasetSpec,
    Draws,
    LossContext,
    LossSpec,
    Metric,
    MetricContext,
    MetricSpec,
    ModelContext,
    ModelSpec,
    NativeOp,
    OptimizerSpec,
    Param,
    PythonOp,
    SamplerContext,
    SamplerSpec,
    Samples,
    ScheduleContext,
    SchedulerSpec,
    StepContext,
    StepSpec,
)
from .errors import DataError, FlowerablateError, PluginError, StudyError, TrainingError
from .hookspecs import hookimpl
from .params import low_and_high

__all__ = [
    "IMAGE_SUFFIXES",
    "BatchOp",
    "Choice",
    "ColumnSpec",
    "Contrast",
    "DataContext",
    "DataError",
    "DatasetSpec",
    "Draws",
    "FlowerablateError",
    "LossContext",
    "LossSpec",
    "Metric",
    "MetricContext",
    "MetricSpec",
    "ModelContext",
    "ModelSpec",
    "NativeOp",
    "OptimizerSpec",
    "Param",
    "PluginError",
    "PythonOp",
    "SamplerContext",
    "SamplerSpec",
    "Samples",
    "ScheduleContext",
    "SchedulerSpec",
    "StepContext",
    "StepSpec",
    "StudyError",
    "TrainingError",
    "hookimpl",
    "low_and_high",
]
