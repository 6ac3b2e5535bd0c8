"""Two studies side by side: matching rows, both effects with their verdicts, and the difference of the effects.

Two studies are paired if a seed means the same in both: the same images, by content, with the same split. Then the
difference of two effects is computed seed by seed over the common seeds. Otherwise the studies are treated as
independent, and the interval is Welch's. The output always states which of the two applies, and why.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from ..contracts import ContrastKind
from ..errors import StudyError
from ..stats import EffectDifference, Row, Summary, difference_of_effects, difference_of_paired_effects
from .row_groups import kind_of, order_of


@dataclass(frozen=True)
class Side:
    """One of the two studies: its *title* and *summary*.

    *data* identifies the images by their content, *split* holds the fields of their ``SplitPlan``; both are empty if
    the ledger does not record them.
    """

    title: str
    summary: Summary
    data: str = ""
    split: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Match:
    """One contrast in the *first* and the *second* study (None: not in that study), and the *difference*."""

    label: str
    kind: ContrastKind
    first: Row | None
    second: Row | None
    difference: EffectDifference | None


@dataclass(frozen=True)
class Comparison:
    """Two studies with their *matches*. *obstacles* are the reasons why they are not paired; empty if they are.

    *remark*: why they are compared by this metric, if it is not the primary one of both; else empty.
    """

    first: Side
    second: Side
    matches: tuple[Match, ...]
    obstacles: tuple[str, ...]
    remark: str = ""

    @property
    def is_paired(self) -> bool:
        """Whether the same seed means the same in both."""
        return not self.obstacles

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know to interpret the comparison."""
        return tuple(_notes(self))


def compare(first: Side, second: Side, remark: str = "") -> Comparison:
    """Match the rows of two studies by label and kind; raise :class:`StudyError` if their metrics differ."""
    metrics = first.summary.metric, second.summary.metric
    if metrics[0] != metrics[1]:
        what = f"{first.title} measures {metrics[0]}, {second.title} measures {metrics[1]}"
        raise StudyError(f"{what}; choose a common metric")
    obstacles = tuple(_obstacles(first, second))
    rows = [{(row.label, kind_of(row)): row for row in _rows(side.summary)} for side in (first, second)]
    matches = []
    for label, kind in dict.fromkeys([*rows[0], *rows[1]]):
        pair = rows[0].get((label, kind)), rows[1].get((label, kind))
        matches.append(Match(label, kind, *pair, _difference(*pair, paired=not obstacles)))
    return Comparison(first, second, tuple(matches), obstacles, remark)


def _rows(summary: Summary) -> Iterator[Row]:
    for position in order_of(summary):
        yield summary.rows[position]


def _difference(first: Row | None, second: Row | None, *, paired: bool) -> EffectDifference | None:
    if first is None or second is None or first.effect is None or second.effect is None:
        return None
    found = None
    if paired:
        ones = dict(zip(first.seeds, first.effect.differences, strict=True))
        others = dict(zip(second.seeds, second.effect.differences, strict=True))
        roundings = (first.effect.rounding_sd, second.effect.rounding_sd)
        found = difference_of_paired_effects(ones, others, first.effect.level, rounding_sd=math.hypot(*roundings))
    # Rows without a common seed share no random numbers, even if the studies are paired.
    found = found or difference_of_effects(first.effect, second.effect)
    # A study whose trials are not all there shows no intervals, here either.
    return found if first.effect.is_shown and second.effect.is_shown else replace(found, low=None, high=None)


def _obstacles(first: Side, second: Side) -> Iterator[str]:
    for side in (first, second):
        if not side.data or not side.split:
            yield f"the ledger of {side.title} does not record its images and split"
            return
    if first.data != second.data:
        yield "different images"
    if first.split != second.split:
        yield f"different splits ({_split_in_words(first.split, second.split)})"
    seeds = [
        {seed for row in (side.summary.base, *side.summary.rows) for seed in row.seeds} for side in (first, second)
    ]
    if not seeds[0] & seeds[1]:
        yield f"no seed in common ({_spans(seeds[0])} and {_spans(seeds[1])})"


def _split_in_words(first: Mapping[str, object], second: Mapping[str, object]) -> str:
    names = [name for name in {**first, **second} if first.get(name) != second.get(name)]
    return ", ".join(f"{name} {first.get(name)} and {second.get(name)}" for name in names)


def _spans(seeds: set[int]) -> str:
    """Return seeds as ``0-4, 7``, or ``none``."""
    spans: list[list[int]] = []
    for seed in sorted(seeds):
        if spans and seed == spans[-1][-1] + 1:
            spans[-1][1:] = [seed]
        else:
            spans.append([seed])
    return ", ".join("-".join(map(str, span)) for span in spans) or "none"


def _notes(comparison: Comparison) -> Iterator[str]:
    sides = (comparison.first, comparison.second)
    named = [(name, side.summary) for name, side in zip("AB", sides, strict=True)]
    yield from (f"{name}: {alarm}" for name, summary in named for alarm in summary.alarms)
    yield from (f"{name}: {doubt}" for name, summary in named for doubt in summary.doubts)
    if comparison.remark:
        yield comparison.remark
    for name, other, side in (("A", "B", 0), ("B", "A", 1)):
        missing = [match.label for match in comparison.matches if (match.first, match.second)[1 - side] is None]
        if missing:
            yield f"Asked in {name} only, not in {other}: {', '.join(missing)}."
    levels = [side.summary.level for side in sides]
    if levels[0] != levels[1]:
        yield f"The intervals of A are at {levels[0] * 100:g} %, those of B at {levels[1] * 100:g} %."
    margins = [side.summary.rules.margin for side in sides]
    if margins[0] != margins[1]:
        given = ["none" if margin is None else f"{margin:g}" for margin in margins]
        yield f"The margins differ, and with them what counts as negligible: A {given[0]}, B {given[1]}."
    if comparison.is_paired:
        alone = [match.label for match in comparison.matches if match.difference and not match.difference.is_paired]
        if alone:
            yield f"No seed in common, so not paired (Welch's interval): {', '.join(alone)}."
    if any(side.summary.rules.looks for side in sides):
        yield "Planned looks chose a study's size from its data; intervals of the difference do not account for that."


def basis(comparison: Comparison) -> str:
    """Return the line that states whether the studies are paired, and if not, why."""
    if comparison.obstacles:
        return f"Not paired: {'; '.join(comparison.obstacles)}. The studies are treated as independent."
    pairs = [match.difference.pairs for match in comparison.matches if match.difference and match.difference.pairs]
    if not pairs:
        return "The same images and split, but no row with a seed in common."
    count = f"{min(pairs)}" if min(pairs) == max(pairs) else f"{min(pairs)} to {max(pairs)}"
    return f"Paired: the same images, split and seeds, {count} in common."


def explanation(comparison: Comparison) -> tuple[str, ...]:
    """Return the explanation of the columns."""
    common = " over the common seeds" if comparison.is_paired else ""
    level = f"{comparison.first.summary.level * 100:g} %"
    method = "paired t" if comparison.is_paired else "Welch's t"
    return (
        "effect and verdict: from each study by its own rules, paired by seed within it.",
        f"A − B: difference of the effects{common}, {method} interval at {level}; each on its own, not adjusted.",
    )
