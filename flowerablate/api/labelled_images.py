"""Labelled images that a trained model is measured on: which of them, and under which of its classes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..contracts import SPLITS, DatasetSpec, Progress, Samples
from ..data.fingerprint import fingerprint
from ..data.splits import method_of
from ..errors import DataError, without_cure
from ..inference import Prediction, Predictor
from ..ledger import Predictions
from ..study.resolve import resolve_choice
from ..wiring.assemble import Assembler, data_choice
from ..wiring.trained_model import ModelRecord

Remarked = Callable[[str], None]


def labelled_images(
    data: Path, of: ModelRecord, assembler: Assembler, *, label_from: str | None, min_classes: int, skip_bad: bool
) -> Samples:
    """Return the samples at *data*, read as those of the study were if its data set can; none is opened.

    *label_from*, if given, is used in place of the study's.
    """
    found = data_choice(assembler.registry, data, like=of.pipeline.choice(DatasetSpec))
    params = found.params if label_from is None else {**found.params, "label_from": label_from}
    choice = resolve_choice(DatasetSpec.slot, found.use, params, assembler.lookup)
    return assembler.load_samples(choice, skip_bad=skip_bad, min_classes=min_classes)


def part_of(samples: Samples, part: str | None, data: Path) -> tuple[Samples, str | None]:
    """Return the *part* of the official split that was asked for, the test part if none was; and a line on that."""
    wanted = "val" if part == "validation" else part or ("test" if samples.splits else "all")
    if wanted not in (*SPLITS, "all"):
        raise DataError(f"no part is called {wanted!r}; choose from: {', '.join(SPLITS)}, validation (for val), all")
    if wanted == "all":
        return samples, None
    if not samples.splits:
        raise DataError(f"{data} has no official split, so no part {wanted!r}; leave part out")
    keep = [place for place, name in enumerate(samples.splits) if name == wanted]
    if not keep:
        raise DataError(f"the split of {data} has no part {wanted!r}; choose another, or all")
    chosen = replace(samples.only(keep), splits=None)
    return chosen, f"the part {wanted!r} of {data}: {len(keep)} of {len(samples)} images"


def seen_in_training(whole: Samples, part: str | None, of: ModelRecord, progress: Progress) -> bool:
    """Whether *whole* are the images of the study itself, and replicates were trained or chosen on the *part*."""
    return fingerprint(whole, progress) == of.data and not held_out(whole, part, of)


def held_out(whole: Samples, part: str | None, of: ModelRecord) -> bool:
    """Whether the *part* of the study's own images is one that no replicate has been trained or chosen on."""
    official = whole.splits is not None and method_of(whole, of.pipeline.split) == "official"
    return official and part in (None, "test")


def labels_of(samples: Samples, classes: tuple[str, ...], data: Path, *, allow_missing: bool) -> list[int]:
    """Return the labels of *samples* as indices of the model's *classes*, matched by name."""
    places = {name: place for place, name in enumerate(classes)}
    present = [samples.classes[label] for label in sorted(set(samples.labels))]
    known = ", ".join(classes)
    for name in present:
        if name not in places:
            raise DataError(
                f"{data} has class {name!r}, which the model does not know (its classes: {known}); rename it"
            )
    missing = [name for name in classes if name not in present]
    if missing and not allow_missing:
        raise DataError(
            f"{data} has no image of class {missing[0]!r} (the model's classes: {known}); add some, or allow "
            "missing classes (allow-missing); metrics that need every class are then undefined"
        )
    return [places[samples.classes[label]] for label in samples.labels]


def predictions_of(
    samples: Samples,
    labels: list[int],
    predictor: Predictor,
    batch_size: int,
    progress: Progress,
    remarked: Remarked,
    *,
    skip_bad: bool,
) -> Predictions:
    """Return the predictions for *samples*; an unreadable one is left out, or raises :class:`DataError`."""
    rows, logits, kept = [], [], []
    for place, found in enumerate(predictor.predict(samples.paths, batch_size=batch_size)):
        if isinstance(found, Prediction):
            rows.append(found.probabilities.astype(np.float32))
            logits.append(found.logits)
            kept.append(place)
        elif skip_bad:
            remarked(f"left out: {without_cure(found.reason)}")
        else:
            raise DataError(found.reason)
        progress("predicting", place + 1, len(samples))
    if not kept:
        raise DataError("none of the images could be read")
    seen = samples.only(kept)
    return Predictions(
        seen.keys,
        np.array([labels[place] for place in kept], np.int64),
        np.stack(rows),
        predictor.classes,
        np.stack(logits),
        seen.groups,
    )
