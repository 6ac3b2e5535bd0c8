"""A study, resolved: the pipeline, its variants, and the trials that are made of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

from ..errors import StudyError
from ..params import Value
from .slots import slots
from .specs import ComponentSpec, StepSpec, TrainingSpec


@dataclass(frozen=True)
class Choice:
    """One component as a study uses it: its name and every parameter, defaults filled in."""

    use: str
    params: Mapping[str, Value] = field(default_factory=dict)

    @property
    def is_off(self) -> bool:
        """Whether a variant removed it, which only steps can be."""
        return False


@dataclass(frozen=True)
class StepChoice(Choice):
    """A step of the pipeline. *name* is the study's word for it; *enabled* is False where a variant removed it."""

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
    """Where a component stands in a pipeline, as the command line calls it: a step by its *name*, others by *slot*."""

    name: str
    slot: str
    choice: Choice


@dataclass(frozen=True)
class InputPlan:
    """What the model gets: square images of *image_size* pixels with *channels* colour channels.

    *bits*: the depth, 8 or 16, with which the files are read.
    """

    image_size: int
    channels: int
    bits: Literal[8, 16] = 8


SplitMethod = Literal["auto", "stratified", "grouped", "official", "k-fold"]
"""How samples are divided: see :mod:`flowerablate.data.splits`."""


_SUBSET = re.compile(r"(?P<images>[1-9]\d*)|(?P<percent>\d+(\.\d+)?) *%")


@dataclass(frozen=True)
class SplitPlan:
    """How samples are divided. *validation* and *test* are fractions of all images.

    *folds*: parts of a k-fold split; the replicate with seed s tests on part s modulo *folds*. *subset* limits the
    training part: a number of images for each class, such as ``"100"``, or a share, such as ``"10%"``; empty: all.
    Another text there raises :class:`StudyError`.
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
                f"split.subset: give a number of images for each class, such as 100, or a share, such as 10%, "
                f"not {self.subset!r}"
            )

    def training_images(self, available: int) -> int:
        """Return how many of the *available* training images of a class are used: at least one where there is one."""
        found = _SUBSET.fullmatch(self.subset)
        if not found or not available:
            return available
        if found["images"]:
            return min(int(found["images"]), available)
        return max(1, round(available * float(found["percent"]) / 100))


@dataclass(frozen=True)
class TrainPlan:
    """How a trial trains: a field for each parameter of :data:`flowerablate.contracts.TRAINING`, explained there.

    The defaults stand there too.
    """

    epochs: int
    batch_size: int
    channels_last: bool
    precision: str
    compile: bool
    accumulate: int
    clip_norm: float
    clip_value: float
    decay: str
    ema: float
    patience: int
    best_by: str


@dataclass(frozen=True)
class Pipeline:
    """All that a trial is made of, save the seed: the base pipeline, or one variant of it.

    *components* has the choice of each slot of which a pipeline has one, in the order of
    :data:`flowerablate.contracts.SPECS`. *retune*: settings, such as ``optimizer.lr``, with the values that each trial
    tries; it keeps the one that is best on validation. *control* is empty, or names a change that cannot matter:
    ``placebo``, a step that leaves images as they are, or ``luck``, other random numbers in training.
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
        """All components with their slots: the steps, then the others."""
        yield from ((StepSpec.slot, step) for step in self.steps)
        yield from self.components.items()

    @property
    def places(self) -> tuple[Place, ...]:
        """The places of all components that can be ablated: the steps, then the others."""
        steps = (Place(step.name, StepSpec.slot, step) for step in self.steps)
        known = (slot for slot in slots(number="one", ablated=True) if slot in self.components)
        return (*steps, *(Place(slot, slot, self.components[slot]) for slot in known))

    def place(self, name: str) -> Place | None:
        """Return the place of that name, or None."""
        return next((place for place in self.places if place.name == name), None)

    def with_choice(self, place: Place, choice: Choice) -> Pipeline:
        """Return the pipeline with *choice* in *place*, which must be one of its own."""
        if isinstance(choice, StepChoice):
            return replace(self, steps=tuple(choice if step.name == place.name else step for step in self.steps))
        return replace(self, components={**self.components, place.slot: choice})

    def with_params(self, name: str, **params: Any) -> Pipeline:
        """Return the pipeline with other *params*, not checked, of the component in the place *name*."""
        place = self.place(name)
        assert place is not None, name
        return self.with_choice(place, replace(place.choice, params={**place.choice.params, **params}))


def label_of(change: str) -> str:
    """Return what the variant with that *change* is called in tables, and under them."""
    return change.removeprefix("control=") or "base"


@dataclass(frozen=True)
class Variant:
    """The base (*change* is empty) or the base with *change*, such as ``-morphology`` or ``model=resnet34``."""

    change: str
    pipeline: Pipeline

    @property
    def is_base(self) -> bool:
        """Whether this is the pipeline that all others are compared with."""
        return not self.change

    @property
    def label(self) -> str:
        """How the variant is called in tables."""
        return label_of(self.change)


@dataclass(frozen=True)
class Trial:
    """A variant with one replicate's *seed*. *id* hashes all that can change the result; *base_id* names the base."""

    id: str
    base_id: str
    seed: int
    variant: Variant


ContrastKind = Literal[
    "removal", "addition", "swap", "setting", "main effect", "interaction", "share", "control", "exploration"
]
"""What a question is about: see :mod:`flowerablate.study.designs`."""


@dataclass(frozen=True)
class Contrast:
    """One question of a study: a weighted sum of variants, formed within each replicate.

    *weights* gives the weight of each variant by its change (``""`` is the base). The positive ones make the arm *with*
    the component, the negative ones that *without* it (for a swap or another setting: the base's, and the new one). So
    a positive effect speaks for *component*, or for what the base uses. *by_seed* replaces the weights for single
    replicates, where a design draws other variants for each. *aliases* are effects that the design cannot tell apart
    from this one. *in_family* is False for what is only shown, without a verdict.
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
        """Return the question of the base against one variant, called by its *change* if no *label* is given."""
        return cls(label or change, kind, {"": 1.0, change: -1.0}, component=component, in_family=in_family)

    def weights_on(self, seed: int) -> Mapping[str, float]:
        """Return the weights that hold for the replicate *seed*."""
        return self.by_seed.get(seed, self.weights)


@dataclass(frozen=True)
class Design:
    """What a study runs and asks: its *variants*, the base first, and the *contrasts* between them."""

    variants: tuple[Variant, ...]
    contrasts: tuple[Contrast, ...]

    def changes_on(self, seed: int) -> tuple[str, ...]:
        """Return the changes that the replicate *seed* needs: the base, then those that a contrast weighs."""
        needed = {change for contrast in self.contrasts for change in contrast.weights_on(seed)}
        return tuple(variant.change for variant in self.variants if variant.is_base or variant.change in needed)
