"""The frozen records that travel between rooms, and the specs with which plugins describe their components.

Importing this package loads neither torch nor the native core, so that listing components stays fast.
"""

from ..params import Param, Value
from .contexts import DataContext, LossContext, MetricContext, ModelContext, ScheduleContext, StepContext
from .pipeline import Choice, Contrast, ContrastKind, Design, Pipeline, StepChoice, TrainPlan, Trial, Variant
from .products import IMAGE_SUFFIXES, SPLITS, BatchOp, Draws, Metric, NativeOp, PythonOp, Samples
from .results import MetricInfo, TrialResult
from .rules import Population, Rules
from .specs import (
    RESERVED,
    SLOTS,
    SPECS,
    ColumnSpec,
    ComponentSpec,
    DatasetSpec,
    LossSpec,
    MetricSpec,
    ModelSpec,
    OptimizerSpec,
    Register,
    SchedulerSpec,
    StepSpec,
)

__all__ = [
    "IMAGE_SUFFIXES",
    "RESERVED",
    "SLOTS",
    "SPECS",
    "SPLITS",
    "BatchOp",
    "Choice",
    "ColumnSpec",
    "ComponentSpec",
    "Contrast",
    "ContrastKind",
    "DataContext",
    "DatasetSpec",
    "Design",
    "Draws",
    "LossContext",
    "LossSpec",
    "Metric",
    "MetricContext",
    "MetricInfo",
    "MetricSpec",
    "ModelContext",
    "ModelSpec",
    "NativeOp",
    "OptimizerSpec",
    "Param",
    "Pipeline",
    "Population",
    "PythonOp",
    "Register",
    "Rules",
    "Samples",
    "ScheduleContext",
    "SchedulerSpec",
    "StepChoice",
    "StepContext",
    "StepSpec",
    "TrainPlan",
    "Trial",
    "TrialResult",
    "Value",
    "Variant",
]
