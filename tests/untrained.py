"""Trials that need no training: their accuracies are a function of variant and seed."""

from types import SimpleNamespace

import numpy as np
import pytest
from pipelines import make_pipeline

from flowerablate.contracts import (
    Choice,
    Contrast,
    Design,
    Ended,
    Fingerprint,
    Owner,
    Rules,
    Samples,
    TrialResult,
    Variant,
)
from flowerablate.execute.adaptive import settled
from flowerablate.execute.plan import Plan
from flowerablate.execute.runner import run_study
from flowerablate.jobs.worker import DONE, FAILED
from flowerablate.ledger import TrialFolder
from flowerablate.reading.shown_tables import record_table, shown_so_far
from flowerablate.stats import summarise

BASE = make_pipeline()
EFFECTS = {"": 0.0, "-clear": 0.3, "-middling": 0.03, "-idle": 0.0}
"""By how much each change lowers the accuracy."""

METRICS = SimpleNamespace(names=("accuracy",), infos={})
LOOKS = (5, 9, 13, 16, 20)
NO_SAMPLES = Samples(classes=("daisy", "rose"), keys=(), paths=(), labels=())


def variant(change):
    return Variant(change, make_pipeline(dataset=Choice(change), model=Choice(change)) if change else BASE)


def design_of(*changes):
    contrasts = tuple(Contrast(change, "removal", {"": 1.0, change: -1.0}) for change in changes)
    return Design(tuple(map(variant, ("", *changes))), contrasts)


def plan_for(*changes, seeds=5, max_seeds=20, **rules):
    data = SimpleNamespace(fingerprint="data", samples=NO_SAMPLES)
    return Plan(data, design_of(*changes), seeds, Rules(**rules), fingerprint_of, METRICS, max_seeds)


def fingerprint_of(slot, choice):
    return Fingerprint(Owner(choice.use, "made-up", "1.0"))


def accuracy(change, seed):
    noise = np.random.default_rng([seed, *change.encode()]).normal(0, 0.03)
    return 0.8 + 0.05 * np.sin(seed) - EFFECTS[change] + noise


class Observer:
    """Remembers what it is told."""

    def __init__(self):
        self.looks, self.trials, self.counts = [], [], []

    def look_started(self, number, looks, replicates, comparisons):
        self.looks.append((number, looks, replicates, comparisons))

    def study_started(self, trials, finished):
        self.counts.append((trials, finished))

    def trial_started(self, trial):
        self.trials.append((trial.variant.change, trial.seed))

    def trial_finished(self, trial, result):
        """Nothing to remember."""

    def remarked(self, text):
        """Nothing to remember."""


class Pretending:
    """An executor whose trials come to an end at once, unless they are *broken*; *before* is called for each."""

    capacity = 1

    def __init__(self, broken):
        self.broken, self.before, self._ended = broken, [], []

    def start(self, jobs):
        for job in jobs:
            self._ended.append(Ended(job.name, self.train(job)))

    def train(self, job):
        for each in self.before:
            each()
        folder = TrialFolder(job.folder)
        change, seed = job.params["change"], folder.record["seed"]
        if (change, seed) in self.broken:
            folder.fail("RuntimeError: no memory", "")
            return FAILED
        metrics = {"accuracy": accuracy(change, seed)}
        base = job.params["base_id"]
        folder.finish(TrialResult(job.name, base, change, seed, metrics, {}, 1, 1, False, {"seconds": 60.0}), {})
        return DONE

    def ended(self, seconds):
        ended, self._ended = self._ended, []
        return ended

    def stop(self, names):
        """Nothing runs when this is called."""

    close = print


def run(plan, ledger, budget=None):
    observer = Observer()
    assembler = SimpleNamespace(root=ledger.root)
    return run_study(settled(plan, ledger), assembler, ledger, observer, budget), observer


def seeds_of(ledger, plan):
    """How many replicates each variant has."""
    counts = {}
    for result in ledger.results(plan.base_id):
        counts[result.change] = counts.get(result.change, 0) + isinstance(result, TrialResult)
    return counts


def stopped_after(trials, plan, ledger, executor):
    """Run *plan* until so many of its trials are done, as if it were still at work."""
    begun = []

    def killed():
        begun.append(1)
        if len(begun) > trials:
            raise KeyboardInterrupt

    executor.before.append(killed)
    with pytest.raises(KeyboardInterrupt):
        run(plan, ledger)
    executor.before.clear()


def table(ledger, plan):
    """What 'flowerablate report' shows."""
    results, note = ledger.results(plan.base_id), ledger.note(plan.base_id)
    pending = ledger.unfinished(note)
    note, counts = record_table(ledger, note, results, pending=pending > 0)
    so_far = shown_so_far(note)
    return summarise(results, note.contrasts, rules=note.rules, pending=pending, counts=counts, **so_far)
