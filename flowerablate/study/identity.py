"""Names trials by a hash of all that can change their result, and of nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

from ..contracts import ALWAYS_MEASURED, Choice, Design, Pipeline, Trial
from .designs import FEATURED

Provenance = Callable[[str, Choice], str]
"""``provenance(slot, choice)`` says which version of which plugin a component comes from, and what its files hold."""


def expand_trials(
    design: Design, seeds: Iterable[int], data_fingerprint: str, provenance: Provenance
) -> tuple[Trial, ...]:
    """Return the trials replicate by replicate, so that what is finished when a run is stopped forms whole pairs."""
    variants = {variant.change: variant for variant in design.variants}
    identities = {v.change: pipeline_id(v.pipeline, data_fingerprint, provenance) for v in design.variants}
    base_id = identities[""]
    return tuple(
        Trial(id=_digest([identities[change], seed]), base_id=base_id, seed=seed, variant=variants[change])
        for seed in seeds
        for change in design.changes_on(seed)
    )


def pipeline_id(pipeline: Pipeline, data_fingerprint: str, provenance: Provenance) -> str:
    """Hash a pipeline with the content of its data and the versions of its components (not the seed).

    Where the data lie is left out, so that a study keeps its trials when a folder moves or another machine goes on.
    """
    content = describe(pipeline)
    content["dataset"] = data_fingerprint
    content["owners"] = sorted({provenance(slot, choice) for slot, choice in _choices(pipeline)})
    return _digest(content)


def describe(pipeline: Pipeline) -> dict[str, Any]:
    """Return a pipeline as JSON values, without what cannot change a result (a step's kind, whether removable)."""
    content = asdict(pipeline)
    for step in content["steps"]:
        del step["kind"], step["removable"]
    return content


def _choices(pipeline: Pipeline) -> Iterable[tuple[str, Choice]]:
    for step in pipeline.steps:
        yield "step", step
    for slot in FEATURED:
        yield slot, getattr(pipeline, slot)
    metric = pipeline.train.best_by.partition(",")[0].strip()
    if metric not in ALWAYS_MEASURED:
        yield "metric", Choice(metric)  # it chooses the epoch, and its parameters are among those of training


def _digest(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=10).hexdigest()
