"""The images that a variant shows its model, in training and in evaluation."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..contracts import Pipeline
from ..data.splits import Split
from ..loader import PackedDataset
from ..loader.buffers import Buffer
from ..preprocess import BatchOps, Preprocess
from ..preprocess.steps import writes_floats
from ..wiring.assemble import DataSet, PreparedPipeline
from .traces import TOLERANCE, close

BLOCK = 64
"""Images that are processed at a time, fewer if the study's batches are smaller."""


@dataclass(frozen=True)
class Extent:
    """How many images are compared: the first *training* images of each of *epochs* epochs, and *evaluation* images.

    If there are fewer training images, more epochs make up for it, even beyond the epochs of the study: the random
    draws of those epochs stand for the draws of other replicates.
    """

    training: int
    epochs: int
    evaluation: int


LOOK = Extent(training=64, epochs=2, evaluation=64)
"""For every variant: these 128 draws miss a step that acts on 5 % of the images once in 700 studies."""

PROOF = Extent(training=4096, epochs=2, evaluation=2048)
"""Before a question is refused: these draws miss a step that acts on 0.1 % of the images once in 3,600 studies."""

_FITTED = 2048
"""Maximum number of training images from which steps learn here; in a trial they learn from all."""


@dataclass(frozen=True)
class Draw:
    """One block: the images at *places* in the data set, as drawn in *epoch* (0: evaluation)."""

    places: NDArray[np.int64]
    epoch: int

    @property
    def training(self) -> bool:
        """Whether the training chain processes it."""
        return self.epoch > 0


