"""What the training loop requires of a loader, and how batches reach the device."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from typing import Protocol

import torch
from torch import Tensor


class BatchSource(Protocol):
    """One part of a split, divided into batches."""

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""

    def epoch(self, number: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield (images float32 [B, C, H, W], labels int64 [B]); valid until the next batch is requested.

        In training, labels may be class probabilities instead: float32 [B, classes].
        """


def count_right(logits: Tensor, labels: Tensor) -> Tensor:
    """Return how many of *logits* [B, K] predict their label, a float64 scalar.

    *labels* are int64 [B], or float32 [B, K]: then each image counts as the probability of its predicted class.
    """
    predicted = logits.argmax(dim=1)
    correct = predicted == labels if labels.ndim == 1 else labels.gather(1, predicted[:, None])
    return correct.sum(dtype=torch.float64)


class Delivery:
    """Copies the batches of one epoch to *device* and measures the *seconds_waited* for them.

    With *channels_last*, images get that layout; images that have it already are not copied. On CUDA the copy overlaps
    the start of the computation; the loader gets its buffer back when the copy is done.
    """

    def __init__(self, device: torch.device, *, channels_last: bool) -> None:
        self.seconds_waited = 0.0
        self._device = device
        self._on_cuda = device.type == "cuda"
        self._layout = torch.channels_last if channels_last else torch.contiguous_format

    def of(self, batches: BatchSource, epoch: int) -> Generator[tuple[Tensor, Tensor], None, None]:
        """Yield the batches of *epoch* on the device; close the loader however the iteration ends."""
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
