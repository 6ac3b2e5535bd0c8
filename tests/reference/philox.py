"""Keyed random numbers in plain Python integers; the layout is that of csrc/random.hpp."""

from __future__ import annotations

MASK = 0xFFFFFFFF


def philox4x32_10(counter: tuple[int, int, int, int], key: tuple[int, int]) -> tuple[int, int, int, int]:
    """One block of Philox4x32-10 (Salmon et al., SC 2011)."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        first, second = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (second >> 32) ^ c1 ^ k0, second & MASK, (first >> 32) ^ c3 ^ k1, first & MASK
        k0, k1 = (k0 + 0x9E3779B9) & MASK, (k1 + 0xBB67AE85) & MASK
    return c0, c1, c2, c3


class Draws:
    """The draws of one sample in one epoch from one stream."""

    def __init__(self, seed: int, stream: int, epoch: int, sample: int) -> None:
        self.key = philox4x32_10((stream & MASK, stream >> 32, 0, 0), (seed & MASK, seed >> 32))[:2]
        self.epoch = epoch
        self.sample = sample

    def uniform(self, number: int) -> float:
        """Draw *number*, in [0, 1)."""
        block = philox4x32_10((self.sample & MASK, self.sample >> 32, self.epoch, number // 2), self.key)
        low, high = block[2:] if number % 2 else block[:2]
        return ((high << 32 | low) >> 11) / 2**53

    def symmetric(self, number: int) -> float:
        """Draw *number*, in [-1, 1)."""
        return 2.0 * self.uniform(number) - 1.0
