"""Nuisance re-tuning: a trial trains several candidates and keeps the best one on validation.

Each candidate has its own folder in the trial's, so that a stopped trial loses at most one epoch. All share the
replicate's split, initial weights and random draws. Once the trial has its result, the folders are removed.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from ..contracts import BEST, LAST, Pipeline, Value
from ..files import open_file, replacing
from ..study.designs import candidates
from ..train.loop import FitResult

CANDIDATES = "candidates"


class HasFit(Protocol):
    """The result of training a candidate."""

    @property
    def fitted(self) -> FitResult:
        """The finished training run."""


_T = TypeVar("_T", bound=HasFit)


@dataclass(frozen=True)
class SearchResult(Generic[_T]):
    """The best candidate (*trained*), its *values*, and the results of all candidates.

    *seconds* is the training time of all candidates; *records* hold the values and results of each, in order.
    """

    trained: _T
    values: Mapping[str, Value]
    seconds: float
    records: tuple[dict[str, object], ...]


def search(pipeline: Pipeline, folder: Path, train: Callable[[Pipeline, Path, int], _T]) -> SearchResult[_T]:
    """Train every candidate of *pipeline* with ``train(candidate, its folder, epochs before it)`` and keep the best.

    The best has the best epoch by ``train.best_by`` on validation; ties go to the lowest validation loss, then to the
    first. Its checkpoints are copied to *folder*, as if it had been trained there.
    """
    found: tuple[tuple[float, float], _T, Mapping[str, Value], Path] | None = None
    seconds, records, before = 0.0, [], 0
    for number, (chosen, candidate) in enumerate(candidates(pipeline)):
        place = folder / CANDIDATES / str(number)
        place.mkdir(parents=True, exist_ok=True)
        trained = train(candidate, place, before)
        before += candidate.train.epochs
        seconds += trained.fitted.seconds
        records.append({"values": chosen, **_record(trained.fitted)})
        merit = trained.fitted.merit
        if found is None or merit > found[0]:
            found = (merit, trained, chosen, place)
    assert found is not None
    _, trained, values, place = found
    for name in (BEST, LAST):
        _copy(place / name, folder / name)
    return SearchResult(trained, values, seconds, tuple(records))


def clear(folder: Path) -> None:
    """Remove the folders of the candidates; the trial in *folder* is complete."""
    shutil.rmtree(folder / CANDIDATES, ignore_errors=True)


def _record(fitted: FitResult) -> dict[str, object]:
    best = fitted.best
    return {
        "validation_accuracy": best.validation_accuracy if best else None,
        "validation_loss": best.validation_loss if best else None,
        "best_epoch": fitted.best_epoch,
        "epochs": len(fitted.history),
        "seconds": fitted.seconds,
        "collapsed": fitted.collapsed,
    }


def _copy(source: Path, target: Path) -> None:
    with open_file(source) as old, replacing(target, alone=True) as new:
        shutil.copyfileobj(old, new)
