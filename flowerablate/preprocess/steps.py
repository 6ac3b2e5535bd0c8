"""Decides where each step runs: once, when images are packed, or anew for each epoch; in training, in evaluation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile
from typing import TypeAlias

from ..contracts import BatchOp, NativeOp, PythonOp
from ..errors import PluginError, StudyError

Op: TypeAlias = "NativeOp | PythonOp | BatchOp"

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
        """Whether it is drawn anew in each epoch: as its plugin says, or as it is applied to some images only."""
        return self.random or (isinstance(self.op, NativeOp) and probability(self.op) < 1)


def waits_for_training_images(op: Op) -> bool:
    """Whether *op* takes numbers from the training images of a replicate; :func:`fit` fills them in."""
    return isinstance(op, NativeOp) and op.params.get("statistics") == "training"


def probability(op: NativeOp) -> float:
    """Return the share of the images that *op* is applied to."""
    value = op.params.get("probability", 1.0)
    return float(value) if isinstance(value, int | float) else 1.0


@dataclass(frozen=True)
class NamedOp:
    """An op and the name of the step that it belongs to."""

    name: str
    op: Op


@dataclass(frozen=True)
class Stages:
    """The ops that run once (*prefix*), then per epoch in training, or in evaluation.

    *batch*: the ops that act on whole batches, in training, behind those of *train*.
    """

    prefix: tuple[NamedOp, ...]
    train: tuple[NamedOp, ...]
    evaluate: tuple[NamedOp, ...]
    batch: tuple[NamedOp, ...] = ()


def stage(steps: Sequence[BuiltStep]) -> Stages:
    """Put each step where it runs.

    A random step acts in training only; in evaluation, and where a variant removed it, its stand-in acts if it has one.
    The prefix is the longest common beginning of both chains that is deterministic, and so can be computed once.
    Steps on whole batches act on what the others made, so they stand at the end.
    """
    _refuse_bytes_after_floats(steps)
    _refuse_misplaced_batch_ops(steps)
    shared = list(takewhile(_runs_once, steps))
    rest = steps[len(shared) :]
    training = list(_acting(rest, training=True))
    return Stages(
        prefix=tuple(_acting(shared, training=True)),
        train=tuple(named for named in training if not isinstance(named.op, BatchOp)),
        evaluate=tuple(_acting(rest, training=False)),
        batch=tuple(named for named in training if isinstance(named.op, BatchOp)),
    )


def writes_floats(op: Op) -> bool:
    """Say whether *op* ends a chain with floats, so that no bytes come out of it."""
    return isinstance(op, NativeOp) and op.op in _FLOAT_OPS


def _refuse_bytes_after_floats(steps: Sequence[BuiltStep]) -> None:
    acting = [step for step in steps if step.enabled or step.stand_in is not None]
    for step, following in pairwise(acting):
        if writes_floats(step.op) and not isinstance(following.op, BatchOp):
            raise StudyError(
                f"step {following.name!r} stands behind {step.name!r}, which must be the last; put it before"
            )


def _refuse_misplaced_batch_ops(steps: Sequence[BuiltStep]) -> None:
    for step in steps:
        if isinstance(step.op, BatchOp) and (not step.random or step.stand_in is not None):
            raise PluginError(
                f"step {step.name!r} acts on whole batches; its spec must have random=True and no stand_in"
            )
    acting = [step for step in steps if step.enabled or step.stand_in is not None]
    for step, following in pairwise(acting):
        if isinstance(step.op, BatchOp) and not isinstance(following.op, BatchOp):
            raise StudyError(
                f"step {following.name!r} stands behind {step.name!r}, which mixes whole batches and must come after "
                "all steps on single images; put it before"
            )


def _runs_once(step: BuiltStep) -> bool:
    op = step.op if step.enabled else step.stand_in
    drawn = step.enabled and step.is_random
    return not drawn and (op is None or not writes_floats(op))


def _acting(steps: Iterable[BuiltStep], *, training: bool) -> Iterable[NamedOp]:
    for step in steps:
        acts = step.enabled and (training or not step.is_random)
        op = step.op if acts else step.stand_in
        if op is not None:
            yield NamedOp(step.name, op)
