"""The order of an epoch, as returned by a sampler, checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import StudyError, calling_a_component

Order: TypeAlias = Callable[[int], NDArray[np.int64]]
"""Maps an epoch, counted from 1, to the indices of its samples, int64 [M]; M is the same in every epoch."""


class CheckedOrder:
    """Wraps *order* for a data set of *count* samples and rejects indices outside it.

    Raises :class:`StudyError` if *order* returns anything but one row of whole numbers between 0 and *count* - 1, or
    different lengths for different epochs.
    """

    def __init__(self, order: Order, count: int) -> None:
        self._order = order
        self._count = count
        self._length: int | None = None
        self._length = len(self(1))

    def __len__(self) -> int:
        assert self._length is not None
        return self._length

    def __call__(self, epoch: int) -> NDArray[np.int64]:
        """Return the indices of the samples of *epoch*, int64 [M]."""
        with calling_a_component():
            return self._checked(epoch)

    def _checked(self, epoch: int) -> NDArray[np.int64]:
        numbers = np.asarray(self._order(epoch))
        if numbers.ndim != 1 or numbers.dtype.kind not in "iu" or not len(numbers):
            raise StudyError(
                f"the sampler must return one row of whole numbers for an epoch, not {numbers.dtype} {numbers.shape}"
            )
        if not 0 <= numbers.min() <= numbers.max() < self._count:
            raise StudyError(f"the sampler must return numbers between 0 and {self._count - 1}, the last image")
        if self._length is not None and len(numbers) != self._length:
            raise StudyError(
                f"the sampler must return the same number of images for every epoch, not {self._length} for epoch 1 "
                f"and {len(numbers)} for epoch {epoch}"
            )
        return numbers.astype(np.int64, copy=False)
