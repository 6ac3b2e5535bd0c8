"""The specs with which plugins describe their components: a class for each slot, in the order of a study."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

from ..errors import PluginError
from ..params import Param
from .costs import CORE_COSTS, Combined, CostInfo

__all__ = [
    "ColumnSpec",
    "DatasetSpec",
    "LossSpec",
    "MeasureSpec",
    "MetricSpec",
    "ModelSpec",
    "OptimizerSpec",
    "SamplerSpec",
    "SchedulerSpec",
    "StepSpec",
    "TrackerSpec",
]
"""What authors of plugins need, which ``flowerablate`` has too."""

_COMPONENT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


@dataclass(frozen=True)
class ComponentSpec:
    """One named entry of a slot: how it is called, what it is, its parameters, and how it is built.

    ``build`` is called as ``build(context, **params)`` with every declared parameter; the subclass says what the
    context is and what is to be returned. Import torch inside ``build``, not at the top of the plugin.

    Names stand on command lines and in paths: *name* is ASCII letters, digits, ``-`` and ``_``, beginning with a letter
    or digit, and a parameter's is a Python identifier; else :class:`PluginError`.

    The class variables are the facts of the slot, which all rooms go by. As they stand here they describe a slot of
    which each pipeline has one component.
    """

    slot: ClassVar[str] = ""
    """The name of the slot."""

    number: ClassVar[Literal["one", "several", "none"]] = "one"
    """How many components a study's tables hold: one in ``[slot]``, several in ``[slots.NAME]``, or none at all."""

    in_pipeline: ClassVar[bool] = True
    """Whether it is part of the pipeline, and so of a trial's id."""

    ablated: ClassVar[bool] = True
    """Whether it can be swapped, its features switched off and its settings varied."""

    from_plugins: ClassVar[bool] = True
    """Whether plugins bring its components."""

    default_use: ClassVar[str] = ""
    """The component that is used where a study names none; empty where it must name one."""

    in_study: ClassVar[str] = '[{slot}]\nuse = "{name}"'
    """How a study chooses a component; ``{setting}`` is its first parameter, with a comma before it."""

    on_command_line: ClassVar[str] = "run --swap {slot}={name}"
    """The words after ``flowerablate`` that try a component."""

    sameness: ClassVar[str] = "does the same"
    """What is reported of two variants whose components differ and do the same, before «with one and with another»."""

    name: str
    summary: str
    build: Callable[..., Any]
    params: tuple[Param, ...] = ()

    def __post_init__(self) -> None:
        if not _COMPONENT_NAME.fullmatch(self.name):
            raise PluginError(f"{self.title}: a name is letters, digits, - and _, beginning with a letter or digit")
        names = [param.name for param in self.params]
        for name in names:
            if not name.isidentifier() or keyword.iskeyword(name):
                raise PluginError(f"{self.title}: parameter name {name!r} is not a Python identifier")
        clashes = sorted({name for name in names if names.count(name) > 1} | (RESERVED & set(names)))
        if clashes:
            raise PluginError(f"{self.title}: parameter name is reserved or given twice: {clashes[0]}")
        for param in self.params:
            param.check(param.default, f"{self.title}, default of {param.name}")

    @classmethod
    def table(cls) -> str:
        """Return the name of the slot's table in a study; empty where it has none."""
        return {"one": cls.slot, "several": f"{cls.slot}s", "none": ""}[cls.number]

    @property
    def title(self) -> str:
        """How a message calls the component."""
        return f"{self.slot} {self.name!r}"

    def param(self, name: str) -> Param | None:
        """Return the parameter of that name, or None."""
        return next((param for param in self.params if param.name == name), None)

    @property
    def features(self) -> tuple[Param, ...]:
        """The parameters that can be switched off by themselves."""
        return tuple(param for param in self.params if param.off is not None)


@dataclass(frozen=True)
class DatasetSpec(ComponentSpec):
    """A data set. ``build(DataContext, **params) -> Samples``; images stay on disk, only paths are returned.

    *reads* says whether the data set can read what lies at a path: ``--data PATH`` takes the first one that says yes
    and gives it the path as its parameter ``path``.
    """

    slot = "dataset"
    ablated = False
    on_command_line = "run --set {slot}.use={name}"

    reads: Callable[[Path], bool] | None = None


@dataclass(frozen=True)
class StepSpec(ComponentSpec):
    """A preprocessing step. ``build(StepContext, **params) -> NativeOp | PythonOp | BatchOp``.

    *kind* groups steps that can be disabled as one. A *random* step is drawn anew in each epoch and used in training
    only; a deterministic one is used in training and evaluation, and its result may be computed once and kept.
    *stand_in*, called like ``build``, gives the deterministic op that takes the step's place when it is switched off
    and in evaluation: a random crop needs one, because the size of the image must not depend on it. A step whose op
    is a :class:`BatchOp` is random, has no stand-in and stands at the end.
    """

    slot = "step"
    number = "several"
    in_study = '[{slot}s.{name}]\nuse = "{name}"'
    on_command_line = "run --swap morphology={name}"

    kind: str = ""
    random: bool = False
    stand_in: Callable[..., Any] | None = None


@dataclass(frozen=True)
class ModelSpec(ComponentSpec):
    """A network. ``build(ModelContext, **params) -> torch.nn.Module``: float32 [N, C, H, W] to logits [N, classes]."""

    slot = "model"
    sameness = "the network has the same weights, outputs and gradients"


