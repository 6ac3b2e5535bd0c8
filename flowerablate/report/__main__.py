"""``python -m flowerablate.report [FORMAT]``: a demonstration of the table with invented numbers.

``python -m flowerablate.report compare [FORMAT]`` shows two studies side by side.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

from rich.console import Console

from ..contracts import Contrast, ContrastKind, MetricInfo, Rules, TrialFailure, TrialOutcome, TrialResult
from ..errors import FlowerablateError
from ..keyed import raw_words
from ..stats import Summary, summarise
from .comparison import Comparison, Side, compare
from .comparison_formats import render_comparison, show_comparison
from .formats import render, show

TITLE = "DEMONSTRATION with invented numbers: no network was trained"

# change: (true effect in accuracy, standard deviation of the pairs, seconds, parameters)
_CHANGES = {
    "": (0.0, 0.0, 41.0, 272_474),
    "-random_resized_crop": (0.062, 0.010, 38.0, 272_474),
    "-horizontal_flip": (0.012, 0.006, 40.5, 272_474),
    "-rotation": (-0.002, 0.012, 37.0, 272_474),
    "-brightness_contrast": (0.004, 0.011, 40.0, 272_474),
    "-morphology": (0.027, 0.008, 36.0, 272_474),
    "-morphology -flip": (0.034, 0.011, 35.0, 272_474),
    "-model.skip": (0.019, 0.013, 39.0, 269_722),
    "-model.batchnorm": (0.121, 0.080, 34.0, 271_098),
    "model=resnet34": (-0.031, 0.012, 188.0, 21_285_698),
    "optimizer=adamw": (0.009, 0.004, 43.0, 272_474),
}

# The same for a study with contrasts of every kind.
_DESIGNED = {
    "": (0.0, 0.0, 41.0, 272_474),
    "-morphology": (0.027, 0.008, 36.0, 272_474),
    "-flip": (0.0004, 0.002, 40.0, 272_474),
    "-flip -morphology": (0.042, 0.009, 35.0, 272_474),
    "bare": (0.095, 0.010, 33.0, 272_474),
    "-morphology -model.skip": (0.081, 0.010, 34.0, 272_474),
    "model=resnet34": (-0.031, 0.012, 188.0, 21_285_698),
    "optimizer.lr=0.1": (0.022, 0.020, 41.0, 272_474),
    "control=placebo": (0.0, 0.0, 41.0, 272_474),
}


def demonstration(seeds: int = 5) -> Summary:
    """Return the summary of an invented study: *seeds* replicates of ten variants, one failure, one collapse."""
    results: list[TrialOutcome] = []
    for change, (effect, std, seconds, parameters) in _CHANGES.items():
        for seed in range(1, seeds + 1):
            if change == "-horizontal_flip" and seed == seeds:
                results.append(
                    TrialFailure(f"demo {change} {seed}", "demo", change, seed, "the disk was full; make room")
                )
                continue
            accuracy = 0.873 + 0.02 * _noise("split", seed) - effect + std * _noise(change, seed)
            collapsed = change == "-model.batchnorm" and seed == 2
            results.append(_trial(change, seed, 0.5 if collapsed else accuracy, seconds, parameters, collapsed))
    return summarise(results)


def all_kinds(seeds: int = 10, margin: float | None = 0.005, salt: str = "") -> Summary:
    """Return the summary of an invented study with contrasts of every kind; *salt* changes its numbers."""
    results = []
    for change, (effect, std, seconds, parameters) in _DESIGNED.items():
        for seed in range(1, seeds + 1):
            accuracy = 0.873 + 0.02 * _noise("split", seed) - effect + std * _noise(change + salt, seed)
            results.append(_trial(change, seed, accuracy, seconds, parameters))
    rules = Rules(margin=margin)
    metrics = {"log_loss": MetricInfo("log_loss", lower_is_better=True)}
    return summarise(results, _contrasts(), rules=rules, secondary=["log_loss"], metrics=metrics)


def two_studies() -> Comparison:
    """Return a comparison of two invented studies: the same images, ten and six seeds."""
    split = {"validation": 0.15, "test": 0.2}
    sides = [Side(f"invented-{seeds}", all_kinds(seeds, salt=str(seeds)), "invented", split) for seeds in (10, 6)]
    return compare(sides[0], sides[1])


def _contrasts() -> tuple[Contrast, ...]:
    def ask(label: str, kind: ContrastKind, weights: Mapping[str, float]) -> Contrast:
        return Contrast(label, kind, weights, label, in_family=kind != "exploration")

    both = {"": 1.0, "-morphology": -1.0, "-flip": -1.0, "-flip -morphology": 1.0}
    main = {"": 0.5, "-flip": 0.5, "-morphology": -0.5, "-flip -morphology": -0.5}
    return (
        ask("-morphology", "removal", {"": 1.0, "-morphology": -1.0}),
        ask("-flip", "removal", {"": 1.0, "-flip": -1.0}),
        ask("+flip", "addition", {"-morphology -model.skip": 1.0, "bare": -1.0}),
        ask("flip x morphology", "interaction", both),
        ask("morphology", "main effect", main),
        ask("share of flip", "share", {"": 0.5, "-flip": -0.5, "-morphology -model.skip": 0.5, "bare": -0.5}),
        ask("model=resnet34", "swap", {"": 1.0, "model=resnet34": -1.0}),
        ask("optimizer.lr=0.1", "setting", {"": 1.0, "optimizer.lr=0.1": -1.0}),
        ask("placebo", "control", {"": 1.0, "control=placebo": -1.0}),
    )


def _noise(name: str, seed: int) -> float:
    """Return a fixed number from a distribution with mean 0 and variance 1: the sum of twelve uniforms (Irwin-Hall)."""
    return float((raw_words(12, "demonstration", name, seed) / 2.0**64).sum() - 6)


def _trial(
    change: str, seed: int, accuracy: float, seconds: float, parameters: int, collapsed: bool = False
) -> TrialResult:
    accuracy = round(accuracy * 400) / 400
    return TrialResult(
        trial_id=f"demo {change} {seed}",
        base_id="demo",
        change=change,
        seed=seed,
        metrics={"accuracy": accuracy, "log_loss": 1.1 - 0.9 * accuracy},
        validation={},
        best_epoch=9,
        epochs=10,
        collapsed=collapsed,
        costs={
            "seconds": seconds,
            "images_per_second": 12_000 / seconds,
            "parameters": parameters,
            "flops": int(150 * parameters),
            "memory": 1000 * parameters,
        },
    )


def main() -> None:
    """Print the demonstration, as tables or in the format given by the first argument."""
    console = Console()
    if len(sys.argv) < 2:
        show(demonstration(), console, title=TITLE)
        console.print()
        show(all_kinds(), console, title="Also invented: contrasts of every kind, and a margin")
        console.print()
        show_comparison(two_studies(), console)
        return
    try:
        if sys.argv[1] == "compare":
            sys.stdout.write(render_comparison(two_studies(), *sys.argv[2:3]))
            return
        sys.stdout.write(render(all_kinds(), sys.argv[1], title=TITLE))
    except FlowerablateError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
