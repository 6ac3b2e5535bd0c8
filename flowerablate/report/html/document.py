"""What a page is made of: plain records, collected elsewhere. Nothing here knows how a trial is run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...stats import Summary


@dataclass(frozen=True)
class SeedCurve:
    """One trial's training, epoch by epoch; None where a figure was not finite. *best_epoch* counts from 1.

    *waited* is the share of an epoch in which the model waited for images; *metrics* are taken on validation.
    """

    seed: int
    train_loss: tuple[float | None, ...]
    validation_loss: tuple[float | None, ...]
    validation_accuracy: tuple[float | None, ...]
    best_epoch: int
    learning_rate: tuple[float | None, ...] = ()
    images_per_second: tuple[float | None, ...] = ()
    waited: tuple[float | None, ...] = ()
    metrics: Mapping[str, tuple[float | None, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class VariantCurves:
    """The trainings of one variant; the base's *change* is empty."""

    change: str
    label: str
    seeds: tuple[SeedCurve, ...]


@dataclass(frozen=True)
class CostPoint:
    """A pipeline in the plane of cost, mean *seconds* per trial, and *value*, the metric's mean.

    The value is the base's mean plus the mean difference to it over common replicates, *low* to *high* the interval of
    that difference around it, where a row of the table gives one.
    """

    change: str
    label: str
    seconds: float
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Confusion:
    """How often test images of each class (row of *counts*) were called each (column), over *trials* trials."""

    label: str
    classes: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    trials: int


@dataclass(frozen=True)
class Frame:
    """An image behind one step: an image file's *content* of *media_type*, its size in pixels, and a *remark*."""

    step: str
    content: bytes
    media_type: str
    width: int
    height: int
    remark: str = ""


@dataclass(frozen=True)
class Strip:
    """One image of the data set, *key* of class *truth*, before all steps and behind each."""

    key: str
    truth: str
    frames: tuple[Frame, ...]


@dataclass(frozen=True)
class SampleImages:
    """The sample images, and *remarks*: what they show, what is left out, or why there are none."""

    strips: tuple[Strip, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Basis:
    """What the figures rest on.

    *facts* are names with the values that the trials recorded, each with the number of trials that have it. *digest*
    hashes the ids of all trials with their variants and seeds: two pages with the same digest rest on the same trials.
    """

    base_id: str = ""
    seeds: tuple[int, ...] = ()
    trials: int = 0
    digest: str = ""
    facts: tuple[tuple[str, tuple[tuple[str, int], ...]], ...] = ()


@dataclass(frozen=True)
class Document:
    """All that a page shows; what is empty is left out, *missing* says what could not be found and why."""

    title: str
    summary: Summary
    curves: tuple[VariantCurves, ...] = ()
    costs: tuple[CostPoint, ...] = ()
    confusions: tuple[Confusion, ...] = ()
    samples: SampleImages = field(default_factory=SampleImages)
    study: str = ""
    basis: Basis = field(default_factory=Basis)
    missing: tuple[str, ...] = ()
