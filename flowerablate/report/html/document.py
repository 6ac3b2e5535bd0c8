"""The content of a page as plain records, collected by :mod:`flowerablate.reading`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...stats import Summary


@dataclass(frozen=True)
class SeedCurve:
    """One trial's training, epoch by epoch; None where a value was not finite. *best_epoch* counts from 1.

    *waited* is the fraction of an epoch spent waiting for images; *metrics* are computed on validation.
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
    """The training runs of one variant; the base's *change* is empty."""

    change: str
    label: str
    seeds: tuple[SeedCurve, ...]


@dataclass(frozen=True)
class CostPoint:
    """A pipeline as a point: its cost, the mean *seconds* per trial, and *value*, the mean of the metric.

    The value is the base's mean plus the mean difference to it over common replicates. *low* to *high* is the interval
    of that difference around it, if a row of the table has one.
    """

    change: str
    label: str
    seconds: float
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Confusion:
    """How often test images of each class (row of *counts*) were classified as each (column), over *trials* trials."""

    label: str
    classes: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    trials: int


@dataclass(frozen=True)
class Frame:
    """An image after one step: the *content* of an image file of *media_type*, its size in pixels, and a *remark*."""

    step: str
    content: bytes
    media_type: str
    width: int
    height: int
    remark: str = ""


@dataclass(frozen=True)
class Strip:
    """One image of the data set, *key* of class *truth*, before all steps and after each."""

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
    """The provenance of the results.

    *facts* are names with the values that the trials recorded, each with its number of trials. *digest*
    hashes the ids of all trials with their variants and seeds: pages with the same digest are based on the same trials.
    """

    base_id: str = ""
    seeds: tuple[int, ...] = ()
    trials: int = 0
    digest: str = ""
    facts: tuple[tuple[str, tuple[tuple[str, int], ...]], ...] = ()


@dataclass(frozen=True)
class Document:
    """The content of a page; empty parts are left out, *missing* lists what could not be found and why.

    *cost_remark*: what a reader must know to compare *costs*.
    """

    title: str
    summary: Summary
    curves: tuple[VariantCurves, ...] = ()
    costs: tuple[CostPoint, ...] = ()
    cost_remark: str = ""
    confusions: tuple[Confusion, ...] = ()
    samples: SampleImages = field(default_factory=SampleImages)
    study: str = ""
    basis: Basis = field(default_factory=Basis)
    missing: tuple[str, ...] = ()
