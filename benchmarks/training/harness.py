"""The recipe as one trial of a study: the same training under the harness, with all that it keeps.

    python benchmarks/training/harness.py PATH --model resnet18 --seed 0

Checkpoints after each epoch, history, per-image predictions, the metrics on the test part, written to a ledger.
"""

from __future__ import annotations

from flowerablate.train.threads import wait_politely

wait_politely()  # before torch is imported, as the command line does

import tempfile
import time
from pathlib import Path

from recipe import Recipe, Run, recipe
from study import assembler_of, study_of

from flowerablate.execute.observer import RunObserver
from flowerablate.execute.plan import plan_study
from flowerablate.execute.trial import run_trial
from flowerablate.ledger import Ledger
from flowerablate.train.device import prepare_process


class Quiet(RunObserver):
    """An observer that looks away: every method does what the protocol does, nothing."""


def train(recipe: Recipe) -> Run:
    """Run the trial once, with a ledger of its own."""
    prepare_process()
    started = time.perf_counter()
    assembler = assembler_of(recipe)
    plan = plan_study(study_of(recipe), assembler)
    (trial,) = (trial for trial in plan.trials if trial.variant.is_base and trial.seed == recipe.seed)
    with tempfile.TemporaryDirectory() as root:
        folder = Ledger(Path(root)).folder(trial)
        folder.path.mkdir(parents=True, exist_ok=True)
        prepared = assembler.prepare(trial.variant.pipeline, plan.data)
        result = run_trial(trial, prepared, plan.data, assembler, folder, Quiet(), plan.metrics)
    seconds = time.perf_counter() - started
    return Run(
        recipe.seed,
        result.metrics["accuracy"],
        result.validation["accuracy"],
        result.best_epoch,
        seconds,
        result.costs["images_per_second"] or 0.0,
        int(result.costs["parameters"] or 0),
    )


if __name__ == "__main__":
    train(recipe(description=__doc__ or "")).show()
