"""What a component's ``build`` returns when that is not a torch object."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, get_args

from ..errors import DataError, PluginError, count_of
from .params import Value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SUFFIXES = ".jpg .jpeg .jpe .jfif .png .apng .bmp .dib .gif .webp .tif .tiff .ppm .pgm .pbm .pnm .tga .jp2 .j2k .avif"
IMAGE_SUFFIXES = frozenset(f"{_SUFFIXES} .heic .heif .hif .dcm .dicom .ima".split(" "))
"""File name suffixes, lower-case with the dot, that count as images."""

SPLITS = ("train", "val", "test")
"""The parts of a split."""


@dataclass(frozen=True)
class NativeOp:
    """An operation of the C++ core, by name, with its parameters; chains of native ops run fused."""

    op: str
    params: Mapping[str, Value] = field(default_factory=dict)


class Draws(Protocol):
    """Keyed random numbers for one batch; a pure function of seed, epoch, sample id and the step's name."""

    def uniform(self, count: int) -> NDArray[np.float64]:
        """Return [batch, count] numbers in [0, 1); each call continues where the previous one ended."""


@dataclass(frozen=True)
class PythonOp:
    """An operation in Python. It is slower than a native op and splits the native chain.

    ``function(images, draws)`` gets uint8 [N, H, W, C], which it may change in place, and returns uint8 [N, H', W', C].
    """

    function: Callable[[NDArray[np.uint8], Draws], NDArray[np.uint8]]


@dataclass(frozen=True)
class BatchOp:
    """An operation on a whole batch and its labels, such as mixup: in training only, after all ops on single images.

    ``function(images, targets, draws, spare)`` changes in place *images*, float32 [N, C, H, W] in contiguous or
    channels-last memory, and *targets*, the class probabilities, float32 [N, classes] whose rows sum to one. It returns
    nothing. *spare*, float32 [2, C, H, W], is scratch space for two images, so the function need not allocate.
    Sample *i* takes its numbers from row *i* of *draws*; choose its partner by its position in the batch.
    """

    function: Callable[[NDArray[np.float32], NDArray[np.float32], Draws, NDArray[np.float32]], None]


@dataclass(frozen=True)
class Samples:
    """A labelled set of image files.

    *keys* identify each sample permanently (its path relative to the root); random streams, splits and reports use
    them. *splits*: ``train``, ``val`` or ``test`` per sample if the data set has an official split, else None.
    *skipped*: files that were left out because they are unreadable. *groups*: the group of each sample that must stay
    on one side of a split, such as its patient, else None. *remarks*: sentences about the data, without the full
    stop, that a reader of the table must know. *read_as* and *left_out*: phrases for :attr:`found`, about how the data
    set was read, such as ``columns: image 'path', label 'kind'``, and what was left out, such as ``1 folder (assets)``.

    Raises :class:`DataError` for the first duplicate key, label that is not an index into *classes*, unknown split name
    or empty group.
    """

    classes: tuple[str, ...]
    keys: tuple[str, ...]
    paths: tuple[Path, ...]
    labels: tuple[int, ...]
    splits: tuple[str, ...] | None = None
    skipped: tuple[str, ...] = ()
    groups: tuple[str, ...] | None = None
    remarks: tuple[str, ...] = ()
    read_as: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not len(self.keys) == len(self.paths) == len(self.labels):
            raise DataError("a data set must return one key, one path and one label for each sample")
        if self.splits is not None and len(self.splits) != len(self.keys):
            raise DataError("a data set with an official split must return one split name for each sample")
        if self.groups is not None and len(self.groups) != len(self.keys):
            raise DataError("a data set with groups must return one group for each sample")
        seen: set[str] = set()
        for key, label in zip(self.keys, self.labels, strict=True):
            if key in seen:
                raise DataError(f"the data set has the key {key!r} twice; give each sample its own key")
            seen.add(key)
            if not 0 <= label < len(self.classes):
                raise DataError(f"sample {key!r} has label {label}, but labels index the {len(self.classes)} classes")
        for key, split in zip(self.keys, self.splits or (), strict=self.splits is not None):
            if split not in SPLITS:
                raise DataError(f"sample {key!r} is in split {split!r}; choose from: {', '.join(SPLITS)}")
        for key, group in zip(self.keys, self.groups or (), strict=self.groups is not None):
            if not group.strip():
                raise DataError(f"sample {key!r} has no group, but others have one; give it a group of its own")

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def found(self) -> str:
        """What was read, how, and what was left out, in one line; a run begins with it."""
        read = f"{count_of(len(self.classes), 'class', 'classes')}, {count_of(len(self), 'image')}"
        if self.splits:
            read += f", official split {'/'.join(part for part in SPLITS if part in self.splits)}"
        left_out = (f"left out: {', '.join(self.left_out)}",) if self.left_out else ()
        return "; ".join((read, *self.read_as, *left_out))

    def only(self, indices: Sequence[int]) -> Samples:
        """Return the samples at *indices*, in that order; all classes stay, even those without a sample."""
        return replace(
            self,
            keys=tuple(self.keys[i] for i in indices),
            paths=tuple(self.paths[i] for i in indices),
            labels=tuple(self.labels[i] for i in indices),
            splits=None if self.splits is None else tuple(self.splits[i] for i in indices),
            groups=None if self.groups is None else tuple(self.groups[i] for i in indices),
        )


Scores = Literal["probabilities", "logits"]
"""What a metric is computed from, in addition to the labels."""

Area: TypeAlias = "tuple[NDArray[np.bool_], NDArray[np.float64]]"
"""An area under a ROC curve: which images are positive, bool [N], and their scores, float64 [N]."""


@dataclass(frozen=True)
class Metric:
    """A metric of predictions on N images: *labels*, int64 [N], and *probabilities*, float64 [N, K].

    ``value(labels, probabilities)`` returns the metric. If it is a mean over images, ``per_image(labels,
    probabilities)`` returns the values of the images, float64 [N], whose mean is the metric; else *per_image* is None.
    If it is the mean of areas under ROC curves, ``areas(labels, probabilities)`` returns each as a pair: which images
    are positive, bool [N], and their scores, float64 [N], larger for positives; the interval of one model's metric
    rests on them. With ``needs="logits"`` all functions get the logits, float64 [N, K], instead of the probabilities.
    *limits* are the least and the largest possible value, which no interval of the metric exceeds; those of a fraction,
    0 and 1, need not be given.
    """

    value: Callable[[NDArray[np.int64], NDArray[np.float64]], float]
    per_image: Callable[[NDArray[np.int64], NDArray[np.float64]], NDArray[np.float64]] | None = None
    needs: Scores = "probabilities"
    areas: Callable[[NDArray[np.int64], NDArray[np.float64]], Sequence[Area]] | None = None
    limits: tuple[float, float] = (-math.inf, math.inf)

    def __post_init__(self) -> None:
        if self.needs not in get_args(Scores):
            raise PluginError(f"a metric needs {' or '.join(get_args(Scores))}, not {self.needs!r}")
        if not self.limits[0] < self.limits[1]:
            raise PluginError(f"a metric's limits must increase, not {self.limits[0]} to {self.limits[1]}")
