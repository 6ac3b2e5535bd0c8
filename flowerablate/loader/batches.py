"""Batches in reused buffers, prepared by the native core while the model works on the previous one."""

from __future__ import annotations

import atexit
import queue
import sys
import threading
import weakref
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from .buffers import Buffer
from .dataset import PackedDataset
from .order import CheckedOrder, Order

_AHEAD = 2
"""Batches prepared ahead of the one in use."""

_PATIENCE = 5.0
"""Seconds that interpreter shutdown waits for a batch in progress."""


class Batches:
    """The batches of a :class:`PackedDataset`, epoch by epoch, prefetched by a thread.

    With *shuffle* the order is drawn from the data set's seed and the epoch; *order* returns the order of an epoch,
    which may contain a sample several times or not at all. With either the last incomplete batch is dropped, so no
    batch is too small for batch normalisation. *pin_memory* uses page-locked buffers, for a GPU. Raises
    :class:`ValueError` for a *batch_size* below 1.

    Nothing is allocated or copied after the first batch: the native core writes to the memory that the model reads.
    """

    def __init__(
        self,
        dataset: PackedDataset,
        *,
        batch_size: int,
        shuffle: bool = False,
        order: Order | None = None,
        pin_memory: bool = False,
    ) -> None:
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, not {batch_size}")
        self.dataset = dataset
        given = order or (dataset.order if shuffle else None)
        self._order = CheckedOrder(given, len(dataset)) if given and len(dataset) else None
        self._places = len(dataset) if self._order is None else len(self._order)
        self.batch_size = max(1, min(batch_size, self._places))
        # One buffer is with the model, one is being written, and those ahead wait.
        self._ring = [Buffer(dataset.shape, self.batch_size, pin=pin_memory) for _ in range(_AHEAD + 2)]
        self._running: _Run | None = None

    def __len__(self) -> int:
        whole, part = divmod(self._places, self.batch_size)
        return whole if self._order else whole + bool(part)

    @property
    def samples(self) -> int:
        """Number of images in one epoch."""
        return len(self) * self.batch_size if self._order else len(self.dataset)

    def epoch(self, number: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield (images, labels) of epoch *number*, as the data set defines them; both are valid until the next batch.

        Close or drop the iterator to end an epoch early. The buffers serve one epoch at a time: a new epoch ends this
        one, and requesting another batch of it raises :class:`RuntimeError`.
        """
        if self._running is not None:
            self._running.stop(
                RuntimeError(f"epoch {number} has started and reuses the buffers; iterate over that epoch")
            )
        run = self._running = _Run(self, number)
        try:
            yield from run.batches()
        finally:
            run.stop()

    def order(self, epoch: int) -> NDArray[np.int64]:
        """Return the indices in the store of the images of *epoch*, int64, in order."""
        indices = self.dataset.indices
        return indices[self._order(epoch)] if self._order else indices


@dataclass(frozen=True)
class _Stop:
    """The end of an epoch, or the error that ended it."""

    error: BaseException | None = None


class _Run:
    """An epoch in progress: buffers circulate between the thread that writes them and the loop that reads them."""

    def __init__(self, batches: Batches, epoch: int) -> None:
        self._batches = batches
        self._epoch = epoch
        self._stopped = threading.Event()
        self._free: queue.SimpleQueue[Buffer | None] = queue.SimpleQueue()
        self._ready: queue.SimpleQueue[tuple[Buffer, int] | _Stop] = queue.SimpleQueue()
        for buffer in batches._ring:
            self._free.put(buffer)
        self._thread = threading.Thread(target=self._write, name="prefetch", daemon=True)
        self._thread.start()
        _under_way.add(self)

    def batches(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield the batches as they become ready; re-raise errors of the thread."""
        while not isinstance(item := self._ready.get(), _Stop):
            buffer, count = item
            yield buffer.images[:count], buffer.labels[:count]
            self._free.put(buffer)
        if item.error is not None:
            raise item.error

    def stop(self, error: BaseException | None = None, *, timeout: float | None = None) -> None:
        """Stop the thread and wait for it; later requests for batches raise *error*."""
        self._stopped.set()
        self._free.put(None)
        if not sys.is_finalizing():  # during finalization other threads never run, so joining would hang
            self._thread.join(timeout)
        if error is not None:
            while not self._ready.empty():  # discard what was prepared
                self._ready.get()
        self._ready.put(_Stop(error))
        _under_way.discard(self)

    def _write(self) -> None:
        batches, size = self._batches, self._batches.batch_size
        try:
            order = batches.order(self._epoch)
            for number in range(len(batches)):
                buffer = self._free.get()
                if buffer is None or self._stopped.is_set():
                    return
                chosen = order[number * size : (number + 1) * size]
                batches.dataset.fill(buffer, chosen, self._epoch)
                self._ready.put((buffer, len(chosen)))
            self._ready.put(_Stop())
        except BaseException as error:
            self._ready.put(_Stop(error))


_under_way: weakref.WeakSet[_Run] = weakref.WeakSet()


@atexit.register
def _end_all() -> None:
    """End the epochs in progress while their threads can still run, so none is cut off in the native core."""
    for run in list(_under_way):
        run.stop(timeout=_PATIENCE)