@dataclass(frozen=True)
class OptimizerSpec(ComponentSpec):
    """An optimizer. ``build(OptimizerContext, **params) -> torch.optim.Optimizer``.

    It takes ``context.parameters``, as they are.
    """

    slot = "optimizer"
    sameness = "the optimizer makes the same steps"


@dataclass(frozen=True)
class SchedulerSpec(ComponentSpec):
    """A learning-rate schedule. ``build(ScheduleContext, **params) -> LRScheduler``.

    It is stepped after each step of the optimizer; a ``ReduceLROnPlateau`` instead after each epoch, with the loss on
    the validation split.
    """

    slot = "scheduler"
    sameness = "the learning rate is the same at every step"


@dataclass(frozen=True)
class LossSpec(ComponentSpec):
    """A loss. ``build(LossContext, **params) -> callable``: (logits [N, K], int64 targets [N]) to the mean.

    *soft_targets* says that it takes class probabilities too, float32 targets [N, K] whose rows sum to one, and gives
    for one-hot rows what it gives for their classes. Steps that mix images, and so their labels, need such a loss.
    """

    slot = "loss"
    sameness = "the loss has the same values and gradients"

    soft_targets: bool = False


@dataclass(frozen=True)
class SamplerSpec(ComponentSpec):
    """An order of the training images. ``build(SamplerContext, **params) -> callable``: epoch to int64 [M].

    What it gives are places among the N training images, 0 to N - 1, in the order of the epoch; an image may come
    several times or not at all, and every epoch has the same length M. Epochs count from 1. It must be a pure function
    of the context and the epoch, with random numbers from :mod:`flowerablate.keyed`.
    """

    slot = "sampler"
    sameness = "the training images come in the same order"


@dataclass(frozen=True)
class TrainingSpec(ComponentSpec):
    """The settings of training that are no component's, ``[train]``: :data:`flowerablate.contracts.TRAINING` alone.

    ``build(None, **params) -> TrainPlan``. Plugins bring none.
    """

    slot = "train"
    from_plugins = False
    default_use = "standard"
    in_study = "[{slot}]"
    on_command_line = "run --set {slot}.epochs=4"

    @property
    def title(self) -> str:
        """How a message calls it: by its table, for a study does not name it."""
        return f"[{self.slot}]"


@dataclass(frozen=True)
class MetricSpec(ComponentSpec):
    """A metric. ``build(MetricContext, **params) -> Metric``, taken of labels and probabilities, or of logits.

    *lower_is_better* says which direction is good. *percent*: values are fractions, shown as percentages.
    """

    slot = "metric"
    number = "none"
    in_pipeline = False
    ablated = False
    in_study = '[metrics]\nprimary = "{name}{setting}"'
    on_command_line = "report --metric {name}"

    lower_is_better: bool = False
    percent: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.name == "loss":
            raise PluginError("metric 'loss': a trial's own loss on the test images is called so; choose another name")


@dataclass(frozen=True)
class MeasureSpec(ComponentSpec):
    """A cost of a trial. ``build(MeasureContext) -> finish``, called before the trial trains; it starts to measure.

    ``finish(MeasuredTrial) -> float | None`` is called once the trial has trained and been tested, and gives the cost,
    None where it cannot be measured here. The cost has the measure's name, in ``costs`` of the trial's result, in the
    JSON and CSV of a report, and as a column that ``report --columns`` can show. Every installed measure is taken of
    every trial, so it has no parameters. *unit*, *lower_is_better*, *combined*, *head*: see :class:`CostInfo`.
    """

    slot = "measure"
    number = "none"
    in_pipeline = False
    ablated = False
    in_study = ""
    on_command_line = "report --columns variant,effect,{name}"

    unit: str = ""
    lower_is_better: bool = True
    combined: Combined = "mean"
    head: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.name in {info.name for info in CORE_COSTS}:
            raise PluginError(f"measure {self.name!r}: the core has a cost of that name; choose another one")
        if self.params:
            raise PluginError(f"measure {self.name!r}: it is taken of every trial, so it can have no parameters")

    @property
    def info(self) -> CostInfo:
        """How the cost is read."""
        return CostInfo(self.name, self.summary, self.unit, self.lower_is_better, self.combined, self.head)


@dataclass(frozen=True)
class ColumnSpec(ComponentSpec):
    """A column of the ablation table. ``build(ColumnContext, **params) -> flowerablate.report.Column``."""

    slot = "column"
    number = "none"
    in_pipeline = False
    ablated = False
    in_study = ""
    on_command_line = "report --columns variant,effect,{name}"


@dataclass(frozen=True)
class TrackerSpec(ComponentSpec):
    """Somewhere to follow a study. ``build(TrackerContext, **params) -> flowerablate.contracts.Tracker``.

    A tracker changes no result, so it is no part of a trial's id. ``build`` is called once for each run, before the
    first trial; it raises :class:`StudyError` where a library is missing, in one line that says how to install it.
    """

    slot = "tracker"
    number = "several"
    in_pipeline = False
    ablated = False
    in_study = '[{slot}s.{name}]\nuse = "{name}"'
    on_command_line = "run --tracker {name}"


RESERVED = frozenset({"use", "removable"})
"""Keys that a study writes beside a component's parameters, so no parameter may be called so."""


class Register(Protocol):
    """What a hook receives: call it once for each component."""

    def __call__(self, spec: ComponentSpec, /) -> None:
        """Add *spec* to its slot; raises :class:`PluginError` when the name is taken."""
