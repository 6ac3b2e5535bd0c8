"""What a change altered besides its component, and which questions were refused because nothing changed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from ..contracts import PARAMETERS, Contrast, TrialOutcome, TrialResult, finished, removed_by, together
from .rows import Summary
from .wording import several

_COUNTS = (
    "epochs",
    "batch size",
    "effective batch size",
    "steps per epoch",
    "training images",
    "different images per epoch",
    "test images",
)
"""Facts of a trial that are shown if the arms differ in them."""

_FOLLOWS = {"effective batch size": "batch size", "different images per epoch": "training images"}
"""Facts that are not shown if they equal the other fact in both arms."""

_TRAINED = "epochs trained"
"""Name of the number of epochs that a trial trained until its end, or until patience or a collapse ended it."""

_PIXELS = (("pixel mean", "pixel deviation"), ("normalisation mean", "normalisation deviation"))
"""Facts that every step on images changes a little: a mean, and a standard deviation, the unit of the changes."""

_NAMES = {
    "pixels": "the brightness and contrast of the model's input",
    "normalisation": "the normalisation",
    PARAMETERS.name: "the number of parameters",
    **{name: f"the {name}" for name in ("batch size", "effective batch size", "steps per epoch")},
    **{name: f"the number of {name}" for name in ("epochs", "training images", "different images per epoch")},
    "test images": "the number of test images",
    _TRAINED: "the number of epochs trained",
}
"""How the facts are called in a sentence."""

_MAY_EXPLAIN_IT = "This may explain the effect."

_SHIFT = 0.05
"""Minimum change to be shown of the epochs trained (as a fraction), and of mean and standard deviation of the pixels
(in standard deviations)."""

Facts = Mapping[str, float]


def confound_notes(summary: Summary, results: Sequence[TrialOutcome]) -> Iterator[str]:
    """Yield one note on what differs between the arms of each contrast besides the component.

    It lists parameters, epochs, batch size, steps per epoch and images; the epochs trained, if patience ended trials
    early and they change by 5 % or more; and mean and standard deviation of the pixels that the model sees, or of the
    normalisation, if they change by 5 % of the standard deviation or more. Values are means over the paired trials of
    an arm. A contrast whose arms are not means of variants, such as an interaction, is left out.
    """
    changes = []
    facts_of = _MeanFacts(results)
    for row in summary.rows:
        if row.contrast is None:
            continue
        facts = {change: facts_of(change, row.seeds) for change in row.contrast.weights}
        changed = _changed(row.contrast, {change: each for change, each in facts.items() if each})
        if changed:
            changes.append((row.contrast, changed))
    if len(changes) == 1:
        contrast, changed = changes[0]
        yield f"{_subject(contrast)} also changes {several([*map(_in_a_sentence, changed)])}. {_MAY_EXPLAIN_IT}"
    elif changes:
        listed = "; ".join(
            f"{contrast.label}: {', '.join(f'{name} {values}' for name, values in changed)}"
            for contrast, changed in changes
        )
        yield f"These comparisons change more than the component, and that may explain their effects: {listed}."


def _subject(contrast: Contrast) -> str:
    """Return who changes something: what was done to the pipeline, where a word says it."""
    return f"Removing {contrast.component}" if contrast.kind == "removal" else contrast.label


def _in_a_sentence(change: tuple[str, str]) -> str:
    name, values = change
    return f"{_NAMES.get(name, name)} ({values})"


def nothing_left(refused: Mapping[str, str]) -> str:
    """Return what to say where every contrast was *refused*, with a reason for each."""
    reasons = "; ".join(refusals(refused))
    return (
        f"nothing would differ, so nothing is trained: {reasons}; "
        "ask about another part, or change this one so that it has an effect"
    )


def refusal_notes(refused: Mapping[str, str], remarks: Mapping[str, str]) -> Iterator[str]:
    """Yield notes on what the comparison of variants before training found; both mappings are by contrast label."""
    if refused:
        yield f"Refused before training, because nothing differs: {'; '.join(refusals(refused))}."
    for label, remark in remarks.items():
        yield f"{label} {remark}."


def refusals(refused: Mapping[str, str]) -> list[str]:
    """Return the refused contrasts with their reasons, grouped by reason.

    A reason names the component, or the place of a swap, only if the label of the contrast does not.
    """
    labels: dict[str, list[str]] = {}
    for label, reason in refused.items():
        labels.setdefault(reason, []).append(label)
    return [
        f"{', '.join(group)}: {_without_name(reason, group[0]) if len(group) == 1 else reason}"
        for reason, group in labels.items()
    ]


def _without_name(reason: str, label: str) -> str:
    named = together(removed_by(label)) or label
    return reason.removeprefix(f"{named}: ").removeprefix(f"{named.partition('=')[0]}: ")


class _MeanFacts:
    """The mean of each fact over the finished trials of a variant on some seeds (none: on all); empty without any.

    Most rows share the base and its seeds, so each mean is taken once.
    """

    def __init__(self, results: Sequence[TrialOutcome]) -> None:
        self._trials: dict[str, list[TrialResult]] = {}
        for result in finished(results):
            self._trials.setdefault(result.change, []).append(result)
        self._known: dict[tuple[str, tuple[int, ...]], Facts] = {}

    def __call__(self, change: str, seeds: tuple[int, ...]) -> Facts:
        if (change, seeds) not in self._known:
            chosen = set(seeds)
            trials = [each for each in self._trials.get(change, ()) if not chosen or each.seed in chosen]
            self._known[change, seeds] = _means(trials)
        return self._known[change, seeds]


def _means(results: Sequence[TrialResult]) -> Facts:
    found: dict[str, list[float]] = {}
    for result in results:
        parameters = result.cost(PARAMETERS)
        own = {} if parameters is None else {PARAMETERS.name: float(parameters)}
        own[_TRAINED] = float(result.epochs)
        for name, value in {**own, **result.facts}.items():
            found.setdefault(name, []).append(value)
    return {name: math.fsum(values) / len(values) for name, values in found.items()}


def _changed(contrast: Contrast, facts: Mapping[str, Facts]) -> list[tuple[str, str]]:
    """Return what differs between the arms, each with its values: ``("epochs", "8 → 6")``."""
    arms = [_arm(contrast.weights, sign, facts) for sign in (1, -1)]
    if not all(arms):
        return []
    old, new = (arm or {} for arm in arms)
    both = [name for name in (PARAMETERS.name, *_COUNTS) if name in old and name in new]
    changed = [
        (name, _from_to(old[name], new[name]))
        for name in both
        if not math.isclose(old[name], new[name], rel_tol=1e-9) and not _follows(name, old, new)
    ]
    trained = [arm[_TRAINED] for arm in (old, new)]
    if old.get("epochs") == new.get("epochs") and abs(trained[0] - trained[1]) >= _SHIFT * max(trained) > 0:
        changed.append((_TRAINED, _from_to(*trained)))
    for mean, sd in _PIXELS:
        if not {mean, sd} <= set(old) & set(new):
            continue
        min_change = _SHIFT * max(old[sd], new[sd])
        if abs(old[mean] - new[mean]) >= min_change or abs(old[sd] - new[sd]) >= min_change:
            name = "pixels" if mean.startswith("pixel ") else mean.partition(" ")[0]
            shifts = [_shift(words, old[key], new[key]) for words, key in (("mean", mean), ("standard deviation", sd))]
            changed.append((name, ", ".join(shifts)))
    return changed


def _shift(name: str, old: float, new: float) -> str:
    before, after = f"{old:.2f}", f"{new:.2f}"
    return f"{name} {before} → {after}" if before != after else f"{name} {before} in both"


def _follows(name: str, old: Facts, new: Facts) -> bool:
    other = _FOLLOWS.get(name)
    return other is not None and all(arm.get(other) == arm[name] for arm in (old, new))


def _arm(weights: Mapping[str, float], sign: int, facts: Mapping[str, Facts]) -> Facts | None:
    """Return the facts of one arm, or None if it is not a mean of variants, or if one of them has no trial."""
    own = {change: sign * weight for change, weight in weights.items() if sign * weight > 0}
    if not math.isclose(math.fsum(own.values()), 1) or any(change not in facts for change in own):
        return None
    names = set.intersection(*(set(facts[change]) for change in own))
    return {name: math.fsum(weight * facts[change][name] for change, weight in own.items()) for name in names}


def _from_to(old: float, new: float) -> str:
    """Return ``old → new``, with all digits if the short numbers would be the same."""
    short = short_number(old), short_number(new)
    before, after = short if short[0] != short[1] else (f"{old:,.10g}", f"{new:,.10g}")
    return f"{before} → {after}"


def short_number(value: float) -> str:
    """Return a count with about three digits: ``18``, ``1,250``, ``77.4k``, ``11.2M``."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            divisor = 1e3 if unit == "k" else size
            return f"{value / divisor:.3g}{unit}"
    return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"
