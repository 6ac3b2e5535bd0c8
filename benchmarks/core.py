"""Our side of the measurements: the native chain into buffers that are reused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from peers import Job, Ready

from flowerablate import _native

Ops = Sequence[tuple[str, Mapping[str, Any]]]


class NotInCore(Exception):
    """The core of this version does not know an operation; the message says which."""


def chain_of(ops: Ops) -> _native.Chain:
    """Return the chain of *ops* (name, parameters), each with a stream of its own."""
    try:
        return _native.Chain([(name, params, number) for number, (name, params) in enumerate(ops)], 3)
    except ValueError as error:
        if "unknown name" in str(error):
            raise NotInCore(str(error).partition(";")[0]) from None
        raise


class Core:
    """A chain on a batch of pictures of one size, uint8 [N, H, W, 3]; *out* is reused by every call."""

    def __init__(self, ops: Ops, batch: NDArray[np.uint8], floats: bool) -> None:
        self.chain = chain_of(ops)
        count, height, width, channels = batch.shape
        made = self.chain.output_size(height, width)
        self.pixels = batch.reshape(-1)
        self.offsets = np.arange(count, dtype=np.int64) * (height * width * channels)
        self.heights, self.widths = np.full(count, height, np.int32), np.full(count, width, np.int32)
        self.indices, self.ids = np.arange(count, dtype=np.int64), np.arange(count, dtype=np.uint64)
        shape = (count, channels, *made) if floats else (count, *made, channels)
        self.out = np.zeros(shape, np.float32 if floats else np.uint8)
        self.epoch = 0

    def run(self, threads: int) -> None:
        """Process the whole batch; every call is a new epoch, so random ops draw anew."""
        self.epoch += 1
        self.chain.run(
            self.pixels, self.offsets, self.heights, self.widths, self.indices, self.ids, self.out,
            seed=1, epoch=self.epoch, threads=threads,
        )  # fmt: skip


def ready(ops: Ops, job: Job, floats: bool) -> Ready:
    """Return the chain of *ops* as it is timed beside the peers."""
    core = Core(ops, job.batch, floats)
    return Ready(lambda: core.run(job.threads), lambda: core.out)
