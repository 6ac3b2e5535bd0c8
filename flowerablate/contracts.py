"""The frozen records that travel between rooms, and the specs with which plugins describe their components.

Importing this module loads neither torch nor the native core, so that listing components stays fast.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

from .errors import DataError, PluginError
from .params import Param as Param
from .params import Value as Value

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

_SUFFIXES = ".jpg .jpeg .jpe .jfif .png .apng .bmp .dib .gif .webp .tif .tiff .ppm .pgm .pbm .pnm .tga .jp2 .j2k .avif"
IMAGE_SUFFIXES = frozenset(_SUFFIXES.split(" "))
"""File name endings, lower-case with the dot, that count as images."""

SPLITS = ("train", "val", "test")
"""The parts that an official split may have."""


# ------------------------------------------------------------------------------- what plugins hand over


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
    """An optimizer. ``build(parameters, **params) -> torch.optim.Optimizer``; *parameters* is a list of tensors."""

    slot = "optimizer"


@dataclass(frozen=True)
class SchedulerSpec(ComponentSpec):
    """A learning-rate schedule. ``build(ScheduleContext, **params) -> LRScheduler``, stepped after every batch."""

    slot = "scheduler"


@dataclass(frozen=True)
class LossSpec(ComponentSpec):
    """A loss. ``build(LossContext, **params) -> callable``: (logits [N, K], int64 targets [N]) to the mean.

    *soft_targets* says that it takes class probabilities too, float32 targets [N, K] whose rows sum to one, and gives
    for one-hot rows what it gives for their classes. Steps that mix pictures, and so their labels, need such a loss.
    """

    slot = "loss"

    soft_targets: bool = False


SPECS: tuple[type[ComponentSpec], ...] = (DatasetSpec, StepSpec, ModelSpec, OptimizerSpec, SchedulerSpec, LossSpec)
SLOTS: tuple[str, ...] = tuple(spec.slot for spec in SPECS)

RESERVED = frozenset({"use", "removable"})
"""Keys that a study writes beside a component's parameters, so no parameter may be called so."""


class Register(Protocol):
    """What a hook receives: call it once for each component."""

    def __call__(self, spec: ComponentSpec, /) -> None:
        """Add *spec* to its slot; raises :class:`PluginError` when the name is taken."""


# -------------------------------------------------------------------------------- what build receives


@dataclass(frozen=True)
class DataContext:
    """*cache*: a folder for the data set alone, which it makes if it needs it. *skip_bad*: go on without bad files.

    *root*: the folder against which a relative path is read, that of the study file.
    """

    cache: Path
    root: Path
    skip_bad: bool = False
    progress: Callable[[str, int, int], None] = lambda what, done, total: None


@dataclass(frozen=True)
class StepContext:
    """*image_size*: side of the square picture that the model gets, pixels; *channels*: 1, 3 or 4."""

    image_size: int
    channels: int = 3


@dataclass(frozen=True)
class ModelContext:
    """Shape of the problem: number of *classes*, *channels* of the input, side of the picture in pixels."""

    classes: int
    channels: int
    image_size: int


@dataclass(frozen=True)
class ScheduleContext:
    """The optimizer to be scheduled, and the length of training in *epochs* and *steps_per_epoch*."""

    optimizer: torch.optim.Optimizer
    epochs: int
    steps_per_epoch: int

    @property
    def total_steps(self) -> int:
        """Number of optimizer steps in the whole training."""
        return self.epochs * self.steps_per_epoch


@dataclass(frozen=True)
class LossContext:
    """*class_counts*: number of training images of each class."""

    class_counts: tuple[int, ...]


# -------------------------------------------------------------------------------- what build returns


@dataclass(frozen=True)
class NativeOp:
    """An operation of the C++ core by name, with its parameters; chains of them run fused."""

    op: str
    params: Mapping[str, Value] = field(default_factory=dict)


class Draws(Protocol):
    """Keyed random numbers for one batch; a pure function of seed, epoch, sample id and the step's name."""

    def uniform(self, count: int) -> NDArray[np.float64]:
        """Return [batch, count] numbers in [0, 1); each call goes on where the last one ended."""


@dataclass(frozen=True)
class PythonOp:
    """An operation in Python: correct, slower, and it breaks the native chain where it stands.

    ``function(images, draws)`` gets uint8 [N, H, W, C], which it may change in place, and returns uint8 [N, H', W', C].
    """

    function: Callable[[NDArray[np.uint8], Draws], NDArray[np.uint8]]


