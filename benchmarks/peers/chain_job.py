"""What a peer gets to do a whole chain, and the DataLoader that most of them are used with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset, Sampler

SIZE = 224
BATCH = 64
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SCALE, RATIO = (0.25, 1.0), (0.75, 4 / 3)
DEGREES = 15.0
LIGHT = 0.2
WORKERS = 2


@dataclass
class ChainJob:
    """A chain and its images: random resized crop to 224 and flip always, the rest as the flags say, normalised.

    *images*: uint8 [N, 240, 320, 3] in RAM; *files*: the same as JPEG in RAM, or None where decoding is not part.
    *opening*: 3x3 rectangle. *turned*: rotation by up to 15 degrees and brightness/contrast by up to 0.2.
    """

    images: NDArray[np.uint8]
    files: list[bytes] | None
    opening: bool
    turned: bool
    threads: int


@dataclass
class ChainReady:
    """*run* makes so many batches of 64, float32 [64, 3, 224, 224]; *units*: it is asked for a multiple of this."""

    run: Callable[[int], object]
    units: int = 1
    close: Callable[[], object] = field(default=lambda: None)


class _Rows(Sampler[int]):
    """The numbers 0 to rows - 1; *rows* may be changed before each pass."""

    rows = 0

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.rows))

    def __len__(self) -> int:
        return self.rows


class _StudyImages(Dataset[Any]):
    def __init__(self, load: Callable[[int], Any], treat: Callable[[Any], Any], count: int) -> None:
        self._load, self._treat, self._count = load, treat, count

    def __getitem__(self, index: int) -> Any:
        return self._treat(self._load(index % self._count))


def in_workers(
    job: ChainJob, load: Callable[[int], Any], treat: Callable[[Any], Any], start: Callable[[int], None] | None = None
) -> ChainReady:
    """Return *treat* of what *load* gives, in a DataLoader whose workers stay, and start before the clock."""
    rows = _Rows()
    loader: DataLoader[Any] = DataLoader(
        _StudyImages(load, treat, len(job.images)),
        BATCH,
        sampler=rows,
        num_workers=WORKERS,
        persistent_workers=True,
        worker_init_fn=start,
        multiprocessing_context="fork",
    )

    def run(batches: int) -> None:
        rows.rows = batches * BATCH
        made = 0
        for batch in loader:
            made += len(batch)
        assert made == batches * BATCH

    run(WORKERS)
    return ChainReady(run, WORKERS, lambda: loader._iterator._shutdown_workers())  # type: ignore[union-attr]
