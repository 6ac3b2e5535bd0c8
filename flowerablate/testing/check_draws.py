"""Keyed random numbers for testing Python steps outside a study."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .. import keyed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class KeyedDraws:
    """Numbers that depend only on seed, epoch, sample id and draw number, as in a study (but not the same numbers).

    *ids*: one number per image of the batch. ``count`` is how many numbers per image have been drawn.
    """

    def __init__(self, ids: Sequence[int], *, seed: int = 0, epoch: int = 0) -> None:
        self.count = 0
        self._paths = [(seed, "testing", epoch, int(sample)) for sample in ids]

    def uniform(self, count: int) -> NDArray[np.float64]:
        """Return [batch, count] float64 numbers in [0, 1); each call continues where the last one ended."""
        import numpy as np

        first, self.count = self.count, self.count + count
        words = np.array([keyed.raw_words(self.count, *path)[first:] for path in self._paths], dtype=np.uint64)
        top_bits = words.reshape(len(self._paths), count) >> np.uint64(11)
        return top_bits.astype(np.float64) * 2.0**-53


class NoDraws:
    """The draws of a deterministic step; drawing from them fails."""

    def uniform(self, count: int) -> NDArray[np.float64]:
        """Raise :class:`AssertionError`, because a deterministic step must not draw."""
        raise AssertionError("a deterministic step called draws.uniform; declare it with random=True")
