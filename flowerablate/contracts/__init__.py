"""The frozen records that rooms exchange, and the specs with which plugins describe their components.

Importing this package loads neither torch nor the native core, so listing components stays fast.
"""

from ..params import Param, Value
from . import contexts, specs
from .contexts import *  # noqa: F403
from .contexts import Progress
from .costs import CORE_COSTS, IMAGES_PER_SECOND, PARAMETERS, SECONDS, CostInfo
from .executing import Ended, Executor, ExecutorContext, Job
from .labels import ASKED_EARLIER, current_label, interaction_of, label_of, removed_by, signed, together
from .measuring import Finish, MeasureContext, MeasuredTrial
from .owner import OWN_DISTRIBUTION, Fingerprint, OwnedComponent, Owner
from .pipeline import (
    Choice,
    Contrast,
    ContrastKind,
    Design,
    InputPlan,
    Pipeline,
    Place,
    SplitMethod,
    SplitPlan,
    StepChoice,
    TrainPlan,
    Trial,
    Variant,
)
from .products import IMAGE_SUFFIXES, SPLITS, Area, BatchOp, Draws, Metric, NativeOp, PythonOp, Samples, Scores
from .results import BEST, LAST, MetricInfo, TrialFailure, TrialOutcome, TrialResult, failures, finished
from .rules import Family, Population, Rules, Test, TunedBase
from .slots import SLOTS, SPECS, slots
from .specs import *  # noqa: F403
from .specs import RESERVED, ComponentSpec, Register, TrainingSpec
from .tracking import TrackedTrial, Tracker, TrackerContext
from .training import ALWAYS_MEASURED, TRAINING

__all__ = [
    "ALWAYS_MEASURED",
    "ASKED_EARLIER",
    "BEST",
    "CORE_COSTS",
    "IMAGES_PER_SECOND",
    "IMAGE_SUFFIXES",
    "LAST",
    "OWN_DISTRIBUTION",
    "PARAMETERS",
    "RESERVED",
    "SECONDS",
    "SLOTS",
    "SPECS",
    "SPLITS",
    "TRAINING",
    "Area",
    "BatchOp",
    "Choice",
    "ComponentSpec",
    "Contrast",
    "ContrastKind",
    "CostInfo",
    "Design",
    "Draws",
    "Ended",
    "Executor",
    "ExecutorContext",
    "Family",
    "Fingerprint",
    "Finish",
    "InputPlan",
    "Job",
    "MeasureContext",
    "MeasuredTrial",
    "Metric",
    "MetricInfo",
    "NativeOp",
    "OwnedComponent",
    "Owner",
    "Param",
    "Pipeline",
    "Place",
    "Population",
    "Progress",
    "PythonOp",
    "Register",
    "Rules",
    "Samples",
    "Scores",
    "SplitMethod",
    "SplitPlan",
    "StepChoice",
    "Test",
    "TrackedTrial",
    "Tracker",
    "TrackerContext",
    "TrainPlan",
    "TrainingSpec",
    "Trial",
    "TrialFailure",
    "TrialOutcome",
    "TrialResult",
    "TunedBase",
    "Value",
    "Variant",
    "current_label",
    "failures",
    "finished",
    "interaction_of",
    "label_of",
    "removed_by",
    "signed",
    "slots",
    "together",
]
__all__ += contexts.__all__
__all__ += specs.__all__
