"""Runs a chain of ops on batches: native ops fused in the core, Python ops between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .. import _native
from ..contracts import NativeOp, PythonOp, Value
from ..data.store import PackedImages
from ..errors import FlowerablateError, PluginError, StudyError, calling_a_component, one_line
from ..keyed import key64
from .steps import NamedOp, waits_for_training_images

BytePixels: TypeAlias = NDArray[np.uint8]
IntegerPixels: TypeAlias = "NDArray[np.uint8] | NDArray[np.uint16]"
Output: TypeAlias = "IntegerPixels | NDArray[np.float32]"


_SAMPLES_TRIED = 16
"""Samples that tell whether a step is random: one that acts on a quarter of the images differs in one of 16."""


@dataclass(frozen=True)
class Drawn:
    """What one step does to one sample: its native *op*, whether it is *applied*, and the *values* that it drew.

    A Python op (*op* is empty) reports no values, though it draws from the step's stream too. Native ops do not list
    what they draw per pixel, such as noise: it can be reproduced from seed, epoch, sample and the step's name.
    """

    step: str
    op: str
    applied: bool
    values: dict[str, Value]


class StepDraws:
    """Random numbers for one Python op on one batch; see :class:`flowerablate.contracts.Draws`."""

    def __init__(self, seed: int, stream: int, epoch: int, ids: NDArray[np.uint64]) -> None:
        self._key = (seed, stream, epoch)
        self._ids = ids
        self._drawn = 0

    def uniform(self, count: int) -> NDArray[np.float64]:
        """Return [batch, count] numbers in [0, 1); each call continues where the previous one ended."""
        seed, stream, epoch = self._key
        numbers = _native.uniform(seed, stream, epoch, self._ids, self._drawn, count)
        self._drawn += count
        return numbers


def stream_key(step: str) -> int:
    """Return the key of a step's random stream; it depends on the step's name in the study."""
    return key64("step", step)


class Preprocess:
    """A chain of ops, ready to run on batches of packed images.

    The chain is divided into segments: a segment is either a run of native ops, which the core executes fused, image by
    image and in several threads, or one Python op. Between segments a batch is uint8 (or uint16) [B, H, W, C]. Each
    Python op runs twice on its first batch, with equal draws, and must return equal images.

    *dtype*, ``uint8`` or ``uint16``, is that of the packed images; with *fuse* False each native op runs separately. A
    chain with an op that waits for the training images knows its sizes, but runs only after :func:`fit`.
    """

    def __init__(self, ops: Sequence[NamedOp], channels: int, *, dtype: str = "uint8", fuse: bool = True) -> None:
        self.channels = channels
        self.dtype = self.output_dtype = dtype
        self._fuse = fuse
        self._names: list[list[str]] = []
        self.ops = tuple(ops)
        ready = [named for named in ops if not waits_for_training_images(named.op)]
        self._waiting = [
            (named.name, named.op.op)
            for named in ops
            if isinstance(named.op, NativeOp) and waits_for_training_images(named.op)
        ]
        self._segments: list[_native.Chain | tuple[str, PythonOp]] = []
        self._repeated: set[str] = set()
        for is_native, run in groupby(ready, key=lambda named: isinstance(named.op, NativeOp)):
            named_ops = list(run)
            if is_native:
                self._append(self._native_chain(named_ops), [named.name for named in named_ops])
                continue
            for named in named_ops:
                if self.output_dtype != "uint8":
                    raise StudyError(
                        f"step {named.name!r} is written in Python and takes 8-bit images, but gets 16-bit ones; "
                        "put a step 'to_8_bits' before it"
                    )
                self._append(_python(named), [named.name])
        if not self._segments or not isinstance(self._segments[-1], _native.Chain):
            self._append(_native.Chain([], channels, dtype=self.output_dtype), [])

    def _append(self, segment: _native.Chain | tuple[str, PythonOp], names: list[str]) -> None:
        self._segments.append(segment)
        self._names.append(names)
        if isinstance(segment, _native.Chain):
            self.output_dtype = segment.output_dtype

    def __reduce__(self) -> tuple[Callable[..., Preprocess], tuple[object, ...]]:
        """Pickle the ops; the other process recompiles them."""
        return _compile, (self.ops, self.channels, self.dtype, self._fuse)

    def with_ops(self, ops: Sequence[NamedOp]) -> Preprocess:
        """Return a chain of *ops* for the same images."""
        return Preprocess(ops, self.channels, dtype=self.dtype, fuse=self._fuse)

    def _native_chain(self, run: Sequence[NamedOp]) -> _native.Chain:
        ops = []
        for named in run:
            assert isinstance(named.op, NativeOp)
            ops.append((named.op.op, named.op.params, stream_key(named.name)))
        try:
            return _native.Chain(ops, self.channels, dtype=self.output_dtype, fuse=self._fuse)
        except (ValueError, TypeError) as error:
            names = ", ".join(named.name for named in run)
            raise StudyError(f"steps {names}: {error}") from None

    def run(
        self,
        images: PackedImages,
        indices: NDArray[np.int64],
        ids: NDArray[np.uint64],
        out: Output,
        *,
        seed: int,
        epoch: int,
        threads: int = 0,
        bfloat16: bool = False,
    ) -> None:
        """Process images *indices* (sample *ids*, both [B]) into *out*.

        *out* is [B, H, W, C] of the chain's *output_dtype*, or float32 [B, C, H, W], contiguous or channels-last. With
        *bfloat16* it is uint16 [B, C, H, W], a view of a torch tensor, and receives the bits of bfloat16 numbers.

        Raises :class:`DataError` if the store of the images was written to, before or meanwhile.
        """
        if self._waiting:
            raise RuntimeError(
                f"step {self._waiting[0][0]!r} needs statistics of the training images: call fit() first"
            )
        if not len(indices):
            return  # Python steps need not handle empty batches
        source, places = images.batch(indices)
        for segment, following in zip(self._segments, [*self._segments[1:], None], strict=True):
            if isinstance(segment, _native.Chain):
                target = out if following is None else self._buffer(segment, source, places)
                segment.run(
                    source.pixels, source.offsets, source.heights, source.widths, places, ids, target,
                    seed=seed, epoch=epoch, threads=threads, bfloat16=bfloat16 and following is None,
                )  # fmt: skip
                batch = target
            else:
                name, op = segment
                stacked = self._stack(source, places, name)
                again = None if name in self._repeated else stacked.copy()
                batch = _call(name, op.function, stacked, StepDraws(seed, stream_key(name), epoch, ids), self.channels)
                if again is not None:
                    draws, first = StepDraws(seed, stream_key(name), epoch, ids), batch.copy()
                    batch = _call(name, op.function, again, draws, self.channels)
                    _require_equal(name, first, batch)
                    self._repeated.add(name)
            if following is not None:
                source, places = _packed(batch), np.arange(len(indices), dtype=np.int64)
        images.require_unchanged()

    def run_one(self, image: IntegerPixels) -> IntegerPixels:
        """Process one image, [H, W, C] of *dtype*, with a chain without random ops; return [H', W', C]."""
        single = _packed(np.ascontiguousarray(image)[None])
        height, width = self.output_size(*image.shape[:2])
        out = np.empty((1, height, width, self.channels), self.output_dtype)
        self.run(single, np.zeros(1, np.int64), np.zeros(1, np.uint64), out, seed=0, epoch=0, threads=1)
        first: IntegerPixels = out[0]
        return first

    def explain(self, height: int, width: int, sample: int, *, seed: int, epoch: int) -> list[Drawn]:
        """Return what every step does to the sample with id *sample*, an image of *height* x *width* pixels."""
        drawn = []
        for segment, names in zip(self._segments, self._names, strict=True):
            if isinstance(segment, _native.Chain):
                found = segment.explain(height, width, sample, seed=seed, epoch=epoch)
                for name, (op, applied, values) in zip(names, found, strict=True):
                    drawn.append(Drawn(name, op, applied, {key: _value(value) for key, value in values.items()}))
                height, width = segment.output_size(height, width)
            else:
                drawn.append(Drawn(names[0], "", True, {}))
                height, width = self._size_after(segment, height, width)
        return [*drawn, *(Drawn(name, op, True, {}) for name, op in self._waiting)]  # they stand last

    def draws_by_epoch(self, height: int, width: int) -> bool:
        """Whether native steps do something else to an image of that size in another epoch; Python ones do not say."""
        one, other = (
            [self.explain(height, width, sample, seed=0, epoch=epoch) for sample in range(_SAMPLES_TRIED)]
            for epoch in (0, 1)
        )
        native = (named.op for named in self.ops if isinstance(named.op, NativeOp))
        return one != other or any(_native.op_params(op.op)["draws_pixels"] for op in native)

    def output_size(self, height: int, width: int) -> tuple[int, int]:
        """Return the (height, width) of an image of *height* x *width* pixels after the chain.

        A Python op may change the size, so it is called with a black image to find out.
        """
        for segment in self._segments:
            if isinstance(segment, _native.Chain):
                height, width = segment.output_size(height, width)
            else:
                height, width = self._size_after(segment, height, width)
        return height, width

    def _size_after(self, segment: tuple[str, PythonOp], height: int, width: int) -> tuple[int, int]:
        name, op = segment
        blank = np.zeros((1, height, width, self.channels), np.uint8)
        draws = StepDraws(0, stream_key(name), 0, np.zeros(1, np.uint64))
        result = _call(name, op.function, blank, draws, self.channels)
        return result.shape[1], result.shape[2]

    def _buffer(self, chain: _native.Chain, source: PackedImages, places: NDArray[np.int64]) -> IntegerPixels:
        first = int(places[0])
        height, width = chain.output_size(int(source.heights[first]), int(source.widths[first]))
        return np.empty((len(places), height, width, self.channels), chain.output_dtype)

    def _stack(self, source: PackedImages, places: NDArray[np.int64], name: str) -> BytePixels:
        sizes = {(int(source.heights[i]), int(source.widths[i])) for i in places}
        if len(sizes) > 1:
            raise StudyError(f"step {name!r} gets images of different sizes; put a step that sets the size before it")
        return np.stack([source.image(int(index)) for index in places])


def require_core() -> None:
    """Raise :class:`StudyError` if the native core cannot run as ``FLOWERABLATE_SIMD`` asks."""
    try:
        _native.simd_path()
    except ValueError as error:
        raise StudyError(f"{error}; unset it, or see 'flowerablate doctor'") from None


def _compile(ops: Sequence[NamedOp], channels: int, dtype: str, fuse: bool) -> Preprocess:
    return Preprocess(ops, channels, dtype=dtype, fuse=fuse)


def _value(value: bool | int | float | str | list[float]) -> Value:
    return tuple(value) if isinstance(value, list) else value


def _python(named: NamedOp) -> tuple[str, PythonOp]:
    assert isinstance(named.op, PythonOp)
    return named.name, named.op


def _call(
    name: str,
    function: Callable[[BytePixels, StepDraws], BytePixels],
    batch: BytePixels,
    draws: StepDraws,
    channels: int,
) -> BytePixels:
    with calling_a_component():
        with naming_the_step(name):
            result = function(batch, draws)
        return _checked(name, result, batch, channels)


@contextmanager
def naming_the_step(name: str) -> Iterator[None]:
    """Have what a step raises in the block name it, but for memory that runs out and errors of flowerablate.

    An error of the system is then not taken for one of the store that is being packed.
    """
    try:
        yield
    except (FlowerablateError, MemoryError):
        raise
    except Exception as error:
        raise PluginError(f"step {name!r} failed: {one_line(error)}") from error


def _require_equal(name: str, first: BytePixels, second: BytePixels) -> None:
    if not np.array_equal(first, second):
        error = StudyError(
            f"step {name!r} returns other images for the same images and draws the second time; it may depend on "
            "nothing else, and must take its random numbers from 'draws'"
        )
        error.of_component = True
        raise error


def _checked(name: str, result: Any, batch: BytePixels, channels: int) -> BytePixels:
    good = isinstance(result, np.ndarray) and result.dtype == np.uint8 and result.ndim == 4
    if not good or result.shape[0] != batch.shape[0] or result.shape[3] != channels:
        got = f"{result.dtype} {list(result.shape)}" if isinstance(result, np.ndarray) else type(result).__name__
        raise StudyError(f"step {name!r} must return uint8 [{len(batch)}, H, W, {channels}], but returned {got}")
    contiguous: BytePixels = np.ascontiguousarray(result)
    return contiguous


def _packed(batch: NDArray[Any]) -> PackedImages:
    """View a contiguous batch of pixels, [B, H, W, C], as packed images."""
    count, height, width, channels = batch.shape
    assert batch.dtype in (np.uint8, np.uint16)
    return PackedImages(
        pixels=batch.reshape(-1),
        offsets=np.arange(count, dtype=np.int64) * (height * width * channels),
        heights=np.full(count, height, np.int32),
        widths=np.full(count, width, np.int32),
        channels=channels,
    )
