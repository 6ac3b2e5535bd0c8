"""The specs with which plugins describe their components: one class per slot, in the order of a study."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, get_args

from ..errors import PluginError
from .costs import CORE_COSTS, Combined, CostInfo
from .params import Param

_COMPONENT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


@dataclass(frozen=True)
class ComponentSpec:
    """A named component of a slot: its name, summary, build function and parameters.

    ``build`` is called as ``build(context, **params)`` with every declared parameter; the subclass documents the
    context and the return value. Import torch inside ``build``, not at the top of the plugin.

    Names appear on command lines and in paths: *name* consists of ASCII letters, digits, ``-`` and ``_`` and begins
    with a letter or digit; a parameter's name is a Python identifier. Anything else raises :class:`PluginError`.

    The class variables are the facts of the slot, which all rooms use. Their defaults describe a slot in which each
    pipeline has one component. A subclass is a dataclass itself only if it adds fields.
    """

    slot: ClassVar[str] = ""
    """The name of the slot."""

    number: ClassVar[Literal["one", "several", "none"]] = "one"
    """How many components a study's tables hold: one in ``[slot]``, several in ``[slots.NAME]``, or none."""

    in_pipeline: ClassVar[bool] = True
    """Whether it is part of the pipeline, and therefore of a trial's id."""

    ablated: ClassVar[bool] = True
    """Whether its components can be swapped, their features switched off and their settings varied."""

    from_plugins: ClassVar[bool] = True
    """Whether plugins provide its components."""

    default_use: ClassVar[str] = ""
    """The component used when a study names none; empty if a study must name one."""

    in_study: ClassVar[str] = '[{slot}]\nuse = "{name}"'
    """How a study selects a component; ``{setting}`` is its first parameter, preceded by a comma."""

    on_command_line: ClassVar[str] = "run --swap {slot}={name}"
    """The arguments to ``flowerablate`` that try a component."""

    sameness: ClassVar[str] = "does the same"
    """Reported for two variants whose components differ but do the same, before «with one and with another»."""

    name: str
    summary: str
    build: Callable[..., Any]
    params: tuple[Param, ...] = ()

    def __post_init__(self) -> None:
        if not _COMPONENT_NAME.fullmatch(self.name):
            raise PluginError(
                f"{self.title}: use letters, digits, - and _ for a name, and begin with a letter or digit"
            )
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
        """Return the name of the slot's table in a study; empty if it has none."""
        return {"one": cls.slot, "several": f"{cls.slot}s", "none": ""}[cls.number]

    @property
    def title(self) -> str:
        """The component's name in messages."""
        return f"{self.slot} {self.name!r}"

    def param(self, name: str) -> Param | None:
        """Return the parameter called *name*, or None."""
        return next((param for param in self.params if param.name == name), None)

    @property
    def settable(self) -> tuple[Param, ...]:
        """What a study may set: the parameters, and what the core takes for each component of the slot."""
        return self.params

    @property
    def features(self) -> tuple[Param, ...]:
        """The parameters that can be switched off."""
        return tuple(param for param in self.params if param.off is not None)


_LISTS = (
    Param("groups", "", "CSV with the columns path and group: images that a drawn split must not separate"),
    Param("group_from", "", "regular expression whose first group in the path of an image is the group of the image"),
    Param("exclude", "", "text file with the path of an image on each line: images to leave out"),
)
"""See :mod:`flowerablate.data.lists`."""


@dataclass(frozen=True)
class DatasetSpec(ComponentSpec):
    """A data set. ``build(DataContext, **params) -> Samples``; it returns paths, and images stay on disk.

    ``reads(path)`` returns whether the data set can read that path: ``--data PATH`` uses the first one that returns
    True and passes the path as its parameter ``path``.
    """

    slot = "dataset"
    ablated = False
    on_command_line = "run --set {slot}.use={name}"

    reads: Callable[[Path], bool] | None = None

    @property
    def settable(self) -> tuple[Param, ...]:
        """The parameters, and the lists of images that the core reads, unless the data set has its own of that name."""
        return (*self.params, *self.lists)

    @property
    def lists(self) -> tuple[Param, ...]:
        """The settings of the core for each data set: which images belong together, and which are left out."""
        own = {param.name for param in self.params}
        return tuple(param for param in _LISTS if param.name not in own)


