"""Random numbers that are a pure function of their purpose.

A stream is named by a path of words and numbers, such as ``(seed, "order", epoch)``. Two variants of a study that
share a path share the numbers; removing one user of random numbers does not change the others. The native core does
the same for augmentation draws. Only raw 64-bit words of a counter-based generator are used: NumPy guarantees that
these are stable across versions, but not its distributions.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

Word = str | int | bytes


def key64(*path: Word) -> int:
    """Hash a path of words to an unsigned 64-bit integer (BLAKE2b; each word is length-prefixed and typed)."""
    digest = hashlib.blake2b(digest_size=8)
    for word in path:
        kind, raw = _encode(word)
        digest.update(kind + len(raw).to_bytes(8, "little") + raw)
    return int.from_bytes(digest.digest(), "little")


def _encode(word: Word) -> tuple[bytes, bytes]:
    if isinstance(word, str):
        return b"s", word.encode()
    if isinstance(word, bytes):
        return b"b", word
    return b"i", str(int(word)).encode()


def raw_words(count: int, *path: Word) -> NDArray[np.uint64]:
    """Draw *count* independent 64-bit words from the stream that *path* names (Philox 4x64-10)."""
    words: NDArray[np.uint64] = np.random.Philox(key=key64(*path)).random_raw(count)
    return words


def permutation(count: int, *path: Word) -> NDArray[np.int64]:
    """Draw a uniformly random order of ``range(count)`` from the stream that *path* names."""
    return np.argsort(raw_words(count, *path), kind="stable").astype(np.int64)


def torch_seed(*path: Word) -> int:
    """Return a seed for ``torch.manual_seed``, a non-negative 63-bit integer."""
    return key64(*path) >> 1
