"""Leaves out of a design the questions that vanish, and says why."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ...contracts import Contrast, Design, Pipeline, Variant
from ...data.splits import Split, split_samples
from ...errors import StudyError
from ...stats.confounds import refusal
from ..assemble import Assembler, DataSet
from .causes import cause_of_sameness
from .parts import steps_per_epoch, trace_loss, trace_model, trace_optimizer, trace_plan
from .pixels import PROOF, Pixels
from .traces import Trace, class_of


@dataclass(frozen=True)
class Probed:
    """What is left of a *design*. *refused*: reasons by the labels of the contrasts that vanish.

    *remarks*: what else is to be said of a contrast, by its label, such as that its arms hardly differ.
    """

    design: Design
    refused: Mapping[str, str]
    remarks: Mapping[str, str]


def probe_design(design: Design, missing: Collection[str], data: DataSet, assembler: Assembler, *, seed: int) -> Probed:
    """Compare the variants of *design* on the replicate *seed*, and leave out the contrasts that are nought for sure.

    A contrast is nought on every replicate where variants whose weights sum to zero are the same: they show the model
    the same pictures and labels, in training and in evaluation, and build the same model, loss, optimizer and schedule.
    Only contrasts that weigh a change of *missing*, the changes that have trials still to run, are looked at, and no
    controls: those are meant to change nothing. Raises :class:`StudyError` where no contrast is left.
    """
    asked = [c for c in design.contrasts if c.kind != "control" and not _changes(c).isdisjoint(missing)]
    variants = {variant.change: variant for variant in design.variants}
    needed = {change for contrast in asked for change in _changes(contrast)}
    probe = _Probe(data, assembler, seed)
    for done, change in enumerate(sorted(needed), start=1):
        probe.add(variants[change])
        assembler.progress("comparing variants", done, len(needed))
    refused = {contrast.label: probe.cause(contrast) for contrast in asked if probe.vanishes(contrast)}
    left = tuple(contrast for contrast in design.contrasts if contrast.label not in refused)
    if refused and not left:
        raise StudyError(_nothing_left(refused))
    remarks = {contrast.label: probe.remark(contrast) for contrast in asked if contrast.label not in refused}
    used = {"", *(change for contrast in left for change in _changes(contrast))}
    kept = tuple(variant for variant in design.variants if variant.change in used)
    shown = {label: remark for label, remark in remarks.items() if remark}
    return Probed(replace(design, variants=kept, contrasts=left), refused, shown)


@dataclass
class _Probe:
    """Puts variants into classes: two of one class are the same in every part."""

    data: DataSet
    assembler: Assembler
    seed: int
    _pixels: dict[str, Pixels] = field(default_factory=dict)
    _classes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    _failures: dict[str, str] = field(default_factory=dict)
    _known: dict[str, list[Trace]] = field(default_factory=dict)
    _numbers: dict[str, int] = field(default_factory=dict)
    _shown: dict[str, Pixels] = field(default_factory=dict)
    _seen: list[Pixels] = field(default_factory=list)
    _proved: dict[str, bool] = field(default_factory=dict)

    def add(self, variant: Variant) -> None:
        """Find the class of *variant*. What fails here will fail in its trials too, which say so; it is a class alone.

        Raises :class:`FlowerablateError` where the variant's pictures cannot be prepared.
        """
        prepared = self.assembler.prepare(variant.pipeline, self.data)
        plan = variant.pipeline.train
        try:
            split = split_samples(self.data.samples, self.seed, plan.validation, plan.test)
            parts = self._parts(variant.pipeline, split)
            key = _key(variant.pipeline.steps, plan)
            if key not in self._shown:
                self._shown[key] = Pixels(variant.pipeline, prepared, self.data, split, self.seed)
            pixels = self._shown[key].of(variant.pipeline)
            self._pixels[variant.change] = pixels
            self._classes[variant.change] = (self._pixel_class(key, pixels), *parts)
        except Exception as error:
            self._failures[variant.change] = " ".join(f"{type(error).__name__}: {error}".split())
            self._classes[variant.change] = (-1 - len(self._failures),)

    def _parts(self, pipeline: Pipeline, split: Split) -> tuple[int, ...]:
        plan, data, assembler, seed = pipeline.train, self.data, self.assembler, self.seed
        steps = max(1, steps_per_epoch(pipeline, split))
        portions = (plan.validation, plan.test)
        shape = (plan.image_size, plan.channels, plan.channels_last)
        rate = (pipeline.optimizer, pipeline.scheduler, plan.epochs, steps)
        return (
            self._class("plan", lambda: trace_plan(pipeline, split), plan, pipeline.retune, pipeline.control),
            self._class("model", lambda: trace_model(pipeline, data, assembler, seed), pipeline.model, shape),
            self._class("loss", lambda: trace_loss(pipeline, data, assembler, split, seed), pipeline.loss, *portions),
            self._class("optimizer", lambda: trace_optimizer(pipeline, assembler, steps, seed), *rate),
        )

    def _class(self, part: str, trace: Callable[[], Trace], *depends_on: object) -> int:
        """Return the class of a part, which is traced once for each of the things that it depends on."""
        key = _key(part, *depends_on)
        if key not in self._numbers:
            self._numbers[key] = class_of(trace(), self._known.setdefault(part, []))
        return self._numbers[key]

    def _pixel_class(self, key: str, pixels: Pixels) -> int:
        key = _key("pixels", key)
        if key not in self._numbers:
            same = (number for number, other in enumerate(self._seen) if self._are_same(pixels, other))
            number = next(same, len(self._seen))
            if number == len(self._seen):
                self._seen.append(pixels)
            self._numbers[key] = number
        return self._numbers[key]

    def _are_same(self, pixels: Pixels, other: Pixels) -> bool:
        """Whether both show the same; what looks so is looked at more closely, once for each change of steps."""
        if not pixels.same_as(other):
            return False
        change = _key(*sorted(repr(pair) for pair in _pairs(pixels.pipeline, other.pipeline)))
        if change not in self._proved:
            self._proved[change] = pixels.same_as(other, PROOF)
        return self._proved[change]

    def vanishes(self, contrast: Contrast) -> bool:
        """Whether the weights of *contrast* sum to zero in every class, on every replicate."""
        return all(self._weights_vanish(weights) for weights in _weights(contrast))

    def _weights_vanish(self, weights: Mapping[str, float]) -> bool:
        sums: dict[tuple[int, ...], float] = {}
        for change, weight in weights.items():
            sums[self._classes[change]] = sums.get(self._classes[change], 0.0) + weight
        return all(math.isclose(total, 0.0, abs_tol=1e-9) for total in sums.values())

    def cause(self, contrast: Contrast) -> str:
        """Return why *contrast* vanishes, seen on the first two of its variants that cancel each other."""
        for weights in _weights(contrast):
            for change, weight in weights.items():
                for other, its in weights.items():
                    if weight > 0 > its and self._classes[change] == self._classes[other]:
                        return cause_of_sameness(self._pixels[change], self._pixels[other], self.assembler)
        return "it weighs nothing"

    def remark(self, contrast: Contrast) -> str:
        """Return what is to be said of a *contrast* that does not vanish, or nothing."""
        failed = [change for change in _changes(contrast) if change in self._failures]
        if failed:
            return f"not compared before training, for it fails there: {self._failures[failed[0]]}"
        if contrast.by_seed or len(contrast.weights) != 2:
            return ""
        one, other = contrast.weights
        if self._classes[one][1:] == self._classes[other][1:]:
            mine, its = self._pixels[one], self._pixels[other]
            if self._classes[one] != self._classes[other] and mine.differ_by_a_level(its):
                return "hardly differs: no pixel of the sampled pictures changes by more than one level of 255"
        return ""


def _weights(contrast: Contrast) -> Iterable[Mapping[str, float]]:
    return contrast.by_seed.values() if contrast.by_seed else (contrast.weights,)


def _changes(contrast: Contrast) -> set[str]:
    return {change for weights in (contrast.weights, *contrast.by_seed.values()) for change in weights}


def _pairs(first: Pipeline, second: Pipeline) -> Iterable[tuple[Any, Any]]:
    """Return the steps in which two pipelines differ, as one has them and the other."""
    mine, its = ({step.name: step for step in pipeline.steps} for pipeline in (first, second))
    return ((mine.get(name), its.get(name)) for name in {**mine, **its} if mine.get(name) != its.get(name))


def _key(*things: object) -> str:
    return repr(things)


def _nothing_left(refused: Mapping[str, str]) -> str:
    reasons = "; ".join(refusal(label, reason) for label, reason in refused.items())
    return f"nothing would differ, so nothing is trained: {reasons}"
