from .api.models import TrainedModel as TrainedModel, load_model as load_model
from .api.planned import PlannedStudy as PlannedStudy
from .api.result import ComparedStudies as ComparedStudies, Result as Result, ResultRow as ResultRow
from .api.running import compare as compare, plan_of as plan_of, report as report, run as run
from .api.study import Study as Study
from .contracts.contexts import (
    ColumnContext as ColumnContext,
    DataContext as DataContext,
    LossContext as LossContext,
    MetricContext as MetricContext,
    ModelContext as ModelContext,
    OptimizerContext as OptimizerContext,
    SamplerContext as SamplerContext,
    ScheduleContext as ScheduleContext,
    StepContext as StepContext,
)
from .contracts.executing import Ended as Ended, Executor as Executor, ExecutorContext as ExecutorContext, Job as Job
from .contracts.measuring import MeasureContext as MeasureContext, MeasuredTrial as MeasuredTrial
from .contracts.params import Param as Param, low_and_high as low_and_high
from .contracts.pipeline import Choice as Choice, Contrast as Contrast
from .contracts.products import (
    IMAGE_SUFFIXES as IMAGE_SUFFIXES,
    BatchOp as BatchOp,
    Draws as Draws,
    Metric as Metric,
    NativeOp as NativeOp,
    PythonOp as PythonOp,
    Samples as Samples,
)
from .contracts.results import TrialFailure as TrialFailure, TrialResult as TrialResult
from .contracts.specs import (
    ColumnSpec as ColumnSpec,
    DatasetSpec as DatasetSpec,
    ExecutorSpec as ExecutorSpec,
    LossSpec as LossSpec,
    MeasureSpec as MeasureSpec,
    MetricSpec as MetricSpec,
    ModelSpec as ModelSpec,
    OptimizerSpec as OptimizerSpec,
    SamplerSpec as SamplerSpec,
    SchedulerSpec as SchedulerSpec,
    StepSpec as StepSpec,
    TrackerSpec as TrackerSpec,
)
from .contracts.tracking import TrackedTrial as TrackedTrial, Tracker as Tracker, TrackerContext as TrackerContext
from .errors import (
    DataError as DataError,
    FlowerablateError as FlowerablateError,
    LedgerError as LedgerError,
    PluginError as PluginError,
    StudyError as StudyError,
    TrainingError as TrainingError,
)
from .execute.observer import RunObserver as RunObserver, SilentObserver as SilentObserver
from .hookspecs import hookimpl as hookimpl
