"""Decides where each step runs: once, when images are packed, or in each epoch; in training or in evaluation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile
from typing import TypeAlias

from ..contracts import BatchOp, NativeOp, PythonOp
from ..errors import PluginError, StudyError

Op: TypeAlias = "NativeOp | PythonOp | BatchOp"

_FLOAT_OPS = frozenset({"normalize", "standardize"})
"""Native ops that write floats; packed images are integers, so these never run ahead of time."""


@dataclass(frozen=True)
class BuiltStep:
    """A step with the op that its plugin built. *name*: its name in the study, which keys its random draws."""

    name: str
    op: Op
    random: bool
    stand_in: Op | None = None
    enabled: bool = True

    @property
    def is_random(self) -> bool:
        """Whether it draws in each epoch: its plugin declares it random, or it is applied only to some images."""
        return self.random or (isinstance(self.op, NativeOp) and probability(self.op) < 1)


def waits_for_training_images(op: Op) -> bool:
    """Whether *op* needs statistics of a replicate's training images; :func:`fit` fills them in."""
    return isinstance(op, NativeOp) and op.params.get("statistics") == "training"


def probability(op: NativeOp) -> float:
    """Return the fraction of the images that *op* is applied to."""
    value = op.params.get("probability", 1.0)
    return float(value) if isinstance(value, int | float) else 1.0


@dataclass(frozen=True)
class NamedOp:
    """An op and the name of its step."""

    name: str
    op: Op


@dataclass(frozen=True)
class Stages:
    """The ops that run once (*prefix*), then in each epoch of training (*train*) or in evaluation (*evaluate*).

    *batch*: the ops that act on whole batches, in training, after those of *train*.
    """

    prefix: tuple[NamedOp, ...]
    train: tuple[NamedOp, ...]
    evaluate: tuple[NamedOp, ...]
    batch: tuple[NamedOp, ...] = ()


def stage(steps: Sequence[BuiltStep]) -> Stages:
    """Assign each step to its stages.

    A random step acts in training only; in evaluation, or if a variant removed it, its stand-in (if any) acts instead.
    The prefix is the longest deterministic common prefix of both chains, so it can be computed once. Steps on whole
    batches act on the output of the others, so they come last.

    Raises :class:`StudyError` or :class:`PluginError` if a step follows one that must come last.
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
    """Return whether *op* ends a chain with floats, so the chain does not output bytes."""
    return isinstance(op, NativeOp) and op.op in _FLOAT_OPS


def _refuse_bytes_after_floats(steps: Sequence[BuiltStep]) -> None:
    acting = [step for step in steps if step.enabled or step.stand_in is not None]
    for step, following in pairwise(acting):
        if writes_floats(step.op) and not isinstance(following.op, BatchOp):
            raise StudyError(
                f"step {following.name!r} comes after {step.name!r}, which must be the last; put it before"
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
                f"step {following.name!r} comes after {step.name!r}, which mixes whole batches and must come after "
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
