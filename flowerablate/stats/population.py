"""Which population the intervals speak of, and the notes that say so.

==============  ====================================================================================================
``replicates``  further replicates; with one fixed test split, on these very images
``images``      further replicates, on other test images of the same kind (:mod:`.images`)
``auto``        the latter where all replicates share one fixed test split, else the former
==============  ====================================================================================================

Where each replicate has a test split of its own, the t interval over replicates holds most of the chance of the images
already, so ``auto`` leaves it at that; ``images`` adds what the overlap of the splits hides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..contracts import Contrast, Rules
from .arms import Arms
from .effects import Effect
from .evidence import Evidence, Judge
from .images import INTERVAL, ImageEvidence, two_level
from .rows import Summary
from .wording import count

Images = Mapping[str, ImageEvidence]
"""The evidence of the test images by metric."""


def uses_images(rules: Rules, evidence: ImageEvidence | None) -> bool:
    """Whether verdicts by *rules* speak of other test images too, if *evidence* is what is known of these.

    Planned looks are for replicates: their sequential p-values know nothing of images, and go first.
    """
    if evidence is None or rules.looks:
        return False
    return rules.population == "images" or (rules.population == "auto" and evidence.fixed_split)


def judge_by_images(images: Images) -> Judge:
    """Return what judges a contrast over replicates x images, where its rules ask for it and *images* know enough."""

    def judge(contrast: Contrast, arms: Arms, effect: Effect, rules: Rules) -> Evidence | None:
        evidence = images.get(rules.metric)
        if evidence is None or not uses_images(rules, evidence):
            return None
        influences = evidence.of(contrast, arms.seeds)
        largest = max(map(abs, (*arms.with_it, *arms.without)))
        found = None if influences is None else two_level(effect.differences, influences, largest=largest)
        if found is None:
            return None
        low, high = found.interval(rules.level)
        return Evidence(
            test=f"t over {INTERVAL}",
            p=found.p,
            low=low,
            high=high,
            equivalence=None if rules.margin is None else found.equivalence(rules.margin, rules.level),
            interval=INTERVAL,
            mde=found.detectable(rules.level),
            lasting=found.images,
        )

    return judge


def population_notes(summary: Summary, images: Images) -> Iterator[str]:
    """Say which population the intervals of *summary* speak of, where a reader could not know."""
    rules, evidence = summary.rules, images.get(summary.metric)
    rows = [row for row in summary.rows if row.evidence]
    by_images = [row for row in rows if row.evidence and row.evidence.interval == INTERVAL]
    if by_images and evidence is not None:
        yield (
            "Intervals and p-values over replicates and test images: they speak of further replicates on other test "
            f"images of this kind, not only on {_which(evidence)}."
        )
        others = [row.label for row in rows if row not in by_images and row.n > 1]
        if others:
            yield f"Over replicates only, as the test images are not known there, or add nothing: {', '.join(others)}."
    elif rules.looks and evidence is not None and (rules.population == "images" or evidence.fixed_split):
        yield (
            "Planned looks judge the replicates: the verdicts speak of further replicates on "
            f"{_which(evidence)}; the chance of these images is not in them."
        )
    elif rules.population == "images" and any(row.n > 1 for row in rows):
        why = "does not differ on any of them" if evidence else "is not known image by image"
        yield f"The test images are not in the intervals, though asked for: {summary.metric} {why}."


def _which(evidence: ImageEvidence) -> str:
    images = {name for influence in evidence.trials.values() for name in influence.images}
    if evidence.fixed_split:
        return f"these {count(len(images), 'image')}"
    return f"the {count(len(images), 'image')} on which at least one replicate tested"
