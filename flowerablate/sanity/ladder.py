"""The ladder: its rungs in order, and what happens when one breaks."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from typing import TypeAlias

from ..errors import StudyError, nearest, one_line
from . import batch, initial_loss, inputs, lr_range, overfit, reproducible, small_run
from . import data_rung as data
from .bench import Bench
from .rung import Rung

Check: TypeAlias = Callable[[Bench], Rung]

RUNGS: dict[str, Check] = {
    "data": data.check,
    "batch": batch.check,
    "initial-loss": initial_loss.check,
    "overfit": overfit.check,
    "labels": small_run.check_labels,
    "subset": small_run.check,
    "lr-range": lr_range.check,
    "inputs": inputs.check,
    "reproducible": reproducible.check,
}
"""The checks by name, in order."""

_TRAINING = {"initial-loss", "overfit", "labels", "subset", "lr-range", "reproducible"}
"""Rungs that need the rung ``batch`` to run without an error."""


def chosen(only: Collection[str], skip: Collection[str]) -> list[str]:
    """Return the names of the rungs to climb; an unknown name raises :class:`StudyError`."""
    for name in (*only, *skip):
        if name not in RUNGS:
            raise StudyError(f"there is no rung {name!r}; {nearest(name, RUNGS)}")
    return [name for name in RUNGS if (not only or name in only) and name not in skip]


NOT_ASKED_FOR = ("not asked for",)
"""The content of *seen* for a rung that the user left out."""


def climb(bench: Bench, names: Collection[str]) -> Iterator[Rung]:
    """Yield the rungs one by one; those not in *names* are skipped.

    A check that raises has failed, with its error in *seen*. If the rung ``batch`` raises, the rungs that train are
    skipped.
    """
    bench.out.mkdir(parents=True, exist_ok=True)
    broken = False
    for name, check in RUNGS.items():
        if name not in names:
            yield Rung(name, "skipped", NOT_ASKED_FOR)
        elif broken and name in _TRAINING:
            yield Rung(name, "skipped", ("no batch passes through the model",), "fix the rung 'batch' first")
        else:
            started = time.perf_counter()
            rung, broke = _try(name, check, bench)
            broken = broken or (broke and name == "batch")
            yield replace(rung, seconds=time.perf_counter() - started)


def _try(name: str, check: Check, bench: Bench) -> tuple[Rung, bool]:
    try:
        return check(bench), False
    except OSError:
        raise
    except Exception as error:  # from a plugin's model, loss or step: the ladder is there to find it
        what = one_line(error)
        return Rung(
            name, "failed", (what,), "fix the cause of the error, which came from a component of the study"
        ), True
