"""Notes on the looks at a study: what earlier tables have spent, what was chosen after them, what more would decide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..contracts import Rules
from .forecast import Forecast
from .looks import LookSchedule
from .rows import Row, Summary
from .wording import several, short

HARDLY = 0.01
"""A row whose chance of a decision is below this, for any effect that its pairs allow, is only named."""

UNLIKELY = 0.05
"""Where the chance of a decision is below this, nobody is told how to add replicates."""

NOTHING = 1e-6
"""A fraction of the error below which nothing is left to spend."""

PLANNED_UP_TO = 20
"""The number of replicates up to which ``--until-decided`` plans, if the study does not say otherwise."""


def earlier_tables(
    summary: Summary,
    schedule: LookSchedule,
    before: Sequence[int],
    needed: Mapping[str, float],
    tables: Sequence[Rules],
) -> Iterator[str]:
    """What tables at *before* replicates without planned looks have spent of the error.

    *schedule*: that of the comparison with the most tables. *needed*: the p that each needs now. *tables*: the rules of
    the tables so far.
    """
    if not before:
        return
    alpha = 1 - summary.level
    shown = f"Verdicts were shown before, at {several(before)} replicates"
    if schedule.left < NOTHING:
        yield f"{shown}. Those tables have used up the error rate, so nothing new can be decided."
    elif summary.rules.looks:
        left = f"{short(schedule.left * alpha, 2)} of {short(alpha, 2)}"
        yield f"{shown}. The planned looks share what was left of the error rate, {left}."
    else:
        most = max(alpha, *(1 - rules.level for rules in tables), 0.0)
        together = "stays at" if most == alpha else f"is not {short(alpha, 2)}, but at most that of the earlier level,"
        yield (
            f"{shown}. The verdicts of this table account for that, so the error rate of all tables together "
            f"{together} {short(most, 2)}: {_needed(summary, needed)}."
        )


def _needed(summary: Summary, needed: Mapping[str, float]) -> str:
    """Return the p that a single comparison needs in this table, which differs where the looks at comparisons do."""
    found: dict[str, list[str]] = {}
    for label, nominal in sorted(needed.items(), key=lambda each: each[1]):
        found.setdefault(short(nominal, 2), []).append(label)
    if len(found) <= 1:
        return f"a single comparison needs a p of {next(iter(found), short(1 - summary.level, 2))} or less"
    each = (f"{nominal} or less for {', '.join(labels)}" for nominal, labels in found.items())
    return f"a single comparison needs a p of {' and of '.join(each)}"


def changed_pairs(changed: Mapping[str, LookSchedule]) -> Iterator[str]:
    """Comparisons whose pairs are others since verdicts on them were shown, with the tables that decide nothing now."""
    by_tables: dict[tuple[str, ...], list[str]] = {}
    for label, schedule in changed.items():
        gone = dict.fromkeys(f"{table.replicates} replicates with {table.pairs} pairs" for table in schedule.gone)
        by_tables.setdefault(tuple(gone), []).append(label)
    for tables, labels in by_tables.items():
        one = len(tables) == 1
        yield (
            f"Trials of {', '.join(labels)} were added in between, run again, changed or removed after verdicts had "
            f"been shown, at {several(tables)}. What {'that table has' if one else 'those tables have'} spent of the "
            f"error stays spent, and {'it decides' if one else 'they decide'} nothing any more."
        )
    if used := [label for label, schedule in changed.items() if schedule.offset >= 1]:
        yield (
            f"Nothing of the error is left for {', '.join(used)}: the plan had reached its end with other trials. A "
            "study of another name begins anew."
        )


def late_questions(summary: Summary, late: Mapping[str, int]) -> Iterator[str]:
    """Questions that earlier tables did not count, because they were not asked yet."""
    rows = [row.label for row in summary.rows if row.verdict and row.label in late]
    if rows:
        shown = several(sorted({late[label] for label in rows}))
        these = "this question" if len(rows) == 1 else "these questions"
        yield (
            f"Asked only after verdicts had been shown, at {shown} replicates: {', '.join(rows)}. This table corrects "
            f"for {these} too, but the earlier one could not. Asking until something is found makes false findings "
            "more frequent."
        )


def changed_rules(rules: Rules, shown: Sequence[Rules], primary: str) -> Iterator[str]:
    """Rules that were other ones in a table that was *shown* before: a choice between results is no rule."""
    keys = ("level", "margin", "population", "min_replicates", "test", "family")
    found = {key: _others((getattr(each, key) for each in shown), getattr(rules, key)) for key in keys}
    changed = [f"{key} was {'not set' if old is None else old}" for key, others in found.items() for old in others]
    if primary:
        changed += [f"the primary metric was {old}" for old in _others((each.metric for each in shown), primary)]
    if changed:
        yield (
            f"Changed after results had been shown: {', '.join(changed)}. Choosing rules "
            "after seeing results makes false findings more frequent."
        )


def kept_reserve(rules: Rules, schedule: LookSchedule) -> Iterator[str]:
    """A reserve that was changed after the first table, which has spent the error by its own: that one stays."""
    if rules.reserve != schedule.reserve:
        yield (
            f"The reserve stays {schedule.reserve:g}, that of the first table with verdicts, not {rules.reserve:g}: "
            "what tables have spent stays spent."
        )


def kept_minimum(rules: Rules, given: Rules) -> Iterator[str]:
    """A minimum of replicates, *given* by the study, below that of earlier tables: that of the *rules* stays."""
    if given.min_replicates < rules.min_replicates and given.needed_replicates < rules.needed_replicates:
        yield (
            f"A verdict still needs {rules.needed_replicates} replicates, as in tables before, not "
            f"{given.needed_replicates}: tables with fewer have decided nothing, so they have spent nothing."
        )


def unrecorded(summary: Summary) -> Iterator[str]:
    """A table that the ledger does not record, which may not decide: no later one would know what it has spent."""
    if any(row.verdict == "undecided" for row in summary.rows):
        yield (
            "This table is not recorded in the ledger, so it decides nothing new; what earlier tables decided stays. "
            "Run the study again, or copy its ledger to where files can be written."
        )


def _others(values: Iterable[object], now: object) -> list[object]:
    return [value for value in dict.fromkeys(values) if value != now]


def undecided(summary: Summary, schedule: LookSchedule) -> Iterator[str]:
    """The reasons of undecided rows, grouped by reason."""
    open_rows = [row for row in summary.rows if row.verdict == "undecided"]
    plain = [row for row in open_rows if _only_p_is_too_large(row, summary.rules)]
    if plain:
        yield from _chances(plain, summary, schedule)
    groups: dict[str, list[str]] = {}
    for row in open_rows:
        if row not in plain:
            groups.setdefault(row.reason, []).append(row.label)
    for reason, labels in groups.items():
        yield f"Undecided: {', '.join(labels)} ({reason})."


def _chances(rows: Sequence[Row], summary: Summary, schedule: LookSchedule) -> Iterator[str]:
    """Yield the chances of *rows* to be decided, and the commands that add replicates within the error.

    A chance is that of a table with twice the replicates of its own row, so rows of other numbers have another note.
    """
    if schedule.reserve == 0:
        labels = ", ".join(row.label for row in rows)
        yield (
            f"Undecided: {labels}. More replicates would decide nothing: this study reserves none of its error for "
            "later tables."
        )
        return
    by_horizon: dict[int, list[Row]] = {}
    for row in rows:
        if row.forecast:
            by_horizon.setdefault(row.forecast.by, []).append(row)
    for by, found in sorted(by_horizon.items()):
        yield _chances_by(by, found, summary.rules)


def _chances_by(by: int, rows: Sequence[Row], rules: Rules) -> str:
    """Return the chance of each of *rows* to be decided with *by* replicates."""
    if all(row.forecast is None or row.forecast.high < HARDLY for row in rows):
        return f"Undecided, and unlikely to be decided with {by} replicates: {', '.join(row.label for row in rows)}."
    chances = ", ".join(f"{row.label} {_chance(row.forecast)}" for row in rows)
    if all(row.forecast is None or row.forecast.chance < UNLIKELY for row in rows):
        return (
            f"Undecided. More replicates would hardly decide it: the chance of a verdict with {by}, and its range over "
            f"the effects that are likely now, is {chances}."
        )
    plan = ""
    over_replicates = all(row.interval in ("", "t") for row in rows)
    if rules.test == "t" and rules.family == "holm" and over_replicates and by <= PLANNED_UP_TO:
        plan = ". '--until-decided' may need fewer"
    return (
        f"Undecided. The chance of a verdict with {by} replicates, and its range over the effects that are likely now: "
        f"{chances}. Run with '--seeds {by}' to add them; the error rate is kept{plan}."
    )


def _only_p_is_too_large(row: Row, rules: Rules) -> bool:
    """Whether nothing but more replicates is missing: the forecast says more than the reason."""
    return (
        row.forecast is not None
        and not rules.looks
        and row.more_replicates is None
        and row.reason.startswith("adjusted p")
    )


def _chance(forecast: Forecast | None) -> str:
    if forecast is None:
        return ""
    low, chance, high = (f"{100 * value:.0f}" for value in (forecast.low, forecast.chance, forecast.high))
    return f"{chance} % ({low} to {high} %)"
