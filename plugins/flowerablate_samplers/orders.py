"""Samplers that change how often classes occur. All are keyed by (seed, epoch)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from flowerablate import StudyError
from flowerablate.keyed import raw_words

_SIZES: dict[str, Callable[[NDArray[np.int64]], int]] = {
    "smallest": lambda counts: int(counts.min()),
    "mean": lambda counts: int(counts.sum()) // len(counts),
    "largest": lambda counts: int(counts.max()),
}


class Balanced:
    """Every class with images occurs equally often in an epoch; a class without images is left out.

    With m places for a class of n images, each image occurs m // n times, and m % n of them, drawn again in each epoch,
    occur once more. If all classes have m images, the order is that of ``shuffled``, bit for bit; otherwise images keep
    their relative order, so that both arms of a comparison see nearly the same epoch.
    """

    def __init__(self, labels: NDArray[np.int64], seed: int, *, size: str) -> None:
        self._count = len(labels)
        self._members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
        self._each = _SIZES[size](np.array([len(members) for members in self._members], np.int64))
        self._seed = seed

    def __call__(self, epoch: int) -> NDArray[np.int64]:
        """Return the places of *epoch*, int64 [classes with images * m]."""
        drawn = raw_words(self._count, self._seed, "balanced", epoch)
        chosen = []
        for members in self._members:
            whole, more = divmod(self._each, len(members))
            chosen += [members] * whole
            chosen.append(members[np.argsort(drawn[members], kind="stable")[:more]])
        places = np.sort(np.concatenate(chosen))
        # The first occurrence of an image is where `shuffled` has it; each further one uses a separate stream.
        times = np.arange(len(places)) - np.searchsorted(places, places)
        when = np.empty(len(places), np.uint64)
        for time in range(int(times.max()) + 1):
            words = raw_words(self._count, self._seed, "order", epoch, *((time,) if time else ()))
            when[times == time] = words[places[times == time]]
        order: NDArray[np.int64] = places[np.argsort(when, kind="stable")]
        return order


class Weighted:
    """As many places as images, each drawn independently and with replacement.

    An image of class k is drawn with a probability proportional to ``weights[k] * (N / (K n_k)) ** power``, with n_k of
    N images in its class and K classes. Raises :class:`StudyError` unless *weights* are one number for each of the
    *classes* or one number for all, or if every image gets weight 0.
    """

    def __init__(
        self, labels: NDArray[np.int64], classes: int, seed: int, *, power: float, weights: tuple[float, ...]
    ) -> None:
        if len(weights) not in (1, classes):
            raise StudyError(
                f"sampler.weights must be {classes} numbers, one for each class, or one number, not {list(weights)}"
            )
        counts = np.bincount(labels, minlength=classes)
        factors = np.broadcast_to(np.asarray(weights, np.float64), (classes,)).copy()
        held = counts > 0
        factors[held] *= (len(labels) / (classes * counts[held])) ** power
        # Running sums over the images; the last is the end of the range of draws.
        self._ends = np.cumsum(factors[labels])
        self._seed = seed
        if not self._ends[-1] > 0:
            raise StudyError("sampler.weights give every image weight 0; give a class with images a weight above 0")

    def __call__(self, epoch: int) -> NDArray[np.int64]:
        """Return the places of *epoch*, int64 [N]."""
        words = raw_words(len(self._ends), self._seed, "weighted", epoch)
        uniform = (words >> np.uint64(11)).astype(np.float64) * 2.0**-53
        places = np.searchsorted(self._ends, uniform * self._ends[-1], side="right")
        # A product rounded up to the end of the range belongs to the last image with a weight.
        last = np.searchsorted(self._ends, self._ends[-1], side="left")
        order: NDArray[np.int64] = np.minimum(places, last).astype(np.int64)
        return order
