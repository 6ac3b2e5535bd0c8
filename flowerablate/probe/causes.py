"""Explains why two variants are the same: which step removes their difference, or which part acts alike in both."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..contracts import (
    SPECS,
    BatchOp,
    Choice,
    NativeOp,
    OptimizerSpec,
    Pipeline,
    Place,
    SchedulerSpec,
    StepChoice,
    StepSpec,
    TrainingSpec,
    together,
)
from ..data.decode import decode
from ..data.store import PackedImages
from ..preprocess import NamedOp, Preprocess, stage
from ..preprocess.steps import probability, writes_floats
from ..wiring.assemble import Assembler, min_decoded_side
from .part_traces import settings_that_differ, trace_optimizer_alone
from .pixels import LOOK, PROOF, Draw, Extent, Pixels
from .traces import close

_DECODED = Extent(training=24, epochs=1, evaluation=8)
"""Images that are decoded again if variants differ in steps that run before images are packed."""

_IN_TRAINING = {
    "accumulate": "make one step of each epoch",
    "ema": "have the same effect in so few steps (see docs/reference/training.md)",
    "patience": "never stop such a short training",
}
"""Why two values of a training setting have the same effect, if the reason is not the data."""


def cause_of_sameness(
    first: Pipeline, second: Pipeline, pixels_of: Callable[[Pipeline], Pixels], assembler: Assembler, seed: int
) -> str:
    """Return in one line why the variants *first* and *second*, which are known to be the same, are the same.

    *pixels_of* returns the images of a variant; it is called if their steps differ. *seed* is the replicate's.
    """
    reasons = []
    steps = _changed_steps(first, second)
    if steps:
        reasons.append(_cause_in_steps(steps, pixels_of(first), pixels_of(second), assembler))
    for old, new in zip(first.places, second.places, strict=True):
        if old.choice != new.choice and not isinstance(new.choice, StepChoice):
            reasons += _causes_in_slot(old, new, first, second, assembler, seed)
    return "; ".join(reasons) or "both are the same pipeline"


# ------------------------------------------------------------------------------------------------ slots


def _causes_in_slot(
    old: Place, new: Place, first: Pipeline, second: Pipeline, assembler: Assembler, seed: int
) -> list[str]:
    if old.slot == TrainingSpec.slot:
        return [
            _cause_in_training(name, old.choice, new.choice) for name in settings_that_differ(old.choice, new.choice)
        ]
    name, both = _settings(old.slot, old.choice, new.choice, assembler)
    if old.slot == OptimizerSpec.slot:
        alone = (trace_optimizer_alone(pipeline, assembler, seed) for pipeline in (first, second))
        if not next(alone).same_as(next(alone)):
            return [f"{name}: overwritten by the {SchedulerSpec.slot} ({first.choice(SchedulerSpec).use})"]
    return [f"{name}: {SPECS[old.slot].sameness} {both}"]


def _cause_in_training(name: str, old: Choice, new: Choice) -> str:
    why = _IN_TRAINING.get(name, "have the same effect on these data")
    return f"{TrainingSpec.slot}.{name}: {old.params[name]} and {new.params[name]} {why}"


def _settings(slot: str, old: Choice, new: Choice, assembler: Assembler) -> tuple[str, str]:
    """Return what changed, such as ``optimizer.eps``, and how to say «in both»."""
    if old.use != new.use:
        return slot, f"with {old.use} and with {new.use}"
    names = settings_that_differ(old, new)
    if len(names) != 1:
        return slot, "with both settings"
    param = assembler.lookup(slot, old.use, slot).param(names[0])
    before, after = old.params.get(names[0]), new.params.get(names[0])
    if param is not None and param.off is not None and param.off in (before, after):
        return f"{slot}.{names[0]}", "with it and without it"
    return f"{slot}.{names[0]}", f"with {before} and with {after}"


# ------------------------------------------------------------------------------------------------ steps


@dataclass(frozen=True)
class _Walked:
    """The result of running both chains step by step.

    *differed*: the changed steps after which an image differed; *ended_by*: the last step that removed a difference
    between images; *restored*: whether it always restored the image from before the change. *applied* counts the images
    to which the changed steps were applied, by name.
    """

    differed: tuple[str, ...]
    ended_by: NamedOp | None
    restored: bool
    applied: Mapping[str, int]


def _changed_steps(first: Pipeline, second: Pipeline) -> list[str]:
    mine = {step.name: step for step in first.steps}
    its = {step.name: step for step in second.steps}
    return [name for name in {**mine, **its} if mine.get(name) != its.get(name)]


def _cause_in_steps(names: Sequence[str], mine: Pixels, its: Pixels, assembler: Assembler) -> str:
    walked = _walk(names, mine, its, assembler)
    if walked.ended_by is not None:
        what = together(walked.differed)
        if walked.restored or writes_floats(walked.ended_by.op):
            return f"{what}: what it changes is undone by {walked.ended_by.name}"
        return f"{what}: overwritten by {walked.ended_by.name}"
    if walked.differed:  # they differ step by step, so the merging of steps makes them equal
        return f"{together(walked.differed)}: what it changes is lost when steps are interpolated as one"
    return "; ".join(_idle(name, walked, mine, its, assembler) for name in names)


def _idle(name: str, walked: _Walked, mine: Pixels, its: Pixels, assembler: Assembler) -> str:
    """Return why the step *name*, which never changed an image, has no effect."""
    old, new = _step(mine.pipeline, name), _step(its.pipeline, name)
    count = f"{sum(len(draw.places) for draw in mine.draws(PROOF))} sampled images"
    if old is not None and new is not None and old.enabled and new.enabled:
        if old.use != new.use:
            return f"{name}: {old.use} and {new.use} do the same to each of {count}"
        settings = settings_that_differ(old, new)
        if len(settings) == 1:
            before, after = old.params.get(settings[0]), new.params.get(settings[0])
            return f"{name}.{settings[0]}: {before} and {after} do the same to each of {count}"
        before, after = (", ".join(f"{key} {step.params.get(key)}" for key in settings) for step in (old, new))
        return f"{name}: {before} and {after} do the same to each of {count}"
    acting = old if old is not None and old.enabled else new
    if acting is None or not acting.enabled:
        return f"{name}: switched off in both"
    op = {**_named(mine), **_named(its)}.get(name)
    chance = acting.params.get("probability")
    if isinstance(chance, int | float) and (chance == 0 or walked.applied.get(name) == 0):
        return f"{name}: applied to none of {count} (probability {chance:g})"
    settings_shown = _settings_in_brackets(acting, assembler)
    if isinstance(op, BatchOp):
        return f"{name}: leaves each of {count} and its label unchanged{settings_shown}"
    if walked.applied.get(name):
        return f"{name}: changes no pixel of {count} by a whole level{settings_shown}"
    return f"{name}: leaves each of {count} unchanged{settings_shown}"


def _settings_in_brackets(step: StepChoice, assembler: Assembler) -> str:
    """Return in brackets the settings of a step that are not its defaults, which were meant to have an effect."""
    spec = assembler.lookup(StepSpec.slot, step.use, step.name)
    own = [f"{p.name} {step.params[p.name]}" for p in spec.params if step.params.get(p.name, p.default) != p.default]
    return f" ({', '.join(own)})" if own else ""


def _step(pipeline: Pipeline, name: str) -> StepChoice | None:
    return next((step for step in pipeline.steps if step.name == name), None)


def _named(pixels: Pixels) -> dict[str, Any]:
    chains = pixels.chains
    return {named.name: named.op for named in (*chains.train.ops, *chains.evaluate.ops, *chains.batch)}


def _walk(names: Sequence[str], mine: Pixels, its: Pixels, assembler: Assembler) -> _Walked:
    """Run both chains step by step on single images, and record after which steps they differ."""
    arms = [_Arm(pixels, assembler) for pixels in (mine, its)]
    # Both have the same packed images, unless they differ in a step that runs before packing.
    packed = mine.chains.images is its.chains.images
    order = list({step.name: None for arm in (mine, its) for step in arm.pipeline.steps})
    differed: dict[str, None] = {}
    applied: dict[str, int] = {}
    ends: dict[int, bool] = {}
    min_side = [min_decoded_side(arm.built) for arm in arms]
    for place, draw in _single(mine, LOOK if packed else _DECODED):
        start = mine.chains.images.image(place) if packed else _decoded(mine, place, min_side)
        states: list[NDArray[Any]] = [start[None], start[None]]
        unlike, before = False, start[None]
        for number, name in enumerate(order):
            for arm, state in enumerate(states):
                op = arms[arm].ops(draw.training, packed).get(name)
                if op is not None:
                    if name in names and arms[arm].is_drawn(op):
                        applied[name] = applied.get(name, 0) + arms[arm].applies(op, state, place, draw)
                    states[arm] = arms[arm].apply(op, state, place, draw)
            was_unlike, unlike = unlike, not close(*states)
            if unlike and not was_unlike:
                differed |= dict.fromkeys([name] if name in names else names)
            elif was_unlike and not unlike:
                ends[number] = ends.get(number, True) and close(states[0], before)
            if not unlike:
                before = states[0]
    if not ends:
        return _Walked(tuple(differed), None, False, applied)
    last = max(ends)
    ops = {**arms[0].ops(True, packed), **arms[1].ops(True, packed), **arms[0].ops(False, packed)}
    return _Walked(tuple(differed), ops[order[last]], ends[last], applied)


class _Arm:
    """The chains of a variant, op by op."""

    def __init__(self, pixels: Pixels, assembler: Assembler) -> None:
        self._pixels = pixels
        self.built = assembler.build_steps(pixels.pipeline)
        self._random = {step.name for step in self.built if step.is_random}
        self._prefix = stage(self.built).prefix
        self._chains: dict[tuple[int, str], Preprocess] = {}

    def ops(self, training: bool, packed: bool) -> dict[str, NamedOp]:
        """Return the ops by the names of their steps; if *packed*, without those that run before packing."""
        chains = self._pixels.chains
        chain = chains.train if training else chains.evaluate
        return {named.name: named for named in (*(() if packed else self._prefix), *chain.ops)}

    def is_drawn(self, named: NamedOp) -> bool:
        """Whether the op draws random numbers for each image, and can report them."""
        return named.name in self._random and isinstance(named.op, NativeOp)

    def applies(self, named: NamedOp, state: NDArray[Any], place: int, draw: Draw) -> bool:
        if isinstance(named.op, NativeOp) and probability(named.op) <= 0:
            return False
        height, width = state.shape[1:3]
        drawn = self._chain(named, state).explain(height, width, self._id(place), seed=self._seed, epoch=draw.epoch)
        return drawn[0].applied

    def apply(self, named: NamedOp, state: NDArray[Any], place: int, draw: Draw) -> NDArray[Any]:
        """Return the op's output: [1, H, W, C], or floats [1, C, H, W] from an op that ends the chain."""
        chain = self._chain(named, state)
        _, height, width, channels = state.shape
        one = PackedImages(
            np.ascontiguousarray(state).reshape(-1),
            np.zeros(1, np.int64),
            np.full(1, height, np.int32),
            np.full(1, width, np.int32),
            channels,
        )
        height, width = chain.output_size(height, width)
        out = (
            np.empty((1, channels, height, width), np.float32)
            if writes_floats(named.op)
            else np.empty((1, height, width, channels), chain.output_dtype)
        )
        ids = np.array([self._id(place)], np.uint64)
        chain.run(one, np.zeros(1, np.int64), ids, out, seed=self._seed, epoch=draw.epoch, threads=1)
        return out

    def _chain(self, named: NamedOp, state: NDArray[Any]) -> Preprocess:
        key = (id(named.op), state.dtype.name)
        if key not in self._chains:
            self._chains[key] = Preprocess([named], state.shape[3], dtype=state.dtype.name)
        return self._chains[key]

    def _id(self, place: int) -> int:
        return int(self._pixels.data.ids[place])

    @property
    def _seed(self) -> int:
        return self._pixels.seed


def _single(pixels: Pixels, extent: Extent) -> Iterator[tuple[int, Draw]]:
    for draw in pixels.draws(extent):
        for place in draw.places:
            yield int(place), draw


def _decoded(pixels: Pixels, place: int, min_side: Sequence[int | None]) -> NDArray[Any]:
    plan = pixels.pipeline.input
    size = min_side[0] if min_side[0] == min_side[1] else None
    return decode(pixels.data.samples.paths[place], plan.channels, bits=plan.bits, min_side=size)
