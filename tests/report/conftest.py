from __future__ import annotations

from collections.abc import Callable

import pytest

from flowerablate.contracts import Rules, TrialFailure, TrialResult
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
def study() -> Callable[..., Summary]:
    """Summarise a base and one variant for each name in *accuracies*; None stands for a failed trial.

    Two replicates are enough for a verdict, so that few numbers make a table.
    """

    def make(accuracies: dict[str, list[float | None]], **options: object) -> Summary:
        return summarise(
            [
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
                )
                if accuracy is not None
                else TrialFailure(f"{change} {seed}", "b", change, seed, "boom")
                for change, values in accuracies.items()
                for seed, accuracy in enumerate(values)
            ],
            **{"rules": Rules(min_replicates=2), **options},  # type: ignore[arg-type]
        )

    return make
