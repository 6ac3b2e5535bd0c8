"""Fingerprints a set of samples by the content of its files."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ..contracts import Progress, Samples
from ..errors import DataError
from ..files import open_file
from .window import in_order

_CHUNK = 1 << 20


def fingerprint(samples: Samples, progress: Progress = lambda what, done, total: None) -> str:
    """Hash keys, labels, classes, official split, groups and every byte of every file (BLAKE2b, 128 bit, as hex)."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(repr((samples.classes, samples.splits, samples.groups)).encode())
    hashes = in_order(file_hash, samples.paths)
    for done, (key, label, content) in enumerate(zip(samples.keys, samples.labels, hashes, strict=True), start=1):
        digest.update(repr((key, label)).encode() + content)
        progress("reading images", done, len(samples))
    return digest.hexdigest()


def file_hash(path: Path) -> bytes:
    """Hash every byte of the file at *path* (BLAKE2b, 128 bit); raises :class:`DataError` if it cannot be read."""
    digest = hashlib.blake2b(digest_size=16)
    try:
        with open_file(path) as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}; check that it exists and is readable") from None
    return digest.digest()
