"""What the loop asks of a loader, and how its batches reach the device."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from typing import Protocol

import torch
from torch import Tensor


class BatchSource(Protocol):
    """One part of a split, cut into batches."""

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""

    def epoch(self, number: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield (images float32 [B, C, H, W], labels int64 [B]); valid until the next batch is asked for.

        In training, labels may be class probabilities instead: float32 [B, classes].
        """


def count_right(logits: Tensor, labels: Tensor) -> Tensor:
    """Return how many of *logits* [B, K] name their label, a float64 scalar.

    *labels* are int64 [B], or float32 [B, K]: then each counts with the probability that it gives the class named.
    """
    named = logits.argmax(dim=1)
    right = named == labels if labels.ndim == 1 else labels.gather(1, named[:, None])
    return right.sum(dtype=torch.float64)


class Delivery:
    """Takes the batches of one epoch to *device* and counts the *seconds_waited* for them.

    With *channels_last* images get that layout; nothing is copied where they are so already. On CUDA the copy is not
    waited for before the computation is under way, and the loader's buffer is given back when it is done.
    """

    def __init__(self, device: torch.device, *, channels_last: bool) -> None:
        self.seconds_waited = 0.0
        self._device = device
        self._on_cuda = device.type == "cuda"
        self._layout = torch.channels_last if channels_last else torch.contiguous_format

    def of(self, batches: BatchSource, epoch: int) -> Generator[tuple[Tensor, Tensor], None, None]:
        """Yield the batches of *epoch* on the device; the loader is closed however the iteration ends."""
        source = batches.epoch(epoch)
        try:
            while True:
                asked = time.perf_counter()
                batch = next(source, None)
                self.seconds_waited += time.perf_counter() - asked
                if batch is None:
                    return
                images, labels = batch
                delivered = (
                    images.to(self._device, memory_format=self._layout, non_blocking=True),
                    labels.to(self._device, non_blocking=True),
                )
                copied = torch.cuda.current_stream(self._device).record_event() if self._on_cuda else None
                yield delivered
                if copied is not None:
                    copied.synchronize()
        finally:
            close = getattr(source, "close", None)
            if close is not None:
                close()
