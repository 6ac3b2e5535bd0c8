from __future__ import annotations

from collections.abc import Callable

import pytest

from flowerablate.contracts import TrialFailure, TrialOutcome, TrialResult, signed


@pytest.fixture(scope="session")
def trial() -> Callable[..., TrialOutcome]:
    """Make the result of one trial; whatever is not given is plain."""

    def make(
        change: str,
        seed: int,
        accuracy: float | None,
        failure: str = "",
        parameters: int = 1000,
        **changes: object,
    ) -> TrialOutcome:
        if failure:
            return TrialFailure(f"{change} {seed}", "b", change, seed, failure)
        fields: dict[str, object] = {
            "trial_id": f"{change} {seed}",
            "base_id": "b",
            "change": change,
            "seed": seed,
            "metrics": {} if accuracy is None else {"accuracy": accuracy, "loss": 1 - accuracy},
            "validation": {},
            "best_epoch": 1,
            "epochs": 2,
            "collapsed": False,
            "costs": {"seconds": 4.0, "images_per_second": 100.0, "parameters": parameters},
        }
        return TrialResult(**{**fields, **changes})  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def arms(trial: Callable[..., TrialOutcome]) -> Callable[..., list[TrialOutcome]]:
    """Make the results of a study from the accuracies of each variant, seeds 0, 1, ..."""

    def make(**accuracies: list[float]) -> list[TrialOutcome]:
        return [
            trial("" if name == "base" else signed("-", name.split("+")), seed, accuracy)
            for name, values in accuracies.items()
            for seed, accuracy in enumerate(values)
        ]

    return make
