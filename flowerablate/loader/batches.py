"""Batches of one part of a split, prepared by the native core while the model works on the one before."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ..data.store import PackedImages
from ..keyed import permutation
from ..preprocess import Preprocess

_AHEAD = 2
"""Batches prepared ahead of the one in use."""


@dataclass(frozen=True)
class _Slot:
    """A buffer of the ring: the tensors that the model gets, and the same memory as an array."""

    images: torch.Tensor
    labels: torch.Tensor
    view: NDArray[np.float32]


@dataclass(frozen=True)
class _Stop:
    """The end of an epoch, or the error that ended it."""

    error: BaseException | None = None


class Batches:
    """Iterates over (images float32 [B, C, H, W], labels int64 [B]); both are only valid until the next batch is taken.

    *indices* choose the part of the split; *ids* and *labels* belong to all samples. With *shuffle* the order is drawn
    from (*seed*, epoch) and the last incomplete batch is left out, so that no batch is too small to normalise over.
    """

    def __init__(
        self,
        preprocess: Preprocess,
        images: PackedImages,
        indices: NDArray[np.int64],
        ids: NDArray[np.uint64],
        labels: NDArray[np.int64],
        *,
        image_size: int,
        batch_size: int,
        seed: int,
        shuffle: bool,
        channels_last: bool = False,
        pin_memory: bool = False,
        threads: int = 0,
    ) -> None:
        self._preprocess = preprocess
        self._packed = images
        self._indices = indices
        self._ids = ids
        self._labels = labels
        self._batch_size = min(batch_size, len(indices))
        self._seed = seed
        self._shuffle = shuffle
        self._threads = threads
        shape = (self._batch_size, images.channels, image_size, image_size)
        layout = torch.channels_last if channels_last else torch.contiguous_format
        self._ring = [self._slot(shape, layout, pin_memory) for _ in range(_AHEAD + 2)]

    @staticmethod
    def _slot(shape: tuple[int, ...], layout: torch.memory_format, pin_memory: bool) -> _Slot:
        images = torch.empty(shape, dtype=torch.float32, memory_format=layout, pin_memory=pin_memory)
        labels = torch.empty(shape[0], dtype=torch.int64, pin_memory=pin_memory)
        return _Slot(images, labels, images.numpy())

    def __len__(self) -> int:
        whole, part = divmod(len(self._indices), self._batch_size)
        return whole if self._shuffle else whole + bool(part)

    @property
    def samples(self) -> int:
        """Number of images in one epoch."""
        return len(self) * self._batch_size if self._shuffle else len(self._indices)

    def epoch(self, number: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield the batches of epoch *number*; a thread prepares them ahead."""
        free: queue.SimpleQueue[_Slot | None] = queue.SimpleQueue()
        stopped = threading.Event()
        ready: queue.SimpleQueue[tuple[_Slot, int] | _Stop] = queue.SimpleQueue()
        for slot in self._ring:
            free.put(slot)
        worker = threading.Thread(target=self._fill, args=(number, free, ready, stopped), name="prefetch", daemon=True)
        worker.start()
        try:
            while not isinstance(item := ready.get(), _Stop):
                slot, count = item
                yield slot.images[:count], slot.labels[:count]
                free.put(slot)
            if item.error is not None:
                raise item.error
        finally:
            stopped.set()
            free.put(None)
            worker.join()

    def _fill(
        self,
        epoch: int,
        free: queue.SimpleQueue[_Slot | None],
        ready: queue.SimpleQueue[tuple[_Slot, int] | _Stop],
        stopped: threading.Event,
    ) -> None:
        try:
            order = self._order(epoch)
            for number in range(len(self)):
                slot = free.get()
                if slot is None or stopped.is_set():
                    return
                chosen = order[number * self._batch_size : (number + 1) * self._batch_size]
                self._write(slot, chosen, epoch)
                ready.put((slot, len(chosen)))
            ready.put(_Stop())
        except BaseException as error:
            ready.put(_Stop(error))

    def _order(self, epoch: int) -> NDArray[np.int64]:
        if not self._shuffle:
            return self._indices
        return self._indices[permutation(len(self._indices), self._seed, "order", epoch)]

    def _write(self, slot: _Slot, chosen: NDArray[np.int64], epoch: int) -> None:
        self._preprocess.run(
            self._packed,
            chosen,
            self._ids[chosen],
            slot.view[: len(chosen)],
            seed=self._seed,
            epoch=epoch,
            threads=self._threads,
        )
        slot.labels.numpy()[: len(chosen)] = self._labels[chosen]
