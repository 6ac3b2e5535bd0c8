"""Keyed random numbers for trying out steps written in Python, without a study around them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .. import keyed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class KeyedDraws:
    """Numbers that depend on seed, epoch, sample id and draw number only, as in a study (though not the same ones).

    *ids*: one number per image of the batch. ``count`` tells how many numbers per image were drawn so far.
    """

    def __init__(self, ids: Sequence[int], *, seed: int = 0, epoch: int = 0) -> None:
        self.count = 0
        self._paths = [(seed, "testing", epoch, int(sample)) for sample in ids]

    def uniform(self, count: int) -> NDArray[np.float64]:
        """Return [batch, count] numbers in [0, 1); each call goes on where the last one ended."""
        import numpy as np

        first, self.count = self.count, self.count + count
        words = np.array([keyed.raw_words(self.count, *path)[first:] for path in self._paths], dtype=np.uint64)
        top_bits = words.reshape(len(self._paths), count) >> np.uint64(11)
        return top_bits.astype(np.float64) * 2.0**-53


class NoDraws:
    """What a deterministic step gets: drawing from it fails."""

    def uniform(self, count: int) -> NDArray[np.float64]:
        """Raise :class:`AssertionError`, because a deterministic step must not draw."""
        raise AssertionError("a deterministic step called draws.uniform; declare it with random=True")
