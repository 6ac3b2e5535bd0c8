"""The frozen records that rooms exchange, and the specs with which plugins describe their components.

Importing this package loads nothing: each name is loaded when it is first used. None of its modules loads torch or the
native core, so listing components stays fast.
"""

from typing import TYPE_CHECKING

from ..lazy_names import lazy_names

if TYPE_CHECKING:
    # ruff: noqa: F403
    from ..params import Param as Param
    from ..params import Value as Value
    from .contexts import *
    from .contexts import Progress as Progress
    from .costs import *
    from .executing import *
    from .labels import *
    from .measuring import *
    from .owner import *
    from .pipeline import *
    from .products import *
    from .results import *
    from .rules import *
    from .slot_list import *
    from .specs import *
    from .specs import RESERVED as RESERVED
    from .specs import ComponentSpec as ComponentSpec
    from .specs import Register as Register
    from .specs import TrainingSpec as TrainingSpec
    from .tracking import *
    from .training import *
else:
    __getattr__, __dir__, __all__ = lazy_names(
        __name__,
        {
            "..params": ("Param", "Value"),
            ".contexts": (
                "ColumnContext",
                "DataContext",
                "LossContext",
                "MetricContext",
                "ModelContext",
                "OptimizerContext",
                "Progress",
                "SamplerContext",
                "ScheduleContext",
                "StepContext",
            ),
            ".costs": ("CORE_COSTS", "IMAGES_PER_SECOND", "PARAMETERS", "SECONDS", "Combined", "CostInfo"),
            ".executing": ("Ended", "Executor", "ExecutorContext", "Job"),
            ".labels": (
                "ASKED_EARLIER",
                "current_label",
                "interaction_of",
                "label_of",
                "removed_by",
                "signed",
                "together",
            ),
            ".measuring": ("Finish", "MeasureContext", "MeasuredTrial"),
            ".owner": ("OWN_DISTRIBUTION", "Fingerprint", "OwnedComponent", "Owner"),
            ".pipeline": (
                "Choice",
                "Contrast",
                "ContrastKind",
                "Design",
                "InputPlan",
                "Pipeline",
                "Place",
                "SplitMethod",
                "SplitPlan",
                "StepChoice",
                "TrainPlan",
                "Trial",
                "Variant",
            ),
            ".products": (
                "IMAGE_SUFFIXES",
                "SPLITS",
                "Area",
                "BatchOp",
                "Draws",
                "Metric",
                "NativeOp",
                "PythonOp",
                "Samples",
                "Scores",
            ),
            ".results": (
                "BEST",
                "LAST",
                "MetricInfo",
                "TrialFailure",
                "TrialOutcome",
                "TrialResult",
                "failures",
                "finished",
            ),
            ".rules": ("Family", "Population", "Rules", "Test", "TunedBase"),
            ".slot_list": ("SLOTS", "SPECS", "slots"),
            ".specs": (
                "RESERVED",
                "ColumnSpec",
                "ComponentSpec",
                "DatasetSpec",
                "ExecutorSpec",
                "LossSpec",
                "MeasureSpec",
                "MetricSpec",
                "ModelSpec",
                "OptimizerSpec",
                "Register",
                "SamplerSpec",
                "SchedulerSpec",
                "StepSpec",
                "TrackerSpec",
                "TrainingSpec",
            ),
            ".tracking": ("TrackedTrial", "Tracker", "TrackerContext"),
            ".training": ("ALWAYS_MEASURED", "TRAINING"),
        },
    )
