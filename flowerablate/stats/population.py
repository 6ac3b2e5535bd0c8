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

from collections.abc import Iterator, Mapping

from ..contracts import Contrast, Rules
from .arms import Arms
from .effects import Effect
from .evidence import Evidence, Judge
from .images import INTERVAL, ImageEvidence, two_level
from .rows import Summary
from .wording import count

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
            mde=found.detectable(rules.level),
            lasting=found.images,
        )

    return judge


def population_notes(summary: Summary, images: Images) -> Iterator[str]:
    """Yield notes on the population for which the intervals of *summary* hold, unless it is obvious."""
    rules, evidence = summary.rules, images.get(summary.metric)
    rows = [row for row in summary.rows if row.evidence]
    by_images = [row for row in rows if row.evidence and row.evidence.interval == INTERVAL]
    if by_images and evidence is not None:
        yield (
            "Intervals and p-values are over replicates and test images: they hold for further replicates on other "
            f"test images of this kind, not only on {_which(evidence)}."
        )
        others = [row.label for row in rows if row not in by_images and row.n > 1]
        if others:
            names = ", ".join(others)
            yield f"Over replicates only, because the test images are not known or have no influence: {names}."
    elif rules.looks and evidence is not None and (rules.population == "images" or evidence.fixed_split):
        yield (
            "Planned looks judge the replicates: the verdicts hold for further replicates on "
            f"{_which(evidence)}, and do not account for the choice of these images."
        )
    elif rules.population == "images" and any(row.n > 1 for row in rows):
        why = "does not differ on any of them" if evidence else "is not known image by image"
        yield f"The intervals do not include the test images, although requested: {summary.metric} {why}."


def _which(evidence: ImageEvidence) -> str:
    images = {name for influence in evidence.trials.values() for name in influence.images}
    if evidence.fixed_split:
        return f"these {count(len(images), 'image')}"
    return f"the {count(len(images), 'image')} on which at least one replicate tested"
