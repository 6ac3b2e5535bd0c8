"""Learning-rate schedules. All but plateau are stepped after every optimizer step.

This module holds only the hook and the parameters; torch is imported when a schedule is built.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import flowerablate as fa

if TYPE_CHECKING:
    from flowerablate.contracts import Register

_WARMUP = fa.Param(
    "warmup", 0.0, "fraction of training in which the rate rises linearly to its peak", 0.0, 0.9, off=0.0
)
_FINAL = fa.Param("final", 0.0, "rate at the end, as a fraction of the peak", 0.0, 1.0)


@fa.hookimpl
def flowerablate_register(register: Register) -> None:
    """Register the schedules."""

    def add(name: str, summary: str, *params: fa.Param) -> None:
        register(fa.SchedulerSpec(name, summary, partial(_schedule, name.replace("-", "_")), params))

    add("constant", "The same learning rate throughout, after an optional warm-up.", _WARMUP)
    add(
        "step",
        "Multiply the learning rate by gamma every few epochs.",
        fa.Param("epoch_size", 3, "epochs between two drops", 1, 1000, log=True),
        fa.Param("gamma", 0.1, "factor of each drop", 0.0, 1.0),
        _WARMUP,
    )
    add(
        "halving",
        "Halve the learning rate every few epochs: 0.5 ^ (epoch // every).",
        fa.Param("every", 3, "epochs between two halvings", 1, 1000, log=True),
        _WARMUP,
    )
    add(
        "exponential",
        "Decay by the same factor in every epoch, a little at each step.",
        fa.Param("gamma", 0.8, "factor per epoch", 0.01, 1.0),
        _WARMUP,
    )
    add(
        "polynomial",
        "Decay linearly, or by a power of the remaining fraction of training.",
        fa.Param("power", 1.0, "1: linear; above 1 the rate falls earlier", 0.1, 10.0, log=True),
        _FINAL,
        _WARMUP,
    )
    add(
        "cosine",
        "Decay along half a cosine, once or several times (Loshchilov & Hutter 2017).",
        _WARMUP,
        _FINAL,
        fa.Param(
            "cycles", 1, "number of decays of equal length, each from the peak; 1: no restart", 1, 100, log=True, off=1
        ),
    )
    add(
        "one-cycle",
        "Rise to the optimizer's rate, then fall far below the first rate (Smith & Topin 2018).",
        fa.Param("pct_start", 0.3, "fraction of training in which the rate rises", 0.0, 0.99),
        fa.Param("div_factor", 25.0, "peak divided by the first rate", 1.0, 1e6, log=True),
        fa.Param("final_div_factor", 1e4, "first rate divided by the last", 1.0, 1e9, log=True),
        fa.Param("cycle_momentum", False, "vary the momentum inversely to the rate, between 0.85 and 0.95"),
    )
    add(
        "plateau",
        "Multiply the learning rate by factor when the validation loss stops falling.",
        fa.Param("factor", 0.5, "factor of each drop", 0.01, 0.99),
        fa.Param("patience", 2, "epochs without a lower loss that are tolerated", 0, 1000),
        fa.Param("threshold", 1e-4, "relative decrease below which a loss does not count as lower", 0.0, 1.0),
        fa.Param("cooldown", 0, "epochs after a drop that do not count", 0, 1000, off=0),
        fa.Param("min_lr", 0.0, "minimum rate", 0.0, 1.0, off=0.0),
    )


def _schedule(name: str, context: fa.ScheduleContext, **params: Any) -> Any:
    from . import schedules

    return getattr(schedules, name)(context, **params)
