from __future__ import annotations

from collections.abc import Callable

import pytest

from flowerablate.contracts import Rules, TrialFailure, TrialOutcome, TrialResult
from flowerablate.report.__main__ import all_kinds, demonstration
from flowerablate.stats import Summary, summarise


@pytest.fixture(scope="session")
def demo() -> Summary:
    """A study of ten variants with one failed and one collapsed trial."""
    return demonstration()


@pytest.fixture(scope="session")
def kinds() -> Summary:
    """A study with a margin that asks one question of every kind, ten replicates, with a secondary metric."""
    return all_kinds()


@pytest.fixture(scope="session")
def trials() -> Callable[..., list[TrialOutcome]]:
    """Make the trials of a base and of one variant for each name in *accuracies*; None stands for a failed one."""

    def make(accuracies: dict[str, list[float | None]], **fields: object) -> list[TrialOutcome]:
        return [
            TrialResult(
                trial_id=f"{change} {seed}",
                base_id="b",
                change=change,
                seed=seed,
                metrics={"accuracy": accuracy, "loss": 1 - accuracy},
                validation={},
                best_epoch=1,
                epochs=2,
                collapsed=False,
                costs={"seconds": 4.0, "images_per_second": 100.0, "parameters": 1000},
                **fields,  # type: ignore[arg-type]
            )
            if accuracy is not None
            else TrialFailure(f"{change} {seed}", "b", change, seed, "boom")
            for change, values in accuracies.items()
            for seed, accuracy in enumerate(values)
        ]

    return make


@pytest.fixture(scope="session")
def study(trials: Callable[..., list[TrialOutcome]]) -> Callable[..., Summary]:
    """Summarise such trials; two replicates are enough for a verdict, so that few numbers make a table."""

    def make(accuracies: dict[str, list[float | None]], **options: object) -> Summary:
        return summarise(trials(accuracies), **{"rules": Rules(min_replicates=2), **options})  # type: ignore[arg-type]

    return make