@dataclass(frozen=True)
class StepSpec(ComponentSpec):
    """A preprocessing step. ``build(StepContext, **params) -> NativeOp | PythonOp | BatchOp``.

    *kind* groups steps that can be disabled together. A *random* step draws new numbers in each epoch and acts in
    training only; a deterministic one acts in training and evaluation, and its result may be computed once and stored.
    *stand_in*, called like ``build``, returns the deterministic op that replaces the step in evaluation and when it is
    switched off: a random crop needs one, because the image size must not depend on it. A step whose op is a
    :class:`BatchOp` is random, has no stand-in and comes last.
    """

    slot = "step"
    number = "several"
    in_study = '[{slot}s.{name}]\nuse = "{name}"'
    on_command_line = "run --swap morphology={name}"

    kind: str = ""
    random: bool = False
    stand_in: Callable[..., Any] | None = None


class ModelSpec(ComponentSpec):
    """A network. ``build(ModelContext, **params) -> torch.nn.Module``: float32 [N, C, H, W] to logits [N, classes]."""

    slot = "model"
    sameness = "the network has the same weights, outputs and gradients"


class OptimizerSpec(ComponentSpec):
    """An optimizer. ``build(OptimizerContext, **params) -> torch.optim.Optimizer``.

    It receives ``context.parameters`` unchanged.
    """

    slot = "optimizer"
    sameness = "the optimizer makes the same steps"


class SchedulerSpec(ComponentSpec):
    """A learning-rate schedule. ``build(ScheduleContext, **params) -> LRScheduler``.

    It is stepped after each optimizer step; a ``ReduceLROnPlateau`` is stepped after each epoch instead, with the
    validation loss.
    """

    slot = "scheduler"
    sameness = "the learning rate is the same at every step"


@dataclass(frozen=True)
class LossSpec(ComponentSpec):
    """A loss. ``build(LossContext, **params) -> callable``: (logits [N, K], int64 targets [N]) to the mean loss.

    *soft_targets*: it also accepts class probabilities, float32 targets [N, K] whose rows sum to one; for one-hot rows
    it returns the same value as for their classes. Steps that mix images and their labels need such a loss.
    """

    slot = "loss"
    sameness = "the loss has the same values and gradients"

    soft_targets: bool = False


class SamplerSpec(ComponentSpec):
    """An order of the training images. ``build(SamplerContext, **params) -> callable``: epoch to int64 [M].

    It returns indices of the N training images, 0 to N - 1, in the order of the epoch; an image may appear several
    times or not at all, and every epoch has the same length M. Epochs count from 1. It must be a pure function of the
    context and the epoch, with random numbers from :mod:`flowerablate.keyed`.
    """

    slot = "sampler"
    sameness = "the training images come in the same order"


class TrainingSpec(ComponentSpec):
    """The settings of training that belong to no component, ``[train]``.

    The only one is :data:`flowerablate.contracts.TRAINING`; plugins provide none. ``build(None, **params) ->
    TrainPlan``.
    """

    slot = "train"
    from_plugins = False
    default_use = "standard"
    in_study = "[{slot}]"
    on_command_line = "run --set {slot}.epochs=4"

    @property
    def title(self) -> str:
        """Its table in a study, which does not name it."""
        return f"[{self.slot}]"


