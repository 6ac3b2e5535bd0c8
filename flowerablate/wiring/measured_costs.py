"""Costs of a trial, measured: those of the core, and those of every measure that is installed.

Costs change no result, so they are no part of a trial's id, and a measure that fails costs nothing but its number.
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
    """Return how to read every cost: the core's, those *noted* in a ledger, and those of the installed measures."""
    known = (*CORE_COSTS, *noted, *(spec.info for spec in _specs(assembler).values()))
    return tuple({info.name: info for info in known}.values())


@dataclass(frozen=True)
class Measurement:
    """The measures at work on one trial; None stands for one that could not be started."""

    running: Mapping[str, Finish | None]
    owners: tuple[OwnedComponent, ...]

    @classmethod
    def start(cls, assembler: Assembler, context: MeasureContext) -> Measurement:
        """Start every installed measure, in the order of their names; one that fails is left out with a warning."""
        names = list(_specs(assembler))
        owners = (OwnedComponent(MeasureSpec.slot, name, assembler.owner(MeasureSpec.slot, name)) for name in names)
        return cls({name: _started(name, assembler, context) for name in names}, tuple(owners))

    def finish(self, trial: MeasuredTrial) -> dict[str, float | None]:
        """Return the cost by each measure; None, with a warning, where one fails or gives no finite number."""
        return {owned.name: _finished(owned, self.running[owned.name], trial) for owned in self.owners}


def _finished(owned: OwnedComponent, finish: Finish | None, trial: MeasuredTrial) -> float | None:
    if finish is None:
        return None
    try:
        value = finish(trial)
        if value is None or math.isfinite(value):
            return value
        what = f"it gave {value}"
    except Exception as error:
        what = one_line(error)
    _logger.warning("measure %r of %s failed, so the trial has no such cost: %s", owned.name, owned.owner, what)
    return None


def _specs(assembler: Assembler) -> dict[str, MeasureSpec]:
    specs = {name: component.spec for name, component in assembler.registry.slot(MeasureSpec.slot).items()}
    return {name: spec for name, spec in specs.items() if isinstance(spec, MeasureSpec)}


def _started(name: str, assembler: Assembler, context: MeasureContext) -> Finish | None:
    try:
        finish: Finish = assembler.build(MeasureSpec.slot, Choice(name), context)
    except Exception as error:
        _logger.warning("%s; the trial has no such cost", error)
        return None
    return finish
