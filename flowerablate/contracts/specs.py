"""The specs with which plugins describe their components, one for each slot."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

from ..errors import PluginError
from ..params import Param
from .costs import CORE_COSTS, Combined, CostInfo

_COMPONENT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


@dataclass(frozen=True)
class ComponentSpec:
    """One named entry of a slot: how it is called, what it is, its parameters, and how it is built.

    ``build`` is called as ``build(context, **params)`` with every declared parameter; the subclass says what the
    context is and what is to be returned. Import torch inside ``build``, not at the top of the plugin.

    Names stand on command lines and in paths: *name* is ASCII letters, digits, ``-`` and ``_``, beginning with a letter
    or digit, and a parameter's is a Python identifier; else :class:`PluginError`.
    """

    slot: ClassVar[str] = ""

    name: str
    summary: str
    build: Callable[..., Any]
    params: tuple[Param, ...] = ()

    def __post_init__(self) -> None:
        if not _COMPONENT_NAME.fullmatch(self.name):
            raise PluginError(
                f"{self.slot} {self.name!r}: a name is letters, digits, - and _, beginning with a letter or digit"
            )
        names = [param.name for param in self.params]
        for name in names:
            if not name.isidentifier() or keyword.iskeyword(name):
                raise PluginError(f"{self.slot} {self.name!r}: parameter name {name!r} is not a Python identifier")
        clashes = sorted({name for name in names if names.count(name) > 1} | (RESERVED & set(names)))
        if clashes:
            raise PluginError(f"{self.slot} {self.name!r}: parameter name is reserved or given twice: {clashes[0]}")
        for param in self.params:
            param.check(param.default, f"{self.slot} {self.name!r}, default of {param.name}")

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

    reads: Callable[[Path], bool] | None = None


@dataclass(frozen=True)
class StepSpec(ComponentSpec):
    """A preprocessing step. ``build(StepContext, **params) -> NativeOp | PythonOp | BatchOp``.

    *kind* groups steps that can be disabled as one. A *random* step is drawn anew in each epoch and used in training
    only; a deterministic one is used in training and evaluation, and its result may be computed once and kept.
    *stand_in*, called like ``build``, gives the deterministic op that takes the step's place when it is switched off
    and in evaluation: a random crop needs one, because the size of the picture must not depend on it. A step whose op
    is a :class:`BatchOp` is random, has no stand-in and stands at the end.
    """

    slot = "step"

    kind: str = ""
    random: bool = False
    stand_in: Callable[..., Any] | None = None


@dataclass(frozen=True)
class ModelSpec(ComponentSpec):
    """A network. ``build(ModelContext, **params) -> torch.nn.Module``: float32 [N, C, H, W] to logits [N, classes]."""

    slot = "model"


@dataclass(frozen=True)
class OptimizerSpec(ComponentSpec):
    """An optimizer. ``build(parameters, **params) -> torch.optim.Optimizer``.

    *parameters* is what torch's optimizers take: a list of tensors or, where weight decay is to act on weights only, a
    list of groups, ``{"params": [tensors], "weight_decay": 0.0}``. Hand it on as it is.
    """

    slot = "optimizer"


@dataclass(frozen=True)
class SchedulerSpec(ComponentSpec):
    """A learning-rate schedule. ``build(ScheduleContext, **params) -> LRScheduler``.

    It is stepped after each step of the optimizer; a ``ReduceLROnPlateau`` instead after each epoch, with the loss on
    the validation split.
    """

    slot = "scheduler"


@dataclass(frozen=True)
class LossSpec(ComponentSpec):
    """A loss. ``build(LossContext, **params) -> callable``: (logits [N, K], int64 targets [N]) to the mean.

    *soft_targets* says that it takes class probabilities too, float32 targets [N, K] whose rows sum to one, and gives
    for one-hot rows what it gives for their classes. Steps that mix pictures, and so their labels, need such a loss.
    """

    slot = "loss"

    soft_targets: bool = False


@dataclass(frozen=True)
class SamplerSpec(ComponentSpec):
    """An order of the training images. ``build(SamplerContext, **params) -> callable``: epoch to int64 [M].

    What it gives are places among the N training images, 0 to N - 1, in the order of the epoch; an image may come
    several times or not at all, and every epoch has the same length M. Epochs count from 1. It must be a pure function
    of the context and the epoch, with random numbers from :mod:`flowerablate.keyed`.
    """

    slot = "sampler"


@dataclass(frozen=True)
class MetricSpec(ComponentSpec):
    """A metric. ``build(MetricContext, **params) -> Metric``, taken of labels and probabilities, or of logits.

    *lower_is_better* says which direction is good. *percent*: values are fractions, shown as percentages.
    """

    slot = "metric"

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
    """A column of the ablation table. ``build(**params) -> flowerablate.report.Column``."""

    slot = "column"


@dataclass(frozen=True)
class TrackerSpec(ComponentSpec):
    """Somewhere to follow a study. ``build(TrackerContext, **params) -> flowerablate.contracts.Tracker``.

    A tracker changes no result, so it is no part of a trial's id. ``build`` is called once for each run, before the
    first trial; it raises :class:`StudyError` where a library is missing, in one line that says how to install it.
    """

    slot = "tracker"


SPECS: tuple[type[ComponentSpec], ...] = (
    DatasetSpec,
    StepSpec,
    ModelSpec,
    OptimizerSpec,
    SchedulerSpec,
    LossSpec,
    SamplerSpec,
    MetricSpec,
    MeasureSpec,
    ColumnSpec,
    TrackerSpec,
)
SLOTS: tuple[str, ...] = tuple(spec.slot for spec in SPECS)

RESERVED = frozenset({"use", "removable"})
"""Keys that a study writes beside a component's parameters, so no parameter may be called so."""


class Register(Protocol):
    """What a hook receives: call it once for each component."""

    def __call__(self, spec: ComponentSpec, /) -> None:
        """Add *spec* to its slot; raises :class:`PluginError` when the name is taken."""
