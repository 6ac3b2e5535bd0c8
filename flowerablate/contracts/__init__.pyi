from .contexts import (
    ColumnContext as ColumnContext,
    DataContext as DataContext,
    LossContext as LossContext,
    MetricContext as MetricContext,
    ModelContext as ModelContext,
    OptimizerContext as OptimizerContext,
    Progress as Progress,
    SamplerContext as SamplerContext,
    ScheduleContext as ScheduleContext,
    StepContext as StepContext,
)
from .costs import (
    CORE_COSTS as CORE_COSTS,
    IMAGES_PER_SECOND as IMAGES_PER_SECOND,
    PARAMETERS as PARAMETERS,
    SECONDS as SECONDS,
    CostInfo as CostInfo,
)
from .executing import Ended as Ended, Executor as Executor, ExecutorContext as ExecutorContext, Job as Job
from .labels import (
    ASKED_EARLIER as ASKED_EARLIER,
    current_label as current_label,
    interaction_of as interaction_of,
    label_of as label_of,
    removed_by as removed_by,
    signed as signed,
    together as together,
)
from .measuring import Finish as Finish, MeasureContext as MeasureContext, MeasuredTrial as MeasuredTrial
from .owner import (
    OWN_DISTRIBUTION as OWN_DISTRIBUTION,
    Fingerprint as Fingerprint,
    OwnedComponent as OwnedComponent,
    Owner as Owner,
)
from .params import Param as Param, Value as Value
from .pipeline import (
    Choice as Choice,
    Contrast as Contrast,
    ContrastKind as ContrastKind,
    Design as Design,
    InputPlan as InputPlan,
    Pipeline as Pipeline,
    Place as Place,
    SplitMethod as SplitMethod,
    SplitPlan as SplitPlan,
    StepChoice as StepChoice,
    Trial as Trial,
    Variant as Variant,
)
from .products import (
    IMAGE_SUFFIXES as IMAGE_SUFFIXES,
    SPLITS as SPLITS,
    Area as Area,
    BatchOp as BatchOp,
    Draws as Draws,
    Metric as Metric,
    NativeOp as NativeOp,
    PythonOp as PythonOp,
    Samples as Samples,
    Scores as Scores,
)
from .results import (
    BEST as BEST,
    LAST as LAST,
    MetricInfo as MetricInfo,
    TrialFailure as TrialFailure,
    TrialOutcome as TrialOutcome,
    TrialResult as TrialResult,
    failures as failures,
    finished as finished,
)
from .rules import (
    Family as Family,
    JudgedTable as JudgedTable,
    Population as Population,
    Rules as Rules,
    Test as Test,
    TunedBase as TunedBase,
)
from .slot_list import SLOTS as SLOTS, SPECS as SPECS, slots as slots
from .specs import (
    RESERVED as RESERVED,
    ColumnSpec as ColumnSpec,
    ComponentSpec as ComponentSpec,
    DatasetSpec as DatasetSpec,
    ExecutorSpec as ExecutorSpec,
    LossSpec as LossSpec,
    MeasureSpec as MeasureSpec,
    MetricSpec as MetricSpec,
    ModelSpec as ModelSpec,
    OptimizerSpec as OptimizerSpec,
    Register as Register,
    SamplerSpec as SamplerSpec,
    SchedulerSpec as SchedulerSpec,
    StepSpec as StepSpec,
    TrackerSpec as TrackerSpec,
    TrainingSpec as TrainingSpec,
)
from .tracking import TrackedTrial as TrackedTrial, Tracker as Tracker, TrackerContext as TrackerContext
from .training import ALWAYS_MEASURED as ALWAYS_MEASURED, TRAINING as TRAINING, TrainPlan as TrainPlan
