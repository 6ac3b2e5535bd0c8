"""``python -m flowerablate.report [FORMAT]``: the table at work, with figures that are invented on the spot."""

from __future__ import annotations

import sys

from rich.console import Console

from ..contracts import TrialResult
from ..errors import FlowerablateError
from ..keyed import raw_words
from ..stats import Summary, summarise
from .formats import render, show

TITLE = "DEMONSTRATION with invented figures: no network was trained"

# change: (true effect in accuracy, spread of the pairs, seconds, parameters)
_CHANGES = {
    "": (0.0, 0.0, 41.0, 272_474),
    "-random_resized_crop": (0.062, 0.010, 38.0, 272_474),
    "-horizontal_flip": (0.012, 0.006, 40.5, 272_474),
    "-rotation": (-0.002, 0.012, 37.0, 272_474),
    "-brightness_contrast": (0.004, 0.011, 40.0, 272_474),
    "-morphology": (0.027, 0.008, 36.0, 272_474),
    "-morphology+flip": (0.034, 0.011, 35.0, 272_474),
    "-model.skip": (0.019, 0.013, 39.0, 269_722),
    "-model.batchnorm": (0.121, 0.080, 34.0, 271_098),
    "model=resnet34": (-0.031, 0.012, 188.0, 21_285_698),
    "optimizer=adamw": (0.009, 0.004, 43.0, 272_474),
}


def demonstration(seeds: int = 5) -> Summary:
    """Return the summary of a study that never ran: *seeds* replicates of ten variants, one failure, one collapse."""
    results = []
    for change, (effect, spread, seconds, parameters) in _CHANGES.items():
        for seed in range(1, seeds + 1):
            if change == "-horizontal_flip" and seed == seeds:
                results.append(_trial(change, seed, 0.0, seconds, parameters, failure="the disk was full; make room"))
                continue
            accuracy = 0.873 + 0.02 * _noise("split", seed) - effect + spread * _noise(change, seed)
            collapsed = change == "-model.batchnorm" and seed == 2
            results.append(_trial(change, seed, 0.5 if collapsed else accuracy, seconds, parameters, collapsed))
    return summarise(results)


def _noise(name: str, seed: int) -> float:
    """A fixed number with mean 0 and variance 1: twelve uniform numbers, summed (Irwin and Hall)."""
    return float((raw_words(12, "demonstration", name, seed) / 2.0**64).sum() - 6)


def _trial(
    change: str, seed: int, accuracy: float, seconds: float, parameters: int, collapsed: bool = False, failure: str = ""
) -> TrialResult:
    return TrialResult(
        trial_id=f"demo {change} {seed}",
        base_id="demo",
        change=change,
        seed=seed,
        metrics={} if failure else {"accuracy": round(accuracy * 400) / 400},
        validation={},
        best_epoch=9,
        epochs=10,
        seconds=seconds,
        images_per_second=12_000 / seconds,
        parameters=parameters,
        collapsed=collapsed,
        failure=failure,
    )


def main() -> None:
    """Print the demonstration: as a table, or in the format that the first argument names."""
    if len(sys.argv) < 2:
        show(demonstration(), Console(), title=TITLE)
        return
    try:
        sys.stdout.write(render(demonstration(), sys.argv[1], title=TITLE))
    except FlowerablateError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
