"""Decides where each step runs: once, when images are packed, or anew for each epoch; in training, in evaluation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile
from typing import TypeAlias

from ..contracts import NativeOp, PythonOp
from ..errors import StudyError

Op: TypeAlias = "NativeOp | PythonOp"

_FLOAT_OPS = frozenset({"normalize", "standardize"})
"""Native ops that write floats; packed images are uint8, so these never run ahead."""


@dataclass(frozen=True)
class BuiltStep:
    """A step with its op as the plugin built it. *name* is the study's; random draws are keyed by it."""

    name: str
    op: Op
    random: bool
    stand_in: Op | None = None
    enabled: bool = True

    @property
    def is_random(self) -> bool:
        """Whether it is drawn anew in each epoch: as the plugin says, or because it is applied to a share of pictures."""
        return self.random or (isinstance(self.op, NativeOp) and probability(self.op) < 1)


def waits_for_training_images(op: Op) -> bool:
    """Whether *op* takes numbers from the training images of a replicate; :func:`fit` fills them in."""
    return isinstance(op, NativeOp) and op.params.get("statistics") == "training"


def probability(op: NativeOp) -> float:
    """Return the share of the pictures that *op* is applied to."""
    value = op.params.get("probability", 1.0)
    return float(value) if isinstance(value, int | float) else 1.0


@dataclass(frozen=True)
class NamedOp:
    """An op and the name of the step that it belongs to."""

    name: str
    op: Op


@dataclass(frozen=True)
class Stages:
    """The ops that run once (*prefix*), then per epoch in training, or in evaluation."""

    prefix: tuple[NamedOp, ...]
    train: tuple[NamedOp, ...]
    evaluate: tuple[NamedOp, ...]


def stage(steps: Sequence[BuiltStep]) -> Stages:
    """Put each step where it runs.

    A random step acts in training only; in evaluation, and where a variant removed it, its stand-in acts if it has one.
    The prefix is the longest common beginning of both chains that is deterministic, and so can be computed once.
    """
    _refuse_bytes_after_floats(steps)
    shared = list(takewhile(_runs_once, steps))
    rest = steps[len(shared) :]
    return Stages(
        prefix=tuple(_acting(shared, training=True)),
        train=tuple(_acting(rest, training=True)),
        evaluate=tuple(_acting(rest, training=False)),
    )


def _refuse_bytes_after_floats(steps: Sequence[BuiltStep]) -> None:
    acting = [step for step in steps if step.enabled or step.stand_in is not None]
    for step, following in pairwise(acting):
        if isinstance(step.op, NativeOp) and step.op.op in _FLOAT_OPS:
            raise StudyError(
                f"step {following.name!r} stands behind {step.name!r}, which must be the last; put it before"
            )


def _runs_once(step: BuiltStep) -> bool:
    op = step.op if step.enabled else step.stand_in
    drawn = step.enabled and step.is_random
    return not drawn and not (isinstance(op, NativeOp) and op.op in _FLOAT_OPS)


def _acting(steps: Iterable[BuiltStep], *, training: bool) -> Iterable[NamedOp]:
    for step in steps:
        acts = step.enabled and (training or not step.is_random)
        op = step.op if acts else step.stand_in
        if op is not None:
            yield NamedOp(step.name, op)
