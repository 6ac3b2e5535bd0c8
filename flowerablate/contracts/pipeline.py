"""A resolved study: the pipeline, its variants, and their trials."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

from ..errors import StudyError
from .labels import label_of
from .params import Value
from .slot_list import slots
from .specs import ComponentSpec, StepSpec, TrainingSpec
from .training import TrainPlan


@dataclass(frozen=True)
class Choice:
    """A component as a study uses it: its name and all parameters, including defaults."""

    use: str
    params: Mapping[str, Value] = field(default_factory=dict)

    @property
    def is_off(self) -> bool:
        """Whether a variant removed it; only steps can be removed."""
        return False


@dataclass(frozen=True)
class StepChoice(Choice):
    """A step of the pipeline. *name*: its name in the study. *enabled*: False if a variant removed it."""

    name: str = ""
    kind: str = ""
    removable: bool = True
    enabled: bool = True

    @property
    def is_off(self) -> bool:
        """Whether a variant removed it."""
        return not self.enabled


@dataclass(frozen=True)
class Place:
    """Where a component stands in a pipeline. The command line refers to a step by *name*, to others by *slot*."""

    name: str
    slot: str
    choice: Choice


@dataclass(frozen=True)
class InputPlan:
    """The model's input: square images of *image_size* pixels with *channels* colour channels.

    *bits*: bits per channel, 8 or 16, at which files are decoded.
    """

    image_size: int
    channels: int
    bits: Literal[8, 16] = 8


SplitMethod = Literal["auto", "stratified", "grouped", "official", "k-fold"]
"""How samples are split: see :mod:`flowerablate.data.splits`."""


_SUBSET = re.compile(r"(?P<images>[1-9]\d*)|(?P<percent>\d+(\.\d+)?) *%")


@dataclass(frozen=True)
class SplitPlan:
    """How samples are split. *validation* and *test* are fractions of all images.

    *folds*: number of folds of a k-fold split; the replicate with seed s tests on fold s modulo *folds*. *subset*
    limits the training part: a number of images per class, such as ``"100"``, or a percentage, such as ``"10%"``;
    empty: all. Any other text raises :class:`StudyError`.
    """

    validation: float
    test: float
    method: SplitMethod = "auto"
    folds: int = 5
    subset: str = ""

    def __post_init__(self) -> None:
        found = _SUBSET.fullmatch(self.subset)
        percent = found["percent"] if found else None
        if (self.subset and not found) or (percent and not 0 < float(percent) <= 100):
            raise StudyError(
                f"split.subset: give a number of images per class, such as 100, or a percentage, such as 10%, "
                f"not {self.subset!r}"
            )

    def training_images(self, available: int) -> int:
        """Return how many of the *available* training images of a class to use: at least one if any is available."""
        found = _SUBSET.fullmatch(self.subset)
        if not found or not available:
            return available
        if found["images"]:
            return min(int(found["images"]), available)
        return max(1, round(available * float(found["percent"]) / 100))


@dataclass(frozen=True)
class Pipeline:
    """Everything that defines a trial except the seed: the base pipeline, or one variant of it.

    *components*: the choice in each slot that holds one component, in the order of
    :data:`flowerablate.contracts.SPECS`. *retune*: settings, such as ``optimizer.lr``, with the values that each trial
    tries; it keeps the value that is best on validation. *control*: empty, or a change that cannot matter:
    ``placebo``, a step that leaves images unchanged, or ``luck``, the seed control: other random numbers in training.
    """

    components: Mapping[str, Choice]
    steps: tuple[StepChoice, ...]
    input: InputPlan
    split: SplitPlan
    retune: tuple[tuple[str, tuple[Value, ...]], ...] = ()
    control: Literal["", "placebo", "luck"] = ""

    def choice(self, spec: type[ComponentSpec]) -> Choice:
        """Return the component in the slot of *spec*."""
        return self.components[spec.slot]

    @cached_property
    def train(self) -> TrainPlan:
        """The settings of training, typed."""
        return TrainPlan(**self.choice(TrainingSpec).params)  # type: ignore[arg-type]

    @property
    def used(self) -> Iterator[tuple[str, Choice]]:
        """All components with their slots, steps first."""
        yield from ((StepSpec.slot, step) for step in self.steps)
        yield from self.components.items()

    @property
    def places(self) -> tuple[Place, ...]:
        """The places of all components that can be ablated, steps first."""
        steps = (Place(step.name, StepSpec.slot, step) for step in self.steps)
        known = (slot for slot in slots(number="one", ablated=True) if slot in self.components)
        return (*steps, *(Place(slot, slot, self.components[slot]) for slot in known))

    def place(self, name: str) -> Place | None:
        """Return the place called *name*, or None."""
        return next((place for place in self.places if place.name == name), None)

    def with_choice(self, place: Place, choice: Choice) -> Pipeline:
        """Return the pipeline with *choice* in *place*, which must belong to this pipeline."""
        if isinstance(choice, StepChoice):
            return replace(self, steps=tuple(choice if step.name == place.name else step for step in self.steps))
        return replace(self, components={**self.components, place.slot: choice})

    def with_params(self, name: str, **params: Any) -> Pipeline:
        """Return the pipeline with *params* of the component in the place *name* replaced; they are not checked."""
        place = self.place(name)
        assert place is not None, name
        return self.with_choice(place, replace(place.choice, params={**place.choice.params, **params}))


@dataclass(frozen=True)
class Variant:
    """The base (*change* is empty) or the base with *change*, such as ``-morphology`` or ``model=resnet34``."""

    change: str
    pipeline: Pipeline

    @property
    def is_base(self) -> bool:
        """Whether this is the base pipeline."""
        return not self.change

    @property
    def label(self) -> str:
        """The variant's label in tables."""
        return label_of(self.change)


