"""Computes trial ids: a hash of everything that can change the result, and of nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from ..contracts import ALWAYS_MEASURED, Choice, DatasetSpec, Design, Fingerprint, MetricSpec, Pipeline, Trial
from ..contracts.params import component_in

FingerprintOf = Callable[[str, Choice], Fingerprint]
"""``fingerprint_of(slot, choice)`` returns the owner of a component and the hashes of its files."""


def expand_trials(
    design: Design, seeds: Iterable[int], data_fingerprint: str, fingerprint_of: FingerprintOf
) -> tuple[Trial, ...]:
    """Return the trials replicate by replicate, so the trials finished when a run is stopped form complete pairs."""
    variants = {variant.change: variant for variant in design.variants}
    identities = {v.change: pipeline_id(v.pipeline, data_fingerprint, fingerprint_of) for v in design.variants}
    base_id = identities[""]
    return tuple(
        Trial(id=_trial_id(identities[change], seed), base_id=base_id, seed=seed, variant=variants[change])
        for seed in seeds
        for change in design.changes_on(seed)
    )


def trial_id(pipeline: Pipeline, seed: int, data_fingerprint: str, fingerprint_of: FingerprintOf) -> str:
    """Return the id of the trial of *pipeline* on the replicate *seed*."""
    return _trial_id(pipeline_id(pipeline, data_fingerprint, fingerprint_of), seed)


@lru_cache(maxsize=1 << 17)  # a run of a large study expands its trials several times
def _trial_id(pipeline: str, seed: int) -> str:
    return _digest([pipeline, seed])


def pipeline_id(pipeline: Pipeline, data_fingerprint: str, fingerprint_of: FingerprintOf) -> str:
    """Hash a pipeline with the content of its data and the versions of its components (not the seed).

    The location of the data is left out, so a study keeps its trials when a folder moves or another machine continues.
    """
    content = describe(pipeline)
    del content["components"][DatasetSpec.slot]
    content["data"] = data_fingerprint
    found = ([slot, c.use, asdict(fingerprint_of(slot, c))] for slot, c in _fingerprinted(pipeline))
    content["fingerprints"] = sorted({_as_text(each) for each in found})
    return _digest(content)


def describe(pipeline: Pipeline) -> dict[str, Any]:
    """Return a pipeline as JSON values, without what cannot change a result (``kind`` and ``removable`` of steps)."""
    content = asdict(pipeline)
    for step in content["steps"]:
        del step["kind"], step["removable"]
    return content


def _fingerprinted(pipeline: Pipeline) -> Iterable[tuple[str, Choice]]:
    """Yield all components with their slots, except the data set, which is identified by its content."""
    yield from ((slot, choice) for slot, choice in pipeline.used if slot != DatasetSpec.slot)
    metric = component_in(pipeline.train.best_by)
    if metric not in ALWAYS_MEASURED:
        yield MetricSpec.slot, Choice(metric)  # it chooses the epoch; its parameters are part of train.best_by


def _digest(content: Any) -> str:
    return hashlib.blake2b(_as_text(content).encode(), digest_size=10).hexdigest()


def _as_text(content: Any) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"))
