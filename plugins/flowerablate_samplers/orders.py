"""Orders in which classes do not come as often as they have images. All are keyed by (seed, epoch)."""

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
    """Every class that has images equally often in an epoch; a class without any is left out.

    With m places for a class of n images, each image comes m // n times, and m % n of them, drawn anew in each epoch,
    once more. Where all classes have m images the order is that of ``shuffled``, bit for bit; elsewhere images keep
    their place relative to each other, so that both arms of a comparison see nearly the same epoch.
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
        # An image's first place is where `shuffled` has it; each further one is drawn from a stream of its own.
        times = np.arange(len(places)) - np.searchsorted(places, places)
        when = np.empty(len(places), np.uint64)
        for time in range(int(times.max()) + 1):
            words = raw_words(self._count, self._seed, "order", epoch, *((time,) if time else ()))
            when[times == time] = words[places[times == time]]
        order: NDArray[np.int64] = places[np.argsort(when, kind="stable")]
        return order


class Weighted:
    """As many places as images, each drawn by itself, with replacement.

    An image of class k is drawn with a probability proportional to ``weights[k] * (N / (K n_k)) ** power``, with n_k of
    N images in its class and K classes. Raises :class:`StudyError` where *weights* are not one for each of the
    *classes*, or a single one for all, or leave nothing to draw.
    """

    def __init__(
        self, labels: NDArray[np.int64], classes: int, seed: int, *, power: float, weights: tuple[float, ...]
    ) -> None:
        if len(weights) not in (1, classes):
            raise StudyError(
                f"sampler.weights must be {classes} numbers, one for each class, or a single one, not {list(weights)}"
            )
        counts = np.bincount(labels, minlength=classes)
        shares = np.broadcast_to(np.asarray(weights, np.float64), (classes,)).copy()
        held = counts > 0
        shares[held] *= (len(labels) / (classes * counts[held])) ** power
        # Running sums over the images; the last is the end of what can be drawn.
        self._ends = np.cumsum(shares[labels])
        self._seed = seed
        if not self._ends[-1] > 0:
            raise StudyError("sampler.weights leave no image to draw; give a class that has images a weight above 0")

    def __call__(self, epoch: int) -> NDArray[np.int64]:
        """Return the places of *epoch*, int64 [N]."""
        words = raw_words(len(self._ends), self._seed, "weighted", epoch)
        uniform = (words >> np.uint64(11)).astype(np.float64) * 2.0**-53
        places = np.searchsorted(self._ends, uniform * self._ends[-1], side="right")
        # A product that is rounded up to the end belongs to the last image that can be drawn.
        last = np.searchsorted(self._ends, self._ends[-1], side="left")
        order: NDArray[np.int64] = np.minimum(places, last).astype(np.int64)
        return order
