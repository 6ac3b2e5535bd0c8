"""Which of some images a trained model has been trained on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from ..contracts import DatasetSpec, Pipeline
from ..data.fingerprint import file_hash
from ..data.splits import split_samples
from ..errors import FlowerablateError
from ..wiring.assemble import Assembler
from ..wiring.trained_model import ModelRecord


def trained_on(paths: Sequence[Path], of: ModelRecord, assembler: Assembler) -> int:
    """Return how many of the images at *paths* are in the training split of the model, by place or by content.

    0 where that cannot be told from files on this machine: the data set of the study does not read a path, or its
    files have changed since.
    """
    training = _training_images(of, assembler)
    places = {path.absolute() for path in training}
    others = [path for path in paths if path.absolute() not in places]
    return len(paths) - len(others) + _copies(others, training)


def _training_images(of: ModelRecord, assembler: Assembler) -> list[Path]:
    if not _is_here(of.pipeline, assembler):
        return []
    try:
        samples = assembler.load_samples(of.pipeline.choice(DatasetSpec), skip_bad=True)
        train = split_samples(samples, of.seed, of.pipeline.split).train
    except (OSError, FlowerablateError):
        return []
    counts = np.bincount(np.array(samples.labels, np.int64)[train], minlength=len(samples.classes))
    same = samples.classes == of.classes and tuple(counts.tolist()) == tuple(of.counts.get("train", ()))
    return [samples.paths[place] for place in train] if same else []


def _is_here(pipeline: Pipeline, assembler: Assembler) -> bool:
    """Whether the data set reads files that a user has named; others may have to be downloaded or drawn."""
    choice = pipeline.choice(DatasetSpec)
    component = assembler.registry.slot(DatasetSpec.slot).get(choice.use)
    reads = getattr(component.spec, "reads", None) if component else None
    path = choice.params.get("path")
    return reads is not None and isinstance(path, str) and bool(path) and (assembler.root / path).exists()


def _copies(paths: Iterable[Path], training: Iterable[Path]) -> int:
    """Return how many files at *paths* equal a file in *training*; only files of equal size are read."""
    by_size: dict[int, list[Path]] = defaultdict(list)
    hashes: dict[int, set[bytes]] = {}
    try:
        for path in training:
            by_size[path.stat().st_size].append(path)
    except OSError:
        return 0
    found = 0
    for path in paths:
        try:
            size = path.stat().st_size
            if size in by_size:
                if size not in hashes:
                    hashes[size] = {file_hash(each) for each in by_size[size]}
                found += file_hash(path) in hashes[size]
        except (OSError, FlowerablateError):  # predict reports a file that cannot be read
            continue
    return found
