"""Notes on the design under the table: where two of its answers differ, and what it cannot tell."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from ..contracts import Contrast, TrialOutcome, finished, label_of
from .arms import Values, arms_of, unasked, values_of
from .effects import Effect, paired_effect
from .rows import Row, Summary
from .wording import count

_MAX_ALIASES = 3
_MAX_CHANGES = 12


def design_notes(summary: Summary, results: Sequence[TrialOutcome]) -> Iterator[str]:
    """Yield notes on what a reader must know about the design of *summary*; *results* are its trials."""
    values = values_of(results, summary.metric)
    seeds = sorted({result.seed for result in results})
    yield from _first_and_last(summary, values, seeds)
    yield from _aliases(summary.rows)
    yield from _shapley_values(summary, values, seeds)
    yield from _tuned(results)
    yield from _unasked(summary.rows, results)


def aliases_in_words(contrast: Contrast) -> str:
    """Return the lowest-order aliases of *contrast*, at most three by name; empty if it has none.

    Effects of few components are more likely, so those of more components are only counted.
    """
    if not contrast.aliases:
        return ""
    order = min(alias.count("×") for alias in contrast.aliases)
    named = [alias for alias in contrast.aliases if alias.count("×") == order][:_MAX_ALIASES]
    more = len(contrast.aliases) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")


def _first_and_last(summary: Summary, values: Values, seeds: Sequence[int]) -> Iterator[str]:
    """Components whose effect when removed from the full pipeline differs from that when added to the bare one."""
    removed = {row.contrast.component: row for row in summary.rows if row.contrast and row.contrast.kind == "removal"}
    for row in summary.rows:
        if row.contrast is None or row.contrast.kind != "addition" or row.contrast.component not in removed:
            continue
        last = removed[row.contrast.component]
        if last.contrast is None or last.effect is None or row.effect is None:
            continue
        differs = _difference(last, row, values, seeds, summary.level)
        if differs is None or not (_excludes_zero(differs) or _contradict(last, row)):
            continue
        good = -differs.mean if summary.lower_is_better else differs.mean
        reason = "it acts together with other components" if good > 0 else "other components do part of what it does"
        alone = _amount(summary, row.effect.mean)
        yield (
            f"{row.contrast.component}, with minus without it: {_amount(summary, last.effect.mean)} in the full "
            f"pipeline, {alone} in the bare one ({_difference_in_words(summary, differs)}). "
            f"Probably {reason}; '--design pairwise' shows which."
        )


def _difference(last: Row, first: Row, values: Values, seeds: Sequence[int], level: float) -> Effect | None:
    """Compare the two effects on the replicates that have both; each is rounded to the steps of the metric."""
    if last.contrast is None or first.contrast is None:
        return None
    one, other = arms_of(last.contrast, values, seeds), arms_of(first.contrast, values, seeds)
    one_effects = dict(zip(one.seeds, _effects(one.with_it, one.without), strict=True))
    other_effects = dict(zip(other.seeds, _effects(other.with_it, other.without), strict=True))
    shared = [seed for seed in one.seeds if seed in other_effects]
    if not shared:
        return None
    rounding = math.hypot(*(row.effect.rounding_sd for row in (last, first) if row.effect))
    pairs = [one_effects[seed] for seed in shared], [other_effects[seed] for seed in shared]
    return paired_effect(*pairs, level=level, rounding_sd=rounding)


def _effects(with_it: Sequence[float], without: Sequence[float]) -> list[float]:
    return [one - other for one, other in zip(with_it, without, strict=True)]


def _excludes_zero(effect: Effect) -> bool:
    return effect.low is not None and effect.high is not None and not effect.low <= 0 <= effect.high


def _contradict(one: Row, other: Row) -> bool:
    """Whether both have a verdict, and the verdicts differ."""
    return (
        None not in (one.verdict, other.verdict)
        and "undecided" not in (one.verdict, other.verdict)
        and (one.verdict != other.verdict)
    )


def _difference_in_words(summary: Summary, differs: Effect) -> str:
    if differs.low is None or differs.high is None:
        return "no interval for the difference"
    low, high = _amount(summary, differs.low), _amount(summary, differs.high)
    return f"{100 * summary.level:g} % interval of the difference: {low} to {high}, for this comparison alone"


def _amount(summary: Summary, value: float) -> str:
    return f"{100 * value:+.2f} points" if summary.percent else f"{value:+.3g}"


def _aliases(rows: Sequence[Row]) -> Iterator[str]:
    found = [(row.label, aliases_in_words(row.contrast)) for row in rows if row.contrast and row.contrast.aliases]
    if found:
        pairs = "; ".join(f"'{label}' from {aliases}" for label, aliases in found)
        yield f"This fractional design cannot distinguish {pairs}."


def _shapley_values(summary: Summary, values: Values, seeds: Sequence[int]) -> Iterator[str]:
    """The sum of the Shapley values, which is (full - bare) on every replicate that has all trials."""
    shapley = [row.contrast for row in summary.rows if row.contrast and row.contrast.kind == "share"]
    wholes = [row.contrast for row in summary.rows if row.contrast and row.contrast.kind == "exploration"]
    for whole in wholes:
        complete = [
            seed
            for seed in seeds
            if all(arms_of(contrast, values, [seed]).seeds for contrast in (*shapley, whole))
            and _adds_up(shapley, whole, seed)
        ]
        if not shapley or not complete:
            continue
        arms = arms_of(whole, values, complete)
        total = sum(_effects(arms.with_it, arms.without)) / len(complete)
        parts = sum(sum(_effects(a.with_it, a.without)) for a in (arms_of(c, values, complete) for c in shapley))
        yield (
            f"The Shapley values add up to {_amount(summary, parts / len(complete))}; base against {whole.label} is "
            f"{_amount(summary, total)} (on {len(complete)} of {len(seeds)} replicates, those that have all trials)."
        )


def _adds_up(shapley: Sequence[Contrast], whole: Contrast, seed: int) -> bool:
    """Whether the weights of the Shapley values add up to those of *whole*, so that they come from one design."""
    total: dict[str, float] = {}
    for contrast in shapley:
        for change, weight in contrast.weights_on(seed).items():
            total[change] = total.get(change, 0.0) + weight
    wanted = whole.weights_on(seed)
    return all(abs(total.get(change, 0.0) - wanted.get(change, 0.0)) < 1e-9 for change in {*total, *wanted})


def _tuned(results: Sequence[TrialOutcome]) -> Iterator[str]:
    """The values that the trials of each variant chose, and how often."""
    chosen: dict[str, dict[str, Counter[str]]] = {}
    for result in finished(results):
        for key, value in result.tuned.items():
            counts = chosen.setdefault(key, {}).setdefault(label_of(result.change), Counter())
            counts[_value(value)] += 1
    for key, changes in chosen.items():
        shown = [f"{change} {_counts(counts)}" for change, counts in list(changes.items())[:_MAX_CHANGES]]
        more = len(changes) - len(shown)
        others = f"; and {more} more variants" if more else ""
        yield f"Values of {key} that were chosen on validation: {'; '.join(shown)}{others}."


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{value} ({number} of {sum(counts.values())})" for value, number in counts.items())


def _value(value: object) -> str:
    return f"[{', '.join(map(str, value))}]" if isinstance(value, tuple | list) else str(value)


def _unasked(rows: Sequence[Row], results: Sequence[TrialOutcome]) -> Iterator[str]:
    """The other variants in the ledger: cells of earlier designs over other components."""
    others = unasked(results, [row.contrast for row in rows if row.contrast])
    if others:
        which = count(len(others), "variant")
        yield f"The study also has trials of {which} without a row in this table, such as {others[0]}."
