"""Computes from a ledger the influence of each test image on the metrics of its trials."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TypeAlias

from ..contracts import Metric, Rules
from ..errors import FlowerablateError, LedgerError, PluginError, one_line
from ..ledger import Ledger, Predictions
from ..stats.images import ImageEvidence, Influence
from ..stats.influence import influence_of

_Place: TypeAlias = tuple[str, int]
"""A trial by its change and its seed."""


def image_evidence(
    ledger: Ledger, base_id: str, rules: Rules, names: Iterable[str], build: Callable[[str, int], Metric]
) -> dict[str, ImageEvidence]:
    """Return the influence of the test images on each metric of *names*, from the predictions of finished trials.

    ``build(name, classes)`` makes a metric for that many classes.

    Empty if *rules* do not need it: for the population ``replicates``, or for ``auto`` if the known trials did not all
    use the same test images. Predictions that are needed but missing or damaged raise :class:`LedgerError` with the
    cure.
    """
    trials = _over_images(ledger, base_id, rules)
    return {name: ImageEvidence(name, _influences(name, trials, build)) for name in names} if trials else {}


def is_over_images(ledger: Ledger, base_id: str, rules: Rules) -> bool:
    """Whether :func:`image_evidence` has something to say; it raises the same errors."""
    return bool(_over_images(ledger, base_id, rules))


def _over_images(ledger: Ledger, base_id: str, rules: Rules) -> dict[_Place, Predictions]:
    """Return the predictions of those trials over whose test images *rules* judge."""
    if rules.population == "replicates":
        return {}
    trials: dict[_Place, Predictions] = {}
    first: set[str] = set()
    missing = None
    for claim, folder in ledger.each_trial_of(base_id):
        if not folder.complete:
            continue
        try:
            predictions = folder.predictions()
        except LedgerError as error:
            missing = missing or error
            continue
        first = first or set(predictions.keys)
        if rules.population == "auto" and set(predictions.keys) != first:
            return {}
        trials[claim.change, folder.seed] = predictions
    trials = _grouped(trials)
    if missing and (trials or rules.population == "images"):
        raise LedgerError(f"{missing}; a report of the population replicates does not need them") from None
    return trials


def _grouped(trials: Mapping[_Place, Predictions]) -> dict[_Place, Predictions]:
    """Return *trials* with the groups of their images, where some are from versions that kept none as well."""
    known: dict[str, str] = {}
    for predictions in trials.values():
        known |= zip(predictions.keys, predictions.groups or (), strict=predictions.groups is not None)
    if not known:
        return dict(trials)
    return {
        place: replace(predictions, groups=tuple(known.get(key, key) for key in predictions.keys))
        for place, predictions in trials.items()
    }


def _influences(
    name: str, trials: Mapping[_Place, Predictions], build: Callable[[str, int], Metric]
) -> dict[_Place, Influence]:
    influences = {}
    for place, predictions in trials.items():
        metric = build(name, len(predictions.classes))
        try:
            influence = influence_of(metric, predictions)
        except FlowerablateError:
            raise
        except Exception as error:
            what = one_line(error)
            raise PluginError(f"metric {name!r} failed on a subset of the test images: {what}") from error
        if influence is not None:
            influences[place] = influence
    return influences
