"""Random numbers and trigonometry that are bit-identical on every machine.

NumPy's sine and exponential may differ in the last place between processors; sums of products do not, so the sine here
is a polynomial. For the same reason all drawing code uses only ``+ - * /``, square roots, comparisons and integer sums.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from flowerablate.keyed import Word, raw_words

T = TypeVar("T")
Floats: TypeAlias = "NDArray[Any]"
"""An array of float32."""

_CHUNK = 512
_TWO_PI = 6.283185307179586
# Taylor coefficients of the sine; the error is below 6e-8 on a quarter turn.
_SINE = (1.0, -1.0 / 6.0, 1.0 / 120.0, -1.0 / 5040.0, 1.0 / 362880.0, -1.0 / 39916800.0)


class DrawnNumbers:
    """A stream of random numbers, keyed by a path of words; a pure function of that path."""

    def __init__(self, *path: Word) -> None:
        self._path = path
        self._values: list[float] = []
        self._next = 0
        self._fields = 0

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        """Return the next number in [low, high)."""
        if self._next == len(self._values):
            words = raw_words(self._next + _CHUNK, *self._path)[self._next :]
            self._values += ((words >> np.uint64(11)).astype(np.float64) * 2.0**-53).tolist()
        self._next += 1
        return low + (high - low) * self._values[self._next - 1]

    def chance(self, probability: float) -> bool:
        """Return True with the given probability."""
        return self.uniform() < probability

    def integer(self, low: int, high: int) -> int:
        """Return an integer from low to high, both included."""
        return low + int(self.uniform() * (high - low + 1))

    def choice(self, options: Sequence[T]) -> T:
        """Return one of *options*, all equally likely."""
        return options[self.integer(0, len(options) - 1)]

    def field(self, *shape: int) -> Floats:
        """Return float32 numbers in [0, 1) of the given shape; each call uses a separate stream."""
        words = self.words(*shape)
        result: Floats = ((words >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-24)).reshape(shape)
        return result

    def normal_field(self, *shape: int) -> Floats:
        """Return nearly normal float32 numbers (mean 0, standard deviation 1, within 3.5), sums of four integers."""
        words, mask = self.words(*shape), np.uint64(0xFFFF)
        total = words & mask
        for shift in (16, 32, 48):
            total += (words >> np.uint64(shift)) & mask
        result: Floats = (total.astype(np.float32) - np.float32(131070.0)) * np.float32(1.7320508 / 65536.0)
        return result

    def words(self, *shape: int) -> NDArray[np.uint64]:
        """Return 64 random bits for each element of the given shape; each call uses a separate stream."""
        self._fields += 1
        return raw_words(math.prod(shape), *self._path, "field", self._fields).reshape(shape)


def sine(turns: float) -> float:
    """Return the sine of an angle given in full turns."""
    turns -= round(turns)
    if turns > 0.25:
        turns = 0.5 - turns
    elif turns < -0.25:
        turns = -0.5 - turns
    angle = turns * _TWO_PI
    square, power, total = angle * angle, angle, 0.0
    for coefficient in _SINE:
        total += coefficient * power
        power *= square
    return total


def cosine(turns: float) -> float:
    """Return the cosine of an angle given in full turns."""
    return sine(turns + 0.25)
