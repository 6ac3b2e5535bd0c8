"""Describes the costs of a trial, and runs every installed measure; the core adds its own in ``execute/trial.py``.

Costs change no result, so they are not part of a trial's id, and if a measure fails, only its value is lost.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..contracts import CORE_COSTS, Choice, CostInfo, Finish, MeasureContext, MeasuredTrial, MeasureSpec, OwnedComponent
from ..errors import one_line
from .assemble import Assembler

_logger = logging.getLogger(__name__)


def cost_infos(assembler: Assembler, noted: Iterable[CostInfo] = ()) -> tuple[CostInfo, ...]:
    """Return the descriptions of all costs: the core's, those *noted* in a ledger, and those of installed measures."""
    known = (*CORE_COSTS, *noted, *(spec.info for spec in _specs(assembler).values()))
    return tuple({info.name: info for info in known}.values())


@dataclass(frozen=True)
class Measurement:
    """The measures running on one trial; None stands for one that failed to start."""

    running: Mapping[str, Finish | None]
    owners: tuple[OwnedComponent, ...]

    @classmethod
    def start(cls, assembler: Assembler, context: MeasureContext) -> Measurement:
        """Start every installed measure, in the order of names; one that fails is left out with a warning."""
        names = list(_specs(assembler))
        owners = (OwnedComponent(MeasureSpec.slot, name, assembler.owner(MeasureSpec.slot, name)) for name in names)
        return cls({name: _started(name, assembler, context) for name in names}, tuple(owners))

    def finish(self, trial: MeasuredTrial) -> dict[str, float | None]:
        """Return the cost by measure; None, with a warning, if a measure fails or returns no finite number."""
        return {owned.name: _finished(owned, self.running[owned.name], trial) for owned in self.owners}


def _finished(owned: OwnedComponent, finish: Finish | None, trial: MeasuredTrial) -> float | None:
    if finish is None:
        return None
    try:
        value = finish(trial)
        if value is None:
            return None
        number = value if type(value) is int else float(value)  # a scalar of NumPy or torch is no JSON value
        if math.isfinite(number):
            return number
        what = f"it returned {value}"
    except Exception as error:
        what = one_line(error)
    _logger.warning("measure %r of %s failed, so the trial lacks this cost: %s", owned.name, owned.owner, what)
    return None


def _specs(assembler: Assembler) -> dict[str, MeasureSpec]:
    specs = {name: component.spec for name, component in assembler.registry.slot(MeasureSpec.slot).items()}
    return {name: spec for name, spec in specs.items() if isinstance(spec, MeasureSpec)}


def _started(name: str, assembler: Assembler, context: MeasureContext) -> Finish | None:
    try:
        finish: Finish = assembler.build(MeasureSpec.slot, Choice(name), context)
    except Exception as error:
        _logger.warning("%s; the trial lacks this cost", error)
        return None
    if not callable(finish):
        kind = type(finish).__name__
        _logger.warning("measure %r built a %s, not a function; the trial lacks this cost", name, kind)
        return None
    return finish