@dataclass(frozen=True)
class BatchOp:
    """An operation on a whole batch and its labels, such as mixup: in training only, behind all ops on single pictures.

    ``function(images, targets, draws, spare)`` changes in place *images*, float32 [N, C, H, W] in contiguous or
    channels-last memory, and *targets*, the class probabilities, float32 [N, classes] whose rows sum to one. It returns
    nothing. *spare*, float32 [2, C, H, W], holds anything: room for two pictures, so that nothing need be allocated.
    Sample *i* takes its numbers from row *i* of *draws*; its partner is to be found by its place in the batch.
    """

    function: Callable[[NDArray[np.float32], NDArray[np.float32], Draws, NDArray[np.float32]], None]


@dataclass(frozen=True)
class Samples:
    """A labelled set of image files.

    *keys* name each sample for good (its path relative to the root): random streams, splits and reports go by them.
    *splits*: ``train``, ``val`` or ``test`` per sample where the data set brings an official split, else None.
    *skipped*: files that were left out because they are unreadable.

    Raises :class:`DataError` for the first key given twice, label that is no index of *classes*, or unknown split name.
    """

    classes: tuple[str, ...]
    keys: tuple[str, ...]
    paths: tuple[Path, ...]
    labels: tuple[int, ...]
    splits: tuple[str, ...] | None = None
    skipped: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not len(self.keys) == len(self.paths) == len(self.labels):
            raise DataError("a data set must give one key, one path and one label for each sample")
        if self.splits is not None and len(self.splits) != len(self.keys):
            raise DataError("a data set with an official split must give one split name for each sample")
        seen: set[str] = set()
        for key, label in zip(self.keys, self.labels, strict=True):
            if key in seen:
                raise DataError(f"the data set gives the key {key!r} twice; each sample needs a key of its own")
            seen.add(key)
            if not 0 <= label < len(self.classes):
                raise DataError(f"sample {key!r} has label {label}, but labels index the {len(self.classes)} classes")
        for key, split in zip(self.keys, self.splits or (), strict=self.splits is not None):
            if split not in SPLITS:
                raise DataError(f"sample {key!r} is in split {split!r}; choose from: {', '.join(SPLITS)}")

    def __len__(self) -> int:
        return len(self.keys)


# ------------------------------------------------------------------------------------ a resolved study


@dataclass(frozen=True)
class Choice:
    """One component as a study uses it: its name and every parameter, defaults filled in."""

    use: str
    params: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class StepChoice(Choice):
    """A step of the pipeline. *name* is the study's word for it; *enabled* is False where a variant removed it."""

    name: str = ""
    kind: str = ""
    removable: bool = True
    enabled: bool = True


@dataclass(frozen=True)
class TrainPlan:
    """How long and in what portions a trial trains. *validation* and *test* are fractions of all images.

    *bits*: the depth, 8 or 16, with which the files are read.
    """

    epochs: int
    batch_size: int
    image_size: int
    channels: int
    channels_last: bool
    validation: float
    test: float
    bits: Literal[8, 16] = 8


@dataclass(frozen=True)
class Pipeline:
    """All that a trial is made of, save the seed: the base pipeline, or one variant of it."""

    dataset: Choice
    steps: tuple[StepChoice, ...]
    model: Choice
    optimizer: Choice
    scheduler: Choice
    loss: Choice
    train: TrainPlan


@dataclass(frozen=True)
class Variant:
    """The base (*change* is empty) or the base with *change*, such as ``-morphology`` or ``model=resnet34``."""

    change: str
    pipeline: Pipeline

    @property
    def is_base(self) -> bool:
        """Whether this is the pipeline that all others are compared with."""
        return not self.change

    @property
    def label(self) -> str:
        """How the variant is called in tables."""
        return self.change or "base"


@dataclass(frozen=True)
class Trial:
    """A variant with one replicate's *seed*. *id* hashes all that can change the result; *base_id* names the base."""

    id: str
    base_id: str
    seed: int
    variant: Variant


# ----------------------------------------------------------------------------------- results of a trial


@dataclass(frozen=True)
class TrialResult:
    """What a finished trial says: metrics on the test split at the best epoch by validation, and what it cost."""

    trial_id: str
    base_id: str
    change: str
    seed: int
    metrics: Mapping[str, float]
    validation: Mapping[str, float]
    best_epoch: int
    epochs: int
    seconds: float
    images_per_second: float
    parameters: int
    collapsed: bool
    environment: Mapping[str, str] = field(default_factory=dict)
    failure: str = ""

    @classmethod
    def failed(cls, trial_id: str, base_id: str, change: str, seed: int, failure: str) -> TrialResult:
        """Return the record of a trial that could not be run, with the reason."""
        return cls(trial_id, base_id, change, seed, {}, {}, 0, 0, 0.0, 0.0, 0, False, failure=failure)
