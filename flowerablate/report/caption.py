"""The text above and below the table: what was measured, and the rules of the verdicts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..stats import Summary
from .column import Column
from .phrases import printable, scale_of
from .row_groups import Group, groups_of

_PROCEDURES = {"holm": "Holm", "max-t": "max-T"}
_TEST_NAMES = {"t over replicates x images": "t test over replicates and test images"}
"""Tests whose name does not fit before the word "test"."""


_HELPS_AND_HURTS = {
    ("helps",): "helps: the result is better with the component than without it.",
    ("hurts",): "hurts: the result is worse with the component than without it.",
    ("helps", "hurts"): "helps, hurts: the result is better or worse with the component than without it.",
}


def headline(summary: Summary) -> str:
    """Return the headline: the metric, the split, the number of replicates, the base's mean."""
    ns = [row.n for row in (summary.rows or (summary.base,))]
    counts = str(ns[0]) if len(set(ns)) == 1 else f"{min(ns)} to {max(ns)}"
    what = f"{printable(summary.metric)} on the test split"
    return f"{what}, {counts} {'replicate' if counts == '1' else 'replicates'}{_base(summary)}"


def _base(summary: Summary) -> str:
    if summary.base.base_mean is None:
        return ""
    scale = scale_of(summary)
    return f", base {scale.value(summary.base.base_mean)}{' ' + scale.unit if scale.unit else ''}"


def caption(summary: Summary, columns: Sequence[Column] = ()) -> tuple[str, ...]:
    """Return the explanation of *columns*: the effect, the rules of the verdicts, the plot, the costs."""
    shown = {column.name for column in columns}
    groups = groups_of(summary)
    lines: list[str] = []
    if groups:
        lines += [_effect(summary, groups), *rules(summary)]
        if words := _about_components(summary, columns):
            lines.append(_HELPS_AND_HURTS[words])
    drawn = "".join(cell for column in columns if column.is_drawing for cell in column.cells(summary))
    if drawn:
        lines.append(_drawing(drawn))
    if "time" in shown:
        lines.append("time: mean duration of a trial.")
    return tuple(lines)


def _effect(summary: Summary, groups: Sequence[Group]) -> str:
    unit = f" in percentage {scale_of(summary).points}" if scale_of(summary).points else ""
    formulas = list(dict.fromkeys(group.words.effect for group in groups))
    what = f"{formulas[0]}{unit}" if len(formulas) == 1 else f"see each heading{',' * bool(unit)}{unit}"
    favoured = list(dict.fromkeys(group.words.favours for group in groups))
    target = favoured[0] if len(favoured) == 1 else "the component or the base"
    sign = f"lower is better: − favours {target}" if summary.lower_is_better else f"+ favours {target}"
    return f"effect: {what}, paired by seed; {sign}."


def rules(summary: Summary) -> Iterator[str]:
    """Yield the rules of the verdicts: tests, family, margin, looks, and the population of the intervals."""
    if not summary.comparisons:
        return
    given = summary.rules
    alpha = f"{1 - summary.level:.2g}".lstrip("0")
    family = f"{summary.comparisons} comparisons"
    if given.margin is None:
        over = "1 comparison" if summary.comparisons == 1 else f"{_PROCEDURES[summary.procedure]} over {family}"
        yield f"verdict: {_tests(summary)} at level {alpha}, {over}{_kept(summary)}."
    else:
        over = "1 comparison" if summary.comparisons == 1 else f"{family}, adjusted together (Shaffer)"
        scale = scale_of(summary)
        margin = f"±{given.margin * scale.factor:g}{' ' + scale.points if scale.points else ''}"
        tests = f"{_tests(summary)} and equivalence test (TOST) with margin {margin}"
        yield f"verdict: {tests} at level {alpha}, {over}{_kept(summary)}."
    if given.looks:
        looks = ", ".join(map(str, given.looks))
        yield (
            f"looks planned at n = {looks}: intervals and verdicts are valid at each of them, so intervals are wider "
            "than at a single one, and need not be centred on the effect."
        )
    if any(row.interval == "replicates x images" for row in summary.rows):
        yield "interval: accounts for the choice of replicates and of test images, or groups of them."


def _kept(summary: Summary) -> str:
    """Return what a study of fixed size keeps of its error for tables with more replicates."""
    if not summary.kept:
        return ""
    kept = f"{(1 - summary.level) * summary.kept:.2g}".removeprefix("0")
    return f"; {kept} of the level is reserved for later tables with more replicates"


def _tests(summary: Summary) -> str:
    """Return the tests of the verdicts; the notes mention the substitute for differences whose sd is zero."""
    tests = [row.evidence.test for row in summary.rows if row.evidence is not None and row.verdict is not None]
    usual = list(dict.fromkeys(test for test in tests if not test.startswith("sign flip, as")))
    names = (_TEST_NAMES.get(test, f"{test} test") for test in usual or ["paired t"])
    return " / ".join(names)


def _about_components(summary: Summary, columns: Sequence[Column]) -> tuple[str, ...]:
    """Return which of the words "helps" and "hurts" stand in a verdict or above a plot."""
    verdicts = {row.verdict for row in summary.rows}
    heads = " ".join(column.header(summary) for column in columns if column.is_drawing).split()
    return tuple(word for word in ("helps", "hurts") if word in verdicts or word in heads)


def _drawing(drawn: str) -> str:
    """Return the explanation of a plot, whose rows are *drawn*: of the marks that occur in it."""
    margin = ", ░ the margin" if "░" in drawn else ""
    together = "; ╌ the interval for all comparisons together" if "╌" in drawn else ""
    beyond = " ".join(mark for mark in "◂▸" if mark in drawn)
    continued = f"; {beyond} an interval that extends beyond the plot" if beyond else ""
    return f"plot: one scale for all rows; │ is 0{margin}{together}{continued}."
