from __future__ import annotations

from collections.abc import Callable

import pytest

from flowerablate.contracts import TrialResult


@pytest.fixture(scope="session")
def trial() -> Callable[..., TrialResult]:
    """Make the result of one trial; whatever is not given is plain."""

    def make(change: str, seed: int, accuracy: float | None, **changes: object) -> TrialResult:
        fields: dict[str, object] = {
            "trial_id": f"{change} {seed}",
            "base_id": "b",
            "change": change,
            "seed": seed,
            "metrics": {} if accuracy is None else {"accuracy": accuracy, "loss": 1 - accuracy},
            "validation": {},
            "best_epoch": 1,
            "epochs": 2,
            "seconds": 4.0,
            "images_per_second": 100.0,
            "parameters": 1000,
            "collapsed": False,
        }
        return TrialResult(**{**fields, **changes})  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def arms(trial: Callable[..., TrialResult]) -> Callable[..., list[TrialResult]]:
    """Make the results of a study from the accuracies of each variant, seeds 0, 1, ..."""

    def make(**accuracies: list[float]) -> list[TrialResult]:
        return [
            trial("" if name == "base" else f"-{name}", seed, accuracy)
            for name, values in accuracies.items()
            for seed, accuracy in enumerate(values)
        ]

    return make
