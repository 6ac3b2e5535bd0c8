"""Keeps the samples of a data set in the cache: a trial's process need not look at the files again."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from ..contracts import Samples
from ..data.store import sample_ids
from ..errors import DataError
from ..files import content_of, write_json
from .assemble import DataSet

_FORMAT = 1
_TEXTS = tuple(each.name for each in fields(Samples) if each.name != "paths")


def samples_folder(cache: Path) -> Path:
    """Return the folder of samples in the folder *cache*."""
    return cache / "samples"


def keep_samples(data: DataSet, cache: Path) -> Path:
    """Write the samples of *data* and their fingerprint to the folder *cache*, and return the file."""
    path = samples_folder(cache) / f"{data.fingerprint}-{_FORMAT}.json"
    content: dict[str, Any] = {name: getattr(data.samples, name) for name in _TEXTS}
    content["paths"] = [str(each.absolute()) for each in data.samples.paths]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, {"format": _FORMAT, "fingerprint": data.fingerprint, **content})
    return path


def read_samples(path: Path) -> DataSet:
    """Return what :func:`keep_samples` wrote; a file that is missing or damaged raises :class:`DataError`."""
    try:
        content = json.loads(content_of(path))
        if content["format"] != _FORMAT:
            raise ValueError("it is of another version")
        texts = {name: content[name] for name in _TEXTS}
        lists: dict[str, Any] = {name: None if value is None else tuple(value) for name, value in texts.items()}
        samples = Samples(paths=tuple(map(Path, content["paths"])), **lists)
        fingerprint = str(content["fingerprint"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} cannot be read ({error}); run the same command again") from None
    return DataSet(samples, fingerprint, sample_ids(samples), np.array(samples.labels, dtype=np.int64))
