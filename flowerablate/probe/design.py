"""Removes from a design the questions whose answer must be zero, and explains why."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ..contracts import (
    Contrast,
    Design,
    LossSpec,
    ModelSpec,
    OptimizerSpec,
    Pipeline,
    SamplerSpec,
    SchedulerSpec,
    StepSpec,
    TrainingSpec,
    Variant,
)
from ..data.splits import split_samples
from ..errors import StudyError, concerns_all, one_line
from ..jobs.interrupts import noticing_ctrl_c
from ..loader import CheckedOrder
from ..stats.confounds import nothing_left
from ..study.designs import candidates
from ..wiring.assemble import Assembler, DataSet
from ..wiring.parts import build_order
from .causes import cause_of_sameness
from .part_traces import steps_per_epoch, trace_loss, trace_model, trace_optimizer, trace_plan
from .pixels import BLOCK, PROOF, Pixels
from .traces import Trace, class_of

_PIXELS = "pixels"
"""The first part of a variant's class."""

_FAILED = -1

TurnTo = Callable[[Collection[str]], None]
"""``turn_to(changes)`` is told which variants are looked at next, so that one that ends the process can be named."""


@dataclass(frozen=True)
class Probed:
    """What remains of a *design*. *refused*: the reasons for the removed contrasts, by label.

    *remarks*: notes about the remaining contrasts, by label, such as that the arms hardly differ. *repeated* counts the
    remaining variants, controls excluded, that will have the same results as another one.
    """

    design: Design
    refused: Mapping[str, str]
    remarks: Mapping[str, str]
    repeated: int = 0


def probe_design(
    design: Design,
    missing: Collection[str],
    data: DataSet,
    assembler: Assembler,
    *,
    seed: int,
    broken: Collection[str] = (),
    turn_to: TurnTo = lambda changes: None,
) -> Probed:
    """Compare the variants of *design* on the replicate *seed*, and remove the contrasts that must be zero.

    A contrast is zero on every replicate if variants whose weights sum to zero are the same: they show the model the
    same images and labels, in training and in evaluation, and build the same model, loss, optimizer and schedule.
    Only contrasts that weigh a change of *missing*, the changes with trials still to run, are compared, and no
    controls, which are meant to change nothing, nor contrasts with a *broken* change, which cannot be built.
    *turn_to* is told the changes that are looked at next. Raises :class:`StudyError` if no contrast remains.
    """
    asked = [c for c in design.contrasts if c.kind != "control" and not c.changes.isdisjoint(missing)]
    asked = [c for c in asked if c.changes.isdisjoint(broken)]
    needed = {change for contrast in asked for change in contrast.changes}
    probe = _Probe(data, assembler, seed, turn_to)
    for variant in design.variants:
        if variant.change in needed:
            turn_to([variant.change])
            probe.add(variant)
    probe.compare()
    refused = {contrast.label: probe.cause(contrast) for contrast in asked if probe.vanishes(contrast)}
    left = design.reduced(refused)
    if refused and not left.contrasts:
        raise StudyError(nothing_left(refused))
    remarks = {contrast.label: probe.remark(contrast) for contrast in asked if contrast.label not in refused}
    shown = {label: remark for label, remark in remarks.items() if remark}
    return Probed(left, refused, shown, probe.repeats(left.variants))