@dataclass(frozen=True)
class Trial:
    """A variant with a replicate's *seed*. *id* hashes what can change the result; *base_id* identifies the base."""

    id: str
    base_id: str
    seed: int
    variant: Variant


ContrastKind = Literal[
    "removal", "addition", "swap", "setting", "main effect", "interaction", "share", "control", "exploration"
]
"""The kind of a question: see :mod:`flowerablate.study.designs`. ``share`` is a Shapley value."""


@dataclass(frozen=True)
class Contrast:
    """One question of a study: a weighted sum of variants, computed within each replicate.

    *weights* maps the change of each variant to its weight (``""`` is the base). Positive weights form the arm *with*
    the component, negative ones the arm *without* it (for a swap or another setting: the base's value and the new one).
    So a positive effect favours *component*, or what the base uses. *by_seed* replaces the weights for single
    replicates, if a design draws different variants for each. *aliases* are effects that the design cannot separate
    from this one. *in_family* is False for a contrast that is shown without a verdict.
    """

    label: str
    kind: ContrastKind
    weights: Mapping[str, float]
    component: str = ""
    by_seed: Mapping[int, Mapping[str, float]] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    in_family: bool = True

    @classmethod
    def with_base(
        cls, change: str, kind: ContrastKind, component: str, *, label: str = "", in_family: bool = True
    ) -> Contrast:
        """Return the question that compares the base with one variant; *label* defaults to *change*."""
        return cls(label or change, kind, {"": 1.0, change: -1.0}, component=component, in_family=in_family)

    @property
    def changes(self) -> frozenset[str]:
        """The changes that have a weight on any seed."""
        return frozenset(change for weights in (self.weights, *self.by_seed.values()) for change in weights)

    def weights_on(self, seed: int) -> Mapping[str, float]:
        """Return the weights for the replicate *seed*."""
        return self.by_seed.get(seed, self.weights)


@dataclass(frozen=True)
class Design:
    """The *variants* that a study runs, base first, and the *contrasts* between them."""

    variants: tuple[Variant, ...]
    contrasts: tuple[Contrast, ...]

    def changes_on(self, seed: int) -> tuple[str, ...]:
        """Return the changes that the replicate *seed* needs: the base, then those with a weight in a contrast."""
        needed = {change for contrast in self.contrasts for change in contrast.weights_on(seed)}
        return tuple(variant.change for variant in self.variants if variant.is_base or variant.change in needed)

    def reduced(self, refused: Collection[str]) -> Design:
        """Return the design without the contrasts labelled *refused*, and without variants that no other needs."""
        left = tuple(contrast for contrast in self.contrasts if contrast.label not in refused)
        used = {"", *(change for contrast in left for change in contrast.changes)}
        return Design(tuple(each for each in self.variants if each.change in used), left)
