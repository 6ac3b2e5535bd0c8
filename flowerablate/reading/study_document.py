"""Collects the content of a page from a study's ledger, and from its data if available."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ..contracts import SECONDS, OwnedComponent, Pipeline, TrialResult, finished, slots
from ..errors import FlowerablateError
from ..ledger import Ledger, Predictions, StudyNote, TrialFolder
from ..report.html.document import (
    Basis,
    Confusion,
    CostPoint,
    Document,
    SampleImages,
)
from ..stats import Summary
from ..stats.arms import values_of
from ..stats.image_wins import confusion
from ..study.toml import to_toml
from ..wiring.assemble import Assembler
from .gallery import StudyImages, pipeline_of, sample_images
from .training_curves import collect_curves
from .trial_times import times_remark

Folders = Mapping[tuple[str, int], TrialFolder]
"""The finished trials by change and seed."""

Labels = Mapping[str, str]
"""The label of each variant, by its change."""


def collect(ledger: Ledger, note: StudyNote, summary: Summary, title: str, assembler: Assembler | None) -> Document:
    """Return the document of the study of *note*; *assembler* builds data sets and steps.

    What cannot be found or read is left out and listed in the document; without *assembler* there are no images.
    """
    results = finished(ledger.results(note.base_id))
    folders = finished_trials(ledger, note.base_id)
    labels = _labels(results, summary)
    missing: list[str] = []
    pipeline = _base_pipeline(folders, missing)
    return Document(
        title=title,
        summary=summary,
        curves=collect_curves(results, labels, folders, missing),
        costs=_costs(results, labels, summary),
        cost_remark=times_remark(ledger, note.base_id),
        confusions=_confusions(results, labels, folders, missing),
        samples=_samples(pipeline, results, assembler),
        study=_study(pipeline, title, note, results) if pipeline else "",
        basis=_basis(note, results),
        missing=tuple(dict.fromkeys(missing)),
    )


def finished_trials(ledger: Ledger, base_id: str) -> dict[tuple[str, int], TrialFolder]:
    """Return the folders of the finished trials of the study with that base."""
    return {(claim.change, folder.seed): folder for claim, folder in ledger.trials_of(base_id) if folder.complete}


def predictions_of(folders: Folders, change: str) -> dict[int, Predictions]:
    """Return the test predictions of the variant *change*, by seed."""
    return {seed: folder.predictions() for (of, seed), folder in sorted(folders.items()) if of == change}


def base_record(folders: Folders) -> dict[str, Any] | None:
    """Return the ledger's record of a trial of the base, or None if none has finished."""
    seeds = sorted(seed for change, seed in folders if not change)
    return folders["", seeds[0]].record if seeds else None


def _base_pipeline(folders: Folders, missing: list[str]) -> Pipeline | None:
    record = base_record(folders)
    if record is None:
        missing.append("No trial of the base has finished, so its pipeline and images are not shown.")
        return None
    try:
        return pipeline_of(record)
    except FlowerablateError as error:
        missing.append(f"The study is not shown: {error}.")
        return None


def _labels(results: Sequence[TrialResult], summary: Summary) -> dict[str, str]:
    """Return the label of each variant: that of the row about it alone, if there is one, otherwise its change."""
    labels = {result.change: result.change for result in results}
    labels |= {row.change: row.label for row in reversed(summary.rows) if row.change}
    return {**labels, "": "base"}


def _by_change(results: Sequence[TrialResult]) -> dict[str, list[TrialResult]]:
    groups: dict[str, list[TrialResult]] = {}
    for result in results:
        groups.setdefault(result.change, []).append(result)
    return groups


def _study(pipeline: Pipeline, title: str, note: StudyNote, results: Sequence[TrialResult]) -> str:
    return to_toml(pipeline, title, note.rules, note.secondary, _seeds(results), tuned=note.tuned)


def _costs(results: Sequence[TrialResult], labels: Labels, summary: Summary) -> tuple[CostPoint, ...]:
    values = values_of(results, summary.metric)
    base = values.get("", {})
    if not base:
        return ()
    base_mean = math.fsum(base.values()) / len(base)
    intervals = {}
    for row in summary.rows:
        plain = row.contrast is not None and dict(row.contrast.weights) == {"": 1.0, row.change: -1.0}
        if plain and row.effect is not None and row.effect.low is not None and row.effect.high is not None:
            intervals[row.change] = (base_mean - row.effect.high, base_mean - row.effect.low)
    points = []
    for change, group in _by_change(results).items():
        common = sorted(base.keys() & values.get(change, {}).keys())
        known = [result.cost(SECONDS) for result in group]
        seconds = [value for value in known if value is not None and math.isfinite(value)]
        if common and seconds:
            difference = math.fsum(values[change][seed] - base[seed] for seed in common) / len(common)
            low, high = intervals.get(change, (None, None))
            cost = math.fsum(seconds) / len(seconds)
            points.append(CostPoint(change, labels[change], cost, base_mean + difference, low, high))
    return tuple(points)


def _confusions(
    results: Sequence[TrialResult], labels: Labels, folders: Folders, missing: list[str]
) -> tuple[Confusion, ...]:
    found = []
    for change, group in _by_change(results).items():
        try:
            classes, counts = confusion(predictions_of(folders, change).values())
            rows = tuple(tuple(row) for row in counts)
            found.append(Confusion(labels[change], classes, rows, len(group)))
        except (OSError, FlowerablateError) as error:
            missing.append(f"The confusion matrix of {change or 'base'} is not shown: {error}.")
    return tuple(found)


def _samples(pipeline: Pipeline | None, results: Sequence[TrialResult], assembler: Assembler | None) -> SampleImages:
    if assembler is None:
        return SampleImages(remarks=("The images were left out on request.",))
    if pipeline is None:
        return SampleImages(remarks=("The images cannot be shown, because the pipeline is not known.",))
    try:
        return sample_images(StudyImages(pipeline, assembler), min(_seeds(results), default=0))
    except (OSError, FlowerablateError) as error:
        return SampleImages(remarks=(f"The images cannot be shown: {error}.",))


def _seeds(results: Sequence[TrialResult]) -> tuple[int, ...]:
    return tuple(sorted({result.seed for result in results}))


def _basis(note: StudyNote, results: Sequence[TrialResult]) -> Basis:
    lines = sorted(f"{result.trial_id} {result.seed} {result.change}" for result in results)
    counted: dict[str, Counter[str]] = {}
    for result in results:
        for name, value in {*result.environment.items(), *map(_owner_fact, result.owners)}:
            counted.setdefault(name, Counter())[value] += 1
    return Basis(
        base_id=note.base_id,
        seeds=_seeds(results),
        trials=len(results),
        digest=hashlib.blake2b("\n".join(lines).encode(), digest_size=16).hexdigest(),
        facts=tuple((name, tuple(sorted(counts.items()))) for name, counts in sorted(counted.items())),
    )


def _owner_fact(owned: OwnedComponent) -> tuple[str, str]:
    """Return the name of a page's fact, and the owner: one name for the pipeline, one for each other component."""
    in_pipeline = owned.slot in slots(in_pipeline=True)
    return ("plugins" if in_pipeline else f"{owned.slot} {owned.name}"), str(owned.owner)