@dataclass
class _Probe:
    """Puts variants into classes: two variants of one class are the same in every part.

    Each part of a variant has a key: what it depends on. A part with one key in all variants is the same in all, and
    is not traced; of the other parts, each key is traced once. If trials choose between candidates, two variants are
    the same if all their candidates are.
    """

    data: DataSet
    assembler: Assembler
    seed: int
    turn_to: TurnTo
    _candidates: dict[str, list[Pipeline]] = field(default_factory=dict)
    _keys: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    _traced: dict[str, dict[str, Callable[[], Trace]]] = field(default_factory=dict)
    _shown: dict[str, Callable[[], Pixels]] = field(default_factory=dict)
    _pixels: dict[str, Pixels] = field(default_factory=dict)
    _classes: dict[str, tuple[tuple[int, ...], ...]] = field(default_factory=dict)
    _failures: dict[str, str] = field(default_factory=dict)
    _looked: int = 0
    _to_look: int = 0

    def add(self, variant: Variant) -> None:
        """Add *variant*. If a component fails, nothing is compared with it; if it is the base, its error is raised.

        Raises :class:`FlowerablateError` if the images cannot be prepared for another reason.
        """
        self._candidates[variant.change] = [candidate for _, candidate in candidates(variant.pipeline)]
        with noticing_ctrl_c() as ctrl_c:
            try:
                self._keys[variant.change] = [self._take(candidate) for candidate in self._candidates[variant.change]]
            except BaseException as error:
                if variant.is_base or concerns_all(error) or ctrl_c.pressed:
                    raise
                self._failures[variant.change] = one_line(error)

    def _take(self, pipeline: Pipeline) -> dict[str, str]:
        """Return the keys of the parts of *pipeline*, and store how to trace each."""
        data, assembler, seed = self.data, self.assembler, self.seed
        plan = pipeline.train
        divided = pipeline.split
        prepared = assembler.prepare(pipeline, data)
        split = split_samples(data.samples, seed, divided)
        order = CheckedOrder(build_order(pipeline, data, assembler, seed, split), len(split.train))
        steps = max(1, steps_per_epoch(pipeline, len(order)))
        shape = (pipeline.input, plan.channels_last)
        model, loss, sampler = map(pipeline.choice, (ModelSpec, LossSpec, SamplerSpec))
        optimizer, scheduler = map(pipeline.choice, (OptimizerSpec, SchedulerSpec))
        seen = (model, loss, sampler, optimizer, scheduler)
        unseen = {
            place.name: place.choice
            for place in pipeline.places
            if place.slot not in (StepSpec.slot, TrainingSpec.slot) and all(place.choice is not one for one in seen)
        }
        parts: dict[str, tuple[str, Callable[[], Trace]]] = {
            "plan": (
                repr((plan, divided, sampler, pipeline.control)),
                lambda: trace_plan(pipeline, split, order),
            ),
            "network": (repr((model, shape)), lambda: trace_model(pipeline, data, assembler, seed)),
            "aim": (
                repr((loss, divided)),
                lambda: trace_loss(pipeline, data, assembler, split, seed),
            ),
            "descent": (
                repr((optimizer, scheduler, plan.epochs, plan.decay, steps)),
                lambda: trace_optimizer(pipeline, assembler, steps, seed),
            ),
            # Parts that nothing traces count as different if their settings differ.
            "unseen": (repr(unseen), lambda: Trace((repr(unseen),))),
        }
        keys = {part: key for part, (key, _) in parts.items()}
        for part, (key, trace) in parts.items():
            self._traced.setdefault(part, {}).setdefault(key, trace)
        keys[_PIXELS] = repr((pipeline.steps, pipeline.input, divided, min(BLOCK, plan.batch_size), plan.channels_last))
        self._shown.setdefault(keys[_PIXELS], lambda: Pixels(pipeline, prepared, data, split, seed))
        return keys

    def compare(self) -> None:
        """Find the class of each variant. A variant that fails gets its own class: its trials will report the error."""
        counts = [len(self._shown), *(len(traces) for traces in self._traced.values())]
        self._to_look = sum(count for count in counts if count > 1)
        numbers: dict[str, dict[str, int]] = {_PIXELS: self._pixel_classes()}
        for part, traces in self._traced.items():
            look = partial(class_of, [])
            numbers[part] = self._each(part, traces, look) if len(traces) > 1 else dict.fromkeys(traces, 0)
        for alone, (change, each) in enumerate(self._keys.items(), start=1):
            failed = [key for keys in each for part, key in keys.items() if numbers[part][key] == _FAILED]
            found = (tuple(numbers[part][keys[part]] for part in numbers) for keys in each)
            self._classes[change] = ((-alone,),) if failed else tuple(found)
            if failed:
                self._failures[change] = self._failures[failed[0]]
        unknown = [change for change in self._candidates if change not in self._keys]
        for alone, change in enumerate(unknown, start=len(self._keys) + 1):
            self._classes[change] = ((-alone,),)

    def _each(self, part: str, made: Mapping[str, Callable[[], Any]], look: Callable[[Any], int]) -> dict[str, int]:
        """Return the class of each object in *made*, by the key of *part*; :data:`_FAILED` if it cannot be made."""
        numbers = {}
        for key, make in made.items():
            self.turn_to([change for change, each in self._keys.items() if any(keys[part] == key for keys in each)])
            with noticing_ctrl_c() as ctrl_c:
                try:
                    numbers[key] = look(make())
                except BaseException as error:
                    if ctrl_c.pressed:
                        raise
                    numbers[key] = _FAILED
                    self._failures[key] = one_line(error)
            self._looked += 1
            self.assembler.progress("comparing variants", self._looked, self._to_look)
        return numbers

    def _pixel_classes(self) -> dict[str, int]:
        if len(self._shown) == 1:
            return dict.fromkeys(self._shown, 0)
        seen: list[Pixels] = []

        def look(pixels: Pixels) -> int:
            for number, other in enumerate(seen):
                # Each pair needs its own proof: what other steps hide in one pair may show in another.
                if pixels.same_as(other) and pixels.same_as(other, PROOF):
                    return number
            seen.append(pixels)
            return len(seen) - 1

        return self._each(_PIXELS, {key: partial(self._made, key) for key in self._shown}, look)

    def _made(self, key: str) -> Pixels:
        if key not in self._pixels:
            self._pixels[key] = self._shown[key]()
        return self._pixels[key]

    def _pixels_of(self, change: str) -> Pixels:
        return self._made(self._keys[change][0][_PIXELS]).of(self._candidates[change][0])

    def repeats(self, variants: Iterable[Variant]) -> int:
        """Count the compared *variants* that are the same as an earlier one."""
        classes = [self._classes[variant.change] for variant in variants if variant.change in self._classes]
        return len(classes) - len(set(classes))

    def vanishes(self, contrast: Contrast) -> bool:
        """Whether the weights of *contrast* sum to zero in every class, on every replicate."""
        return all(self._weights_vanish(weights) for weights in _weights(contrast))

    def _weights_vanish(self, weights: Mapping[str, float]) -> bool:
        sums: dict[tuple[tuple[int, ...], ...], float] = {}
        for change, weight in weights.items():
            sums[self._classes[change]] = sums.get(self._classes[change], 0.0) + weight
        return all(math.isclose(total, 0.0, abs_tol=1e-9) for total in sums.values())

    def cause(self, contrast: Contrast) -> str:
        """Return why *contrast* vanishes, judged by the first two of its variants that cancel each other."""
        for weights in _weights(contrast):
            for change, weight in weights.items():
                for other, its in weights.items():
                    if weight > 0 > its and self._classes[change] == self._classes[other]:
                        return self._cause(change, other)
        return "all its weights are zero"

    def _cause(self, one: str, other: str) -> str:
        first, second = self._candidates[one][0], self._candidates[other][0]
        if first == second:
            return "overwritten in every trial by the values chosen on validation (retune)"
        arms = {id(first): one, id(second): other}
        return cause_of_sameness(
            first, second, lambda pipeline: self._pixels_of(arms[id(pipeline)]), self.assembler, self.seed
        )

    def remark(self, contrast: Contrast) -> str:
        """Return a note about a *contrast* that does not vanish; empty if there is none."""
        failed = [change for change in contrast.changes if change in self._failures]
        if failed:
            return _not_compared(self._failures[failed[0]])
        with noticing_ctrl_c() as ctrl_c:
            try:
                return self._remark(contrast)
            except BaseException as error:
                if ctrl_c.pressed:
                    raise
                return _not_compared(one_line(error))

    def _remark(self, contrast: Contrast) -> str:
        if contrast.by_seed or len(contrast.weights) != 2:
            return ""
        one, other = contrast.weights
        [(pixels, *parts), *more], [(its_pixels, *its_parts), *its_more] = self._classes[one], self._classes[other]
        if pixels == its_pixels or parts != its_parts or more or its_more:
            return ""
        mine, its = self._pixels_of(one), self._pixels_of(other)
        if mine.differ_by_merging(its):
            return "leaves the sampled images unchanged, but decides which other steps are interpolated as one"
        if mine.differ_by_a_level(its):
            return "hardly differs: no pixel of the sampled images changes by more than one level of 255"
        if mine.differ_by_a_level_in_floats(its):
            return "hardly differs: the model's input from the sampled images changes by no more than one level of 255"
        return ""


def _not_compared(reason: str) -> str:
    return f"could not be compared before training: {reason}"


def _weights(contrast: Contrast) -> Iterable[Mapping[str, float]]:
    return contrast.by_seed.values() if contrast.by_seed else (contrast.weights,)
