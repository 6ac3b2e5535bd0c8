"""The population for which the intervals hold, and the notes that state it.

==============  ====================================================================================================
``replicates``  further replicates; with one fixed test split, on exactly these images
``images``      further replicates, on other test images of the same kind (:mod:`.images`)
``auto``        the latter if all replicates share one fixed test split, else the former
==============  ====================================================================================================

If each replicate has its own test split, the t interval over replicates already includes most of the variation between
images, so ``auto`` uses it; ``images`` adds what the overlap of the splits hides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..contracts import Contrast, Rules
from .arms import Arms
from .effects import Effect
from .evidence import Evidence, Judge
from .images import INTERVAL, ImageEvidence, two_level
from .rows import Row, Summary
from .wording import count

FEW_GROUPS = 20
"""With fewer groups of test images, a note warns of intervals over them."""

FEW_GROUPS_OF_A_CLASS = 10
"""With fewer groups of one class, a warning is given of the intervals of one model."""

Images = Mapping[str, ImageEvidence]
"""The influence of the test images, by metric."""


def uses_images(rules: Rules, evidence: ImageEvidence | None) -> bool:
    """Whether verdicts by *rules* also hold for other test images, given *evidence* about the present ones.

    Planned looks take precedence: their sequential p-values are over replicates only.
    """
    if evidence is None or rules.looks:
        return False
    return rules.population == "images" or (rules.population == "auto" and evidence.fixed_split)


def judge_by_images(images: Images) -> Judge:
    """Return a judge over replicates x images, for contrasts whose rules request it and whose *images* are known."""

    def judge(contrast: Contrast, arms: Arms, effect: Effect, rules: Rules) -> Evidence | None:
        evidence = images.get(rules.metric)
        if evidence is None or not uses_images(rules, evidence):
            return None
        influences = evidence.of(contrast, arms.seeds)
        scale = max(map(abs, (*arms.with_it, *arms.without)))
        found = None if influences is None else two_level(effect.differences, influences, scale=scale)
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
            scales=found.scales,
            lasting=found.images,
            components=found.components,
            bounds=lambda nominal: found.interval(nominal),
        )

    return judge


def few_groups(groups: int, of_a_class: int) -> str:
    """Return a warning where one model is judged on few *groups* of images, or few of some class; else empty.

    *of_a_class*: the groups of the class that has the fewest. 0 groups: the images have none.
    """
    if not groups or (groups >= FEW_GROUPS and of_a_class >= FEW_GROUPS_OF_A_CLASS):
        return ""
    return (
        f"the images come from {count(groups, 'group')}, those of one class from {of_a_class}: with fewer than "
        f"{FEW_GROUPS} groups, or {FEW_GROUPS_OF_A_CLASS} of a class, intervals are often too narrow"
    )


def population_notes(summary: Summary, images: Images) -> Iterator[str]:
    """Yield notes on the population for which the intervals of *summary* hold, unless it is obvious."""
    rules, evidence = summary.rules, images.get(summary.metric)
    rows = [row for row in summary.rows if row.evidence]
    by_images = [row for row in rows if row.evidence and row.evidence.interval == INTERVAL]
    if by_images and evidence is not None:
        over, on = (
            ("groups of test images", "other groups") if evidence.groups else ("test images", "other test images")
        )
        yield (
            f"Intervals and p-values account for the choice of replicates and of {over}: they hold for further "
            f"replicates on {on} of this kind, not only on {_which(evidence)}."
        )
        if 0 < evidence.least_groups < FEW_GROUPS:
            yield (
                f"The test images of a replicate come from {count(evidence.least_groups, 'group')}: with fewer than "
                f"{FEW_GROUPS}, intervals over groups are often too narrow."
            )
        yield from _replicates_or_images(by_images, "groups" if evidence.groups else "test images")
        others = [row.label for row in rows if row not in by_images and row.n > 1]
        if others:
            names = ", ".join(others)
            yield (
                f"The intervals of {names} account for replicates only, because the test images are not known or have "
                "no influence."
            )
    elif rules.looks and evidence is not None and (rules.population == "images" or evidence.fixed_split):
        yield (
            f"With planned looks, verdicts hold for further replicates on {_which(evidence)}. They do not account for "
            "the choice of these images."
        )
    elif _meant(rules, images) and any(row.n > 1 for row in rows):
        requested = ", although requested" if rules.population == "images" else ""
        yield (
            f"The intervals do not account for the choice of test images{requested}: {summary.metric} "
            f"{_why_not(evidence)}."
        )


def _meant(rules: Rules, images: Images) -> bool:
    """Whether *rules* ask for other test images; ``auto`` does on one split, of which any metric tells."""
    on_one_split = any(evidence.fixed_split for evidence in images.values())
    return rules.population == "images" or (rules.population == "auto" and on_one_split)


def _why_not(evidence: ImageEvidence | None) -> str:
    """Return why a metric with that *evidence* has no intervals over test images."""
    if evidence is None or not evidence.trials:
        return "is not known image by image"
    if evidence.groups == 1:
        return "is known of a single group of them"
    if any(influence.values.any() for influence in evidence.trials.values()):
        return "is not known image by image for every trial"
    return "does not differ on any of them"


def _replicates_or_images(rows: Sequence[Row], images: str) -> Iterator[str]:
    """Say what would narrow the intervals of *rows*: more replicates, or more *images*."""
    known = [row.evidence.components for row in rows if row.evidence and row.evidence.components]
    if known:
        share = _range(each.from_images for each in known)
        by_replicates = _range(each.narrower(times_replicates=2) for each in known)
        by_images = _range(each.narrower(times_images=2) for each in known)
        yield (
            f"The choice of {images} causes {share} of the variance: twice the replicates would reduce the standard "
            f"errors by {by_replicates}, twice the {images} by {by_images}."
        )


def _range(fractions: Iterable[float]) -> str:
    low, *_, high = sorted([round(100 * fraction) for fraction in fractions] * 2)
    return f"{low} %" if low == high else f"{low} to {high} %"


def _which(evidence: ImageEvidence) -> str:
    images = count(evidence.images, "image")
    if evidence.groups:
        images = f"{images} of {count(evidence.groups, 'group')}"
    return f"these {images}" if evidence.fixed_split else f"the {images} on which at least one replicate tested"