@dataclass(frozen=True)
class MetricSpec(ComponentSpec):
    """A metric. ``build(MetricContext, **params) -> Metric``, computed from labels and probabilities or logits.

    *lower_is_better*: which direction is good. *percent*: values are fractions, shown as percentages.
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
        for field in ("lower_is_better", "percent"):
            _check_type(self, field, bool)
        if self.name == "loss":
            raise PluginError("metric 'loss': the name is taken by a trial's loss on the test images; choose another")


@dataclass(frozen=True)
class MeasureSpec(ComponentSpec):
    """A cost of a trial. ``build(MeasureContext) -> finish`` is called before the trial trains and starts to measure.

    ``finish(MeasuredTrial) -> float | None`` is called once the trial has been trained and tested. It returns the cost,
    or None if it cannot be measured here. The cost has the measure's name in ``costs`` of the trial's result, in the
    JSON and CSV of a report, and as a column that ``report --columns`` can show. Every installed measure runs for
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
            raise PluginError(f"measure {self.name!r}: the core has a cost of that name; choose another name")
        if self.params:
            raise PluginError(
                f"measure {self.name!r}: it runs for every trial, so it can have no parameters; remove them"
            )
        if self.combined not in get_args(Combined):
            allowed = ", ".join(get_args(Combined))
            raise PluginError(f"measure {self.name!r}: combined must be one of {allowed}, not {self.combined!r}")
        for field, kind in (("unit", str), ("head", str), ("lower_is_better", bool)):
            _check_type(self, field, kind)

    @property
    def info(self) -> CostInfo:
        """How to read the cost."""
        return CostInfo(self.name, self.summary, self.unit, self.lower_is_better, self.combined, self.head)


class ColumnSpec(ComponentSpec):
    """A column of the ablation table. ``build(ColumnContext, **params) -> flowerablate.report.Column``."""

    slot = "column"
    number = "none"
    in_pipeline = False
    ablated = False
    in_study = ""
    on_command_line = "report --columns variant,effect,{name}"


class TrackerSpec(ComponentSpec):
    """A tracker that records a study. ``build(TrackerContext, **params) -> flowerablate.contracts.Tracker``.

    A tracker changes no result, so it is not part of a trial's id. ``build`` is called once per run, before the first
    trial; if a library is missing it raises :class:`StudyError` with one line that says how to install it.
    """

    slot = "tracker"
    number = "several"
    in_pipeline = False
    ablated = False
    in_study = '[{slot}s.{name}]\nuse = "{name}"'
    on_command_line = "run --tracker {name}"


@dataclass(frozen=True)
class ExecutorSpec(ComponentSpec):
    """A way to run trials. ``build(ExecutorContext, **params) -> flowerablate.contracts.Executor``.

    An executor changes no result, so it is not part of a trial's id. ``build`` is called once per run, before the first
    trial; if a library is missing it raises :class:`StudyError` with one line that says how to install it. *remote*:
    jobs run on other machines, which the executor chooses; each of its jobs then says which files it needs. *outlives*:
    jobs go on without the process that started them; the executor then has a method ``leave()``, which lets them, and
    ``start`` takes up those that still wait or run. With some settings, it may not be so: an executor that has a
    ``capacity`` cannot be left. *clear*: ``clear(ledger)`` removes what it keeps in that folder about jobs that are
    done; it is called by a run that finds all trials done, and so builds no executor.
    """

    slot = "executor"
    in_pipeline = False
    ablated = False
    default_use = "processes"
    on_command_line = "run --executor {name}"

    remote: bool = False
    outlives: bool = False
    clear: Callable[[Path], None] | None = None


def _check_type(spec: ComponentSpec, field: str, kind: type) -> None:
    """Raise :class:`PluginError` if a field that is kept in ledgers has another type than *kind*."""
    value = getattr(spec, field)
    if not isinstance(value, kind):
        raise PluginError(f"{spec.title}: {field} must be a {kind.__name__}, not {value!r}")


RESERVED = frozenset({"use", "removable"})
"""Keys that a study writes next to a component's parameters; no parameter may have these names."""


class Register(Protocol):
    """The function that a hook receives; call it once per component."""

    def __call__(self, spec: ComponentSpec, /) -> None:
        """Add *spec* to its slot; raises :class:`PluginError` if the name is taken."""