class Pixels:
    """The images that a variant shows its model on the replicate *seed*, processed again whenever they are requested.

    *chains* are the variant's, whose steps have learned from up to 2048 training images.
    """

    def __init__(self, pipeline: Pipeline, prepared: PreparedPipeline, data: DataSet, split: Split, seed: int) -> None:
        plan = pipeline.train
        self.pipeline, self.data, self.split, self.seed = pipeline, data, split, seed
        self.chains = prepared.fitted(_evenly_spaced(split.train, _FITTED), data.ids)
        self.block = min(BLOCK, plan.batch_size)
        digest = hashlib.blake2b(digest_size=16)
        means = []
        for images, targets in self.blocks(LOOK):
            digest.update(repr(images.shape).encode() + images.tobytes() + targets.tobytes())
            means.append(images.mean(axis=(1, 2, 3), dtype=np.float64))
        self.digest, self._means = digest.digest(), np.concatenate(means)

    def _source(self, training: bool) -> PackedDataset:
        """Return the images of a chain, always with class probabilities, to compare mixed labels with plain ones.

        It is created on demand, because it holds a file open and there may be many variants.
        """
        return PackedDataset(
            self.chains.train if training else self.chains.evaluate,
            self.chains.images,
            self.data.ids,
            self.data.labels,
            indices=self.split.train if training else None,
            seed=self.seed,
            channels_last=self.pipeline.train.channels_last,
            batch_ops=BatchOps(self.chains.batch if training else (), len(self.data.samples.classes)),
        )

    def of(self, pipeline: Pipeline) -> Pixels:
        """Return a copy for another *pipeline* with the same steps, shown in the same batches."""
        other = copy(self)
        other.pipeline = pipeline
        return other

    def draws(self, extent: Extent) -> Iterator[Draw]:
        """Yield the blocks of *extent*: training images in the order of their epochs, then evaluation images."""
        training = self._source(True)
        wanted = extent.training * extent.epochs
        for epoch in count(1):
            if wanted <= 0:
                break
            order = self.split.train[training.order(epoch)][: min(extent.training, wanted)]
            wanted -= len(order)
            yield from (Draw(order[start : start + self.block], epoch) for start in range(0, len(order), self.block))
        held_out = _evenly_spaced(np.concatenate([self.split.validation, self.split.test]), extent.evaluation)
        yield from (Draw(held_out[start : start + BLOCK], 0) for start in range(0, len(held_out), BLOCK))

    def blocks(self, extent: Extent) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """Yield the model's input: images, float32 [B, C, H, W], and class probabilities, float32 [B, classes]."""
        sources = {training: self._source(training) for training in (True, False)}
        for draw in self.draws(extent):
            source = sources[draw.training]
            buffer = Buffer(source.shape, len(draw.places))
            source.fill(buffer, draw.places, draw.epoch)
            yield buffer.image_array, buffer.label_array

    def same_as(self, other: Pixels, extent: Extent = LOOK) -> bool:
        """Whether both give the model the same images and labels in all of *extent*."""
        if extent is LOOK and self.digest == other.digest:
            return True
        if not _near(self._means, other._means):
            return False
        pairs = zip(self.blocks(extent), other.blocks(extent), strict=False)
        return all(close(mine[0], its[0]) and close(mine[1], its[1]) for mine, its in pairs)

    def differ_by_a_level(self, other: Pixels) -> bool:
        """Whether only pixels differ, and none by more than one level of 255."""
        return self._end_alike(other) and self._bytes_agree(other, fuse=True, levels=1)

    def differ_by_a_level_in_floats(self, other: Pixels) -> bool:
        """Whether no number of the model's input differs by more than one level of 255 amounts to in that channel.

        If the bytes of an image are divided by a standard deviation, a level amounts to one over this standard
        deviation. The smaller amount of both arms counts, so that a step that is undone must have kept the levels of
        the other arm. It is measured for each channel of each image as the ratio of the ranges of numbers and bytes. A
        channel of a single value has no such ratio, and must be the same in both. Example: an image is stretched before
        it is standardized, which undoes the stretch except for its rounding to bytes.
        """
        return self.chains.batch == other.chains.batch and all(
            _within_a_level_in_floats(self, draw, other, twin)
            for draw, twin in zip(self.draws(LOOK), other.draws(LOOK), strict=True)
        )

    def differ_by_merging(self, other: Pixels) -> bool:
        """Whether there is no difference if each step runs separately: then merging of other steps causes it."""
        return self._end_alike(other) and self._bytes_agree(other, fuse=False, levels=0)

    def _end_alike(self, other: Pixels) -> bool:
        """Whether both convert bytes to floats, and mix batches, in the same way."""
        mine, its = self.chains, other.chains
        pairs = ((mine.train, its.train), (mine.evaluate, its.evaluate))
        return mine.batch == its.batch and all(
            _float_ops(chain) == _float_ops(twin) and chain.output_dtype == twin.output_dtype for chain, twin in pairs
        )

    def _bytes_agree(self, other: Pixels, *, fuse: bool, levels: int) -> bool:
        draws = zip(self.draws(LOOK), other.draws(LOOK), strict=True)
        return all(_within(self._bytes(draw, fuse=fuse), other._bytes(twin, fuse=fuse), levels) for draw, twin in draws)

    def _bytes(self, draw: Draw, *, fuse: bool) -> NDArray[Any]:
        """Return the images of a block before the chain converts them to floats: [B, H, W, C]."""
        chain = self.chains.train if draw.training else self.chains.evaluate
        ops = [named for named in chain.ops if not writes_floats(named.op)]
        chain = Preprocess(ops, chain.channels, dtype=chain.dtype, fuse=fuse)
        height, width = self._size(chain, draw)
        out = np.empty((len(draw.places), height, width, chain.channels), chain.output_dtype)
        return self._run(chain, draw, out)

    def floats(self, draw: Draw) -> NDArray[np.float32]:
        """Return the images of a block as the model gets them, before any are mixed: [B, C, H, W]."""
        chain = self.chains.train if draw.training else self.chains.evaluate
        out = np.empty((len(draw.places), chain.channels, *self._size(chain, draw)), np.float32)
        return self._run(chain, draw, out)

    def levels(self, draw: Draw, floats: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return what one level of 255 amounts to in each channel of a block's *floats*, [B, C, 1, 1]; 0 if unknown."""
        images = self._bytes(draw, fuse=True)
        unit = int(np.iinfo(images.dtype).max) // 255
        span = np.ptp(images, axis=(1, 2)).astype(np.float64)[:, :, None, None]
        amounts: NDArray[np.float64] = (
            np.ptp(floats, axis=(2, 3), keepdims=True) * unit / np.where(span == 0, np.inf, span)
        )
        return amounts

    def _size(self, chain: Preprocess, draw: Draw) -> tuple[int, int]:
        images, first = self.chains.images, draw.places[0]
        return chain.output_size(int(images.heights[first]), int(images.widths[first]))

    def _run(self, chain: Preprocess, draw: Draw, out: NDArray[Any]) -> NDArray[Any]:
        ids = self.data.ids[draw.places]
        chain.run(self.chains.images, draw.places, ids, out, seed=self.seed, epoch=draw.epoch)
        return out


def _float_ops(chain: Preprocess) -> list[str]:
    """Return the ops that write floats, with their settings, but without what they learned from the images."""
    return [repr(named) for named in chain.ops if writes_floats(named.op)]


def _within(first: NDArray[Any], second: NDArray[Any], levels: int) -> bool:
    """Whether two blocks differ by at most *levels* levels of 255."""
    if first.shape != second.shape or first.dtype != second.dtype:
        return False
    max_difference = levels * (int(np.iinfo(first.dtype).max) // 255)
    return bool(np.abs(first.astype(np.int32) - second.astype(np.int32)).max() <= max_difference)


def _within_a_level_in_floats(mine: Pixels, draw: Draw, its: Pixels, twin: Draw) -> bool:
    first, second = mine.floats(draw), its.floats(twin)
    if first.shape != second.shape:
        return False
    difference = np.abs(first - second)
    max_difference = np.minimum(mine.levels(draw, first), its.levels(twin, second))
    return bool((difference <= max_difference + TOLERANCE * np.abs(first).max()).all())


def _near(first: NDArray[np.float64], second: NDArray[np.float64]) -> bool:
    """Whether the means of all images are so close that the images may be equal; saves processing them again."""
    return first.shape == second.shape and bool(np.abs(first - second).max() < 1e-4)


def _evenly_spaced(places: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return *count* evenly spaced elements of *places*, or all if there are no more."""
    if len(places) <= count:
        return places
    return places[np.linspace(0, len(places) - 1, count).astype(np.int64)]
