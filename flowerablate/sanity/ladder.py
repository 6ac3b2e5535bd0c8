"""The ladder: its rungs in order, and what happens when one breaks."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
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


_FIX_BATCH = "fix the rung 'batch' first"
_FIX_COMPONENT = "fix the cause of the error, which came from a component of the study"


def broken_in(rungs: Iterable[Rung]) -> bool:
    """Whether no batch passed through the model in *rungs*, so that those that train are of no use."""
    return any(rung.do == _FIX_BATCH or (rung.name == "batch" and rung.do == _FIX_COMPONENT) for rung in rungs)


def broken_rung(name: str, what: str, seconds: float = 0.0) -> Rung:
    """Return the rung *name* failed because of *what* a component did."""
    return Rung(name, "failed", (what,), _FIX_COMPONENT, seconds=seconds)


def climb(
    bench: Bench,
    names: Collection[str],
    before: Sequence[Rung] = (),
    turn_to: Callable[[str], None] = lambda name: None,
) -> Iterator[Rung]:
    """Yield the rungs one by one, those after the rungs *before*; those not in *names* are skipped.

    A check that raises has failed, with its error in *seen*. If the rung ``batch`` raises, the rungs that train are
    skipped. *turn_to* is told the name of each before it is checked.
    """
    bench.out.mkdir(parents=True, exist_ok=True)
    broken = broken_in(before)
    for name, check in list(RUNGS.items())[len(before) :]:
        if name not in names:
            yield Rung(name, "skipped", NOT_ASKED_FOR)
        elif broken and name in _TRAINING:
            yield Rung(name, "skipped", ("no batch passes through the model",), _FIX_BATCH)
        else:
            turn_to(name)
            started = time.perf_counter()
            rung = _try(name, check, bench)
            broken = broken or broken_in([rung])
            yield replace(rung, seconds=time.perf_counter() - started)


def _try(name: str, check: Check, bench: Bench) -> Rung:
    try:
        return check(bench)
    except OSError:
        raise
    except Exception as error:  # from a plugin's model, loss or step: the ladder is there to find it
        return broken_rung(name, one_line(error))
