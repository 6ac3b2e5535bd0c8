"""Our side of the measurements: the native chain into buffers that are reused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from peers import Job, Ready

from flowerablate import _native

Ops = Sequence[tuple[str, Mapping[str, Any]]]


def aligned(shape: tuple[int, ...], dtype: type[np.generic]) -> NDArray[Any]:
    """Return zeros that begin at a multiple of 64 bytes, as torch's tensors and so the buffers of our loader do."""
    size = prod(shape) * np.dtype(dtype).itemsize
    raw = np.zeros(size + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + size].view(dtype).reshape(shape)


class NotInCoreError(Exception):
    """The core of this version does not know an operation; the message says which."""


def chain_of(ops: Ops) -> _native.Chain:
    """Return the chain of *ops* (name, parameters), each with a stream of its own."""
    try:
        return _native.Chain([(name, params, number) for number, (name, params) in enumerate(ops)], 3)
    except ValueError as error:
        if "unknown name" in str(error):
            raise NotInCoreError(str(error).partition(";")[0]) from None
        raise


class Core:
    """A chain on a batch of images of one size, uint8 [N, H, W, 3]; *out* is reused by every call."""

    def __init__(self, ops: Ops, batch: NDArray[np.uint8], floats: bool) -> None:
        self.chain = chain_of(ops)
        count, height, width, channels = batch.shape
        made = self.chain.output_size(height, width)
        self.pixels = batch.reshape(-1)
        self.offsets = np.arange(count, dtype=np.int64) * (height * width * channels)
        self.heights, self.widths = np.full(count, height, np.int32), np.full(count, width, np.int32)
        self.indices, self.ids = np.arange(count, dtype=np.int64), np.arange(count, dtype=np.uint64)
        shape = (count, channels, *made) if floats else (count, *made, channels)
        self.out = aligned(shape, np.float32 if floats else np.uint8)
        self.epoch = 0

    def run(self, threads: int) -> None:
        """Process all the images; every call is a new epoch, so random ops draw again."""
        self.epoch += 1
        self.chain.run(
            self.pixels, self.offsets, self.heights, self.widths, self.indices, self.ids, self.out,
            seed=1, epoch=self.epoch, threads=threads,
        )  # fmt: skip


def ready(ops: Ops, job: Job, floats: bool) -> Ready:
    """Return the chain of *ops* as it is timed beside the peers."""
    core = Core(ops, job.batch, floats)
    return Ready(lambda: core.run(job.threads), lambda: core.out)


class Packed:
    """A chain on batches taken from packed images, as the loader calls it: float32 [batch, 3, H, W], reused."""

    def __init__(self, ops: Ops, images: NDArray[np.uint8], batch: int) -> None:
        self._core = Core(ops, images, floats=True)
        self._core.out = self._core.out[:batch]
        self._count, self._batch, self._next = len(images), batch, 0

    def run(self, batches: int, threads: int) -> None:
        """Make so many batches; the images are taken in turns."""
        core = self._core
        for _ in range(batches):
            core.indices = np.arange(self._next, self._next + self._batch, dtype=np.int64) % self._count
            core.ids = core.indices.astype(np.uint64)
            core.run(threads)
            self._next += self._batch


class Decoded:
    """The same from JPEG files in RAM: each thread decodes its part of the batch and runs the chain on it."""

    def __init__(self, ops: Ops, files: Sequence[bytes], size: tuple[int, int], batch: int) -> None:
        self._files, self._batch, self._next = files, batch, 0
        self._decode = best_decoder()
        self._room = np.zeros((batch, *size, 3), np.uint8)
        self._core = Core(ops, self._room, floats=True)
        self._pool = ThreadPoolExecutor()

    def run(self, batches: int, threads: int) -> None:
        """Make so many batches; the files are taken in turns."""
        bounds = np.linspace(0, self._batch, threads + 1).astype(int)
        for _ in range(batches):
            self._core.epoch += 1
            spans = [slice(int(a), int(b)) for a, b in pairwise(bounds)]
            others = [self._pool.submit(self._part, span) for span in spans[1:]]
            self._part(spans[0])
            for other in others:
                other.result()
            self._next += self._batch

    def _part(self, span: slice) -> None:
        core = self._core
        for i in range(span.start, span.stop):
            self._decode(self._files[(self._next + i) % len(self._files)], self._room[i])
        core.chain.run(
            core.pixels, core.offsets, core.heights, core.widths, core.indices[span], core.ids[span], core.out[span],
            seed=1, epoch=core.epoch, threads=1,
        )  # fmt: skip

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown()


def best_decoder() -> Callable[[bytes, NDArray[np.uint8]], object]:
    """Return a function from a JPEG file to a given array of pixels: simplejpeg where installed, else torchvision."""
    try:
        from simplejpeg import decode_jpeg
    except ImportError:
        import torch
        from torchvision.io import ImageReadMode
        from torchvision.io import decode_jpeg as decode

        def with_torchvision(data: bytes, into: NDArray[np.uint8]) -> None:
            planes = decode(torch.frombuffer(bytearray(data), dtype=torch.uint8), ImageReadMode.RGB)
            into[:] = planes.permute(1, 2, 0).numpy()

        return with_torchvision
    return lambda data, into: decode_jpeg(data, "RGB", buffer=into)
