"""Reads the training curves of finished trials from the histories in a ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..contracts import TrialResult
from ..errors import FlowerablateError
from ..ledger import TrialFolder
from ..ledger.json_files import read_json
from ..report.html.document import SeedCurve, VariantCurves


def collect_curves(
    results: Sequence[TrialResult],
    labels: Mapping[str, str],
    folders: Mapping[tuple[str, int], TrialFolder],
    missing: list[str],
) -> tuple[VariantCurves, ...]:
    """Return the curves of each variant of *results*, under the *labels* of their changes.

    *folders* are those of the finished trials by change and seed. A history that cannot be read is left out and added
    to *missing*.
    """
    seeds: dict[str, list[SeedCurve]] = {}
    for result in results:
        try:
            history = read_json(folders[result.change, result.seed].path / "history.json")
            seeds.setdefault(result.change, []).append(_curve(result, history))
        except (OSError, FlowerablateError, KeyError, TypeError):
            missing.append(f"The training curve of {result.change or 'base'}, seed {result.seed}, cannot be read.")
    return tuple(VariantCurves(change, labels[change], tuple(found)) for change, found in seeds.items())


def _curve(result: TrialResult, history: Sequence[Mapping[str, Any]]) -> SeedCurve:
    def series(name: str) -> tuple[float | None, ...]:
        return tuple(epoch[name] for epoch in history)

    names = dict.fromkeys(name for epoch in history for name in epoch.get("metrics", {}))
    return SeedCurve(
        seed=result.seed,
        train_loss=series("train_loss"),
        validation_loss=series("validation_loss"),
        validation_accuracy=series("validation_accuracy"),
        best_epoch=result.best_epoch,
        learning_rate=series("learning_rate"),
        images_per_second=series("images_per_second"),
        waited=tuple(epoch["seconds_waited"] / epoch["seconds"] if epoch["seconds"] else None for epoch in history),
        metrics={name: tuple(epoch.get("metrics", {}).get(name) for epoch in history) for name in names},
    )
