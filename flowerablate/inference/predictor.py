"""Predicts image files as the trial would have: same decoding, same chains, same arithmetic.

Images stream: a few are decoded ahead, one batch is in memory at a time, and predictions are yielded as they are made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..contracts import InputPlan
from ..data.decode import decode
from ..data.packed import Image, PackedImages
from ..data.window import in_order
from ..errors import DataError, StudyError
from ..loader.buffers import Buffer, Shape
from ..preprocess import Preprocess
from ..preprocess.steps import writes_floats
from ..train.device import to_device
from ..train.precision import autocast, computes_in

BATCH = 128
"""Images in a batch, as in the evaluation of trials: the last bits of a convolution may depend on it."""

_AT_ONCE = 64 << 20
"""Maximum bytes of decoded images that wait for the evaluation chain."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """The prediction for one file: *probabilities*, float64 [K], in the order of the model's classes.

    They are the softmax of *logits*, float32 [K].
    """

    path: Path
    probabilities: NDArray[np.float64]
    classes: tuple[str, ...]
    logits: NDArray[np.float32]

    @property
    def label(self) -> str:
        """The most probable class, the first of equals."""
        return self.classes[int(self.probabilities.argmax())]

    @property
    def probability(self) -> float:
        """The probability of that class."""
        return float(self.probabilities.max())

    def top(self, count: int) -> list[tuple[str, float]]:
        """Return the *count* most probable classes with their probabilities, the most probable first."""
        order = np.argsort(-self.probabilities, kind="stable")[:count]
        return [(self.classes[place], float(self.probabilities[place])) for place in order]


@dataclass(frozen=True)
class Unreadable:
    """A file that could not be read as an image, and why."""

    path: Path
    reason: str


PredictionOutcome: TypeAlias = "Prediction | Unreadable"


@dataclass(eq=False)
class Predictor:
    """A trained *model* (float32 [B, C, S, S] to logits [B, K]) with the preprocessing that it was trained with.

    *prefix* is applied to each decoded image, then *evaluate* to batches, as in a trial; *min_side* is the minimum
    number of pixels that the shorter side of an image keeps when it is decoded. The model computes in *precision*, as
    in training, or in float32 if the device does not support it. It is moved to *device*, in evaluation mode.
    """

    model: nn.Module
    classes: tuple[str, ...]
    prefix: Preprocess
    evaluate: Preprocess
    input: InputPlan
    min_side: int | None
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    channels_last: bool = False
    precision: str = "float32"

    def __post_init__(self) -> None:
        to_device(self.model, self.device, channels_last=self.channels_last).eval()
        if not computes_in(self.precision, self.device):
            self.precision = "float32"

    def predict(self, paths: Iterable[Path | str], *, batch_size: int = BATCH) -> Iterator[PredictionOutcome]:
        """Yield for each file, in order, a :class:`Prediction` or :class:`Unreadable`; memory stays flat."""
        for outcomes, images in self.batches(paths, batch_size):
            if not len(images):
                yield from (each for each in outcomes if isinstance(each, Unreadable))
                continue
            logits = self.logits(images)
            rows = zip(_softmax(logits), logits.numpy(), strict=True)
            for each in outcomes:
                if isinstance(each, Unreadable):
                    yield each
                else:
                    probabilities, row = next(rows)
                    yield Prediction(each, probabilities, self.classes, row)

    def probabilities(self, images: Tensor) -> NDArray[np.float64]:
        """Return the class probabilities, float64 [B, K], of preprocessed *images*, float32 [B, C, S, S]."""
        return _softmax(self.logits(images))

    def logits(self, images: Tensor) -> Tensor:
        """Return the logits, float32 [B, K] on the CPU, of preprocessed *images*, float32 [B, C, S, S]."""
        with torch.inference_mode(), autocast(self.precision, self.device):
            logits: Tensor = self.model(self.on_device(images)).float()
        return logits.cpu()

    def on_device(self, images: Tensor) -> Tensor:
        """Move *images* to the model's device and memory layout, as in training."""
        layout = torch.channels_last if self.channels_last else torch.contiguous_format
        return images.to(self.device, memory_format=layout)

    def batches(
        self, paths: Iterable[Path | str], batch_size: int = BATCH
    ) -> Iterator[tuple[list[Path | Unreadable], Tensor]]:
        """Yield batches of at most *batch_size* images: the path or failure of each file, and the model's input.

        The input holds the images that could be read: float32 [B, C, S, S] on the CPU, valid until the next batch is
        requested.
        """
        if batch_size < 1:
            raise StudyError(f"batch_size must be 1 or more, not {batch_size}")
        size = self.input.image_size
        buffer = Buffer(Shape(size, size, self.input.channels, torch.float32, self.channels_last, 0), batch_size)
        outcomes: list[Path | Unreadable] = []
        waiting: list[Image] = []
        done = 0

        def flush() -> None:
            nonlocal done
            self._run(self.evaluate, waiting, buffer.image_array[done : done + len(waiting)])
            done += len(waiting)
            waiting.clear()

        for path, image in in_order(self._prepared, map(Path, paths)):
            outcomes.append(image if isinstance(image, Unreadable) else path)
            if not isinstance(image, Unreadable):
                waiting.append(image)
            if sum(image.nbytes for image in waiting) > _AT_ONCE:
                flush()
            if done + len(waiting) == batch_size or len(outcomes) >= 2 * batch_size:
                flush()
                yield outcomes, buffer.images[:done]
                outcomes, done = [], 0
        flush()
        if outcomes:
            yield outcomes, buffer.images[:done]

    def pixels(self, path: Path) -> Image:
        """Return the image as the model sees it before normalisation, [S, S, C].

        Raises :class:`DataError` if it cannot be read, or has the wrong size.
        """
        _, image = self._prepared(path)
        if isinstance(image, Unreadable):
            raise DataError(image.reason)
        shown = self.evaluate.with_ops([named for named in self.evaluate.ops if not writes_floats(named.op)])
        size = self.input.image_size
        out = np.empty((1, size, size, self.input.channels), shown.output_dtype)
        self._run(shown, [image], out)
        seen: Image = out[0]
        return seen

    def _prepared(self, path: Path) -> tuple[Path, Image | Unreadable]:
        plan = self.input
        try:
            decoded = decode(path, plan.channels, bits=plan.bits, min_side=self.min_side)
        except DataError as error:
            return path, Unreadable(path, str(error))
        image = self.prefix.run_one(decoded)
        found = self.evaluate.output_size(*image.shape[:2])
        if found != (plan.image_size, plan.image_size):
            wanted = f"{plan.image_size}x{plan.image_size}"
            height, width = decoded.shape[:2]
            return path, Unreadable(
                path,
                f"image {path} of {height}x{width} pixels is {found[0]}x{found[1]} after preprocessing, but the model "
                f"takes {wanted}; resize it to the size of the training images",
            )
        return path, image

    @staticmethod
    def _run(chain: Preprocess, images: Sequence[Image], out: NDArray[Any]) -> None:
        if images:
            places = np.arange(len(images), dtype=np.int64)
            # Evaluation draws no random numbers, so the ids of the samples do not matter.
            chain.run(_packed(images), places, np.zeros(len(images), np.uint64), out, seed=0, epoch=0)


def _packed(images: Sequence[Image]) -> PackedImages:
    sizes = np.array([image.size for image in images], np.int64)
    return PackedImages(
        pixels=np.concatenate([np.ascontiguousarray(image).reshape(-1) for image in images]),
        offsets=np.cumsum(sizes) - sizes,
        heights=np.array([image.shape[0] for image in images], np.int32),
        widths=np.array([image.shape[1] for image in images], np.int32),
        channels=images[0].shape[2],
    )


def _softmax(logits: Tensor) -> NDArray[np.float64]:
    probabilities: NDArray[np.float64] = torch.softmax(logits.double(), dim=1).numpy()
    return probabilities
