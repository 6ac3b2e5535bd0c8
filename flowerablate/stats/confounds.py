"""What else a change moved beside its component, and which questions were left out because nothing moved."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from ..contracts import PARAMETERS, Contrast, TrialOutcome, finished
from .rows import Summary

_COUNTS = (
    "epochs",
    "batch size",
    "effective batch size",
    "steps per epoch",
    "training images",
    "different images per epoch",
    "test images",
)
"""Facts of a trial that are shown wherever the arms differ in them."""

_FOLLOWS = {"effective batch size": "batch size", "different images per epoch": "training images"}
"""Facts that are not shown where, in both arms, they are the other one."""

_TRAINED = "epochs trained"
"""What a trial's epochs are called that it trained until patience or a collapse ended it."""

_PIXELS = (("pixel mean", "pixel deviation"), ("normalisation mean", "normalisation deviation"))
"""Facts that every step on images moves a little: a mean, and the deviation that says what is little."""

_SHIFT = 0.05
"""Share of the deviation by which mean or deviation of the pixels must differ to be shown, and of the epochs trained.
"""

Figures = Mapping[str, float]


def confound_notes(summary: Summary, results: Sequence[TrialOutcome]) -> Iterator[str]:
    """Return one note on what differs between the arms of each contrast beside the component.

    That is parameters, epochs, batch size, steps per epoch and images; the epochs that were trained, where patience
    ended trials early, if they move by 5 % or more; and mean and deviation of the pixels that the model sees, or of the
    normalisation, where they move by 5 % of the deviation or more. Figures are means over the paired trials of an arm.
    A contrast whose arms are no means of variants, such as an interaction, has none.
    """
    said = []
    for row in summary.rows:
        paired = [result for result in results if not row.seeds or result.seed in row.seeds]
        moved = _moved(row.contrast, _figures(paired)) if row.contrast is not None else []
        if moved:
            said.append(f"{row.label}: {', '.join(moved)}")
    if said:
        legend = (
            " (pixels: mean ± deviation of what the model gets)" if any(" pixels " in text for text in said) else ""
        )
        yield f"Beside the component{legend}: {'; '.join(said)}."


def refusal_notes(refused: Mapping[str, str], remarks: Mapping[str, str]) -> Iterator[str]:
    """Return what the comparison of the variants before training found, by the labels of their contrasts."""
    if refused:
        yield f"Refused before training, for nothing differs: {'; '.join(refusals(refused))}."
    for label, remark in remarks.items():
        yield f"{label} {remark}."


def refusals(refused: Mapping[str, str]) -> list[str]:
    """Return refused contrasts with their reasons, those of one reason together.

    A reason names the component, or the place of what is swapped, only where the label of the contrast does not.
    """
    labels: dict[str, list[str]] = {}
    for label, reason in refused.items():
        labels.setdefault(reason, []).append(label)
    return [
        f"{', '.join(group)}: {_without_name(reason, group[0]) if len(group) == 1 else reason}"
        for reason, group in labels.items()
    ]


def _without_name(reason: str, label: str) -> str:
    named = label.removeprefix("-")
    return reason.removeprefix(f"{named}: ").removeprefix(f"{named.partition('=')[0]}: ")


def _figures(results: Sequence[TrialOutcome]) -> dict[str, Figures]:
    """Return the mean of each figure over the trials of each variant that did not fail."""
    found: dict[str, dict[str, list[float]]] = {}
    for result in finished(results):
        of_variant = found.setdefault(result.change, {})
        parameters = result.cost(PARAMETERS)
        own = {} if parameters is None else {PARAMETERS.name: float(parameters)}
        own[_TRAINED] = float(result.epochs)
        for name, value in {**own, **result.facts}.items():
            of_variant.setdefault(name, []).append(value)
    return {
        change: {name: math.fsum(values) / len(values) for name, values in names.items()}
        for change, names in found.items()
    }


def _moved(contrast: Contrast, figures: Mapping[str, Figures]) -> list[str]:
    arms = [_arm(contrast.weights, sign, figures) for sign in (1, -1)]
    if not all(arms):
        return []
    old, new = (arm or {} for arm in arms)
    both = [name for name in (PARAMETERS.name, *_COUNTS) if name in old and name in new]
    moved = [
        f"{name} {_from_to(old[name], new[name])}"
        for name in both
        if not math.isclose(old[name], new[name], rel_tol=1e-9) and not _follows(name, old, new)
    ]
    trained = [arm[_TRAINED] for arm in (old, new)]
    if old.get("epochs") == new.get("epochs") and abs(trained[0] - trained[1]) >= _SHIFT * max(trained) > 0:
        moved.append(f"{_TRAINED} {_from_to(*trained)}")
    for mean, deviation in _PIXELS:
        if not {mean, deviation} <= set(old) & set(new):
            continue
        little = _SHIFT * max(old[deviation], new[deviation])
        if abs(old[mean] - new[mean]) >= little or abs(old[deviation] - new[deviation]) >= little:
            name = mean.partition(" ")[0]
            before, after = (f"{arm[mean]:.2f} ± {arm[deviation]:.2f}" for arm in (old, new))
            moved.append(f"{name} {before} → {after}" if name != "pixel" else f"pixels {before} → {after}")
    return moved


def _follows(name: str, old: Figures, new: Figures) -> bool:
    other = _FOLLOWS.get(name)
    return other is not None and all(arm.get(other) == arm[name] for arm in (old, new))


def _arm(weights: Mapping[str, float], sign: int, figures: Mapping[str, Figures]) -> Figures | None:
    """Return the figures of one arm, or None where it is no mean of variants, or one of them has no trial."""
    own = {change: sign * weight for change, weight in weights.items() if sign * weight > 0}
    if not math.isclose(math.fsum(own.values()), 1) or any(change not in figures for change in own):
        return None
    names = set.intersection(*(set(figures[change]) for change in own))
    return {name: math.fsum(weight * figures[change][name] for change, weight in own.items()) for name in names}


def _from_to(old: float, new: float) -> str:
    """Return ``old → new``, with all digits where the short numbers would be the same."""
    short = short_number(old), short_number(new)
    before, after = short if short[0] != short[1] else (f"{old:,.10g}", f"{new:,.10g}")
    return f"{before} → {after}"


def short_number(value: float) -> str:
    """Return a count with three digits or so: ``18``, ``1,250``, ``77.4k``, ``11.2M``."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            divisor = 1e3 if unit == "k" else size
            return f"{value / divisor:.3g}{unit}"
    return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"
