"""What must be said under the table so that it is read rightly: one line of text each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import shorten
from typing import TYPE_CHECKING

from ..contracts import TrialResult
from .effects import sign_flip_floor
from .verdicts import pairs_to_reach

if TYPE_CHECKING:
    from .summary import Row, Summary


def write_notes(summary: Summary, results: Sequence[TrialResult], pending: int) -> tuple[str, ...]:
    """Return the notes of *summary*; each names the variants that it speaks of."""
    return (
        *_pending(pending),
        *_missing_base(summary),
        *_failed((summary.base, *summary.rows)),
        *_collapsed((summary.base, *summary.rows)),
        *_unpaired(summary.rows),
        *_undecided(summary.rows),
        *_interval_against_holm(summary),
        *_sign_flip(summary),
        *_environment(results),
    )


def count(number: int, noun: str) -> str:
    """Return *number* with its noun, in the plural where it is due (``1 trial``, ``2 trials``)."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def short(probability: float) -> str:
    """Return a probability with three significant digits and without its leading zero, such as ``.0625``."""
    return f"{probability:.3g}".removeprefix("0")


def _pending(pending: int) -> Iterator[str]:
    if pending:
        yield f"{count(pending, 'trial')} still to run: the verdicts are provisional."


def _missing_base(summary: Summary) -> Iterator[str]:
    if summary.base.n == 0:
        yield "No trial of the base has a value, so nothing can be compared."


def _failed(rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        if row.failed:
            cause = shorten(row.first_failure, 160) or "the metric is missing or no finite number"
            yield f"Failed and left out: {row.failed} of {count(row.trials, 'trial')} of {row.label} ({cause})."


def _collapsed(rows: Sequence[Row]) -> Iterator[str]:
    hit = [f"{row.label} {row.collapsed} of {row.trials}" for row in rows if row.collapsed]
    if hit:
        yield f"Collapsed runs, kept in all figures: {', '.join(hit)}."


def _unpaired(rows: Sequence[Row]) -> Iterator[str]:
    hit = [f"{row.label} {row.unpaired}" for row in rows if row.unpaired]
    if hit:
        yield f"Seeds without a partner in the base, left out: {', '.join(hit)}."


def _undecided(rows: Sequence[Row]) -> Iterator[str]:
    """The reasons, those of one kind together."""
    open_rows = [row for row in rows if row.verdict == "undecided"]
    near = [f"{row.label} {row.more_replicates}" for row in open_rows if _plainly_more(row)]
    if near:
        hint = "Undecided. About how many more replicates would decide, if effect and spread stay (power .8)"
        yield f"{hint}: {', '.join(near)}."
    groups: dict[str, list[str]] = {}
    for row in open_rows:
        if not _plainly_more(row):
            groups.setdefault(row.reason, []).append(row.label)
    for reason, labels in groups.items():
        yield f"Undecided: {', '.join(labels)} ({reason})."


def _plainly_more(row: Row) -> bool:
    return row.more_replicates is not None and row.effect is not None and row.effect.has_spread


def _interval_against_holm(summary: Summary) -> Iterator[str]:
    hit = [
        row.label
        for row in summary.rows
        if row.verdict == "undecided"
        and row.effect
        and row.effect.t_p is not None
        and row.effect.t_p <= 1 - row.effect.level
    ]
    if hit:
        yield (
            f"The interval excludes 0 but the verdict allows for {summary.comparisons} comparisons: {', '.join(hit)}."
        )


def _sign_flip(summary: Summary) -> Iterator[str]:
    """Only where the most replicates of any row are too few; rows with fewer are then too few as well."""
    n = max((row.n for row in summary.rows), default=0)
    alpha = 1 - summary.level
    if n >= 2 and sign_flip_floor(n) > alpha:
        yield (
            f"{count(n, 'replicate')}: the smallest possible exact sign-flip p is {short(sign_flip_floor(n))} "
            f"({pairs_to_reach(alpha)} replicates could reach {short(alpha)}), so the verdicts rest on the paired t "
            "test, which takes the differences to be normal."
        )


def _environment(results: Sequence[TrialResult]) -> Iterator[str]:
    """Anything that the trials were not run with alike, such as the version of torch.

    That variants use different plugins is no difference of the environment; one plugin in two versions is. What a
    result does not tell counts as equal.
    """
    values: dict[str, set[str]] = {}
    for result in results:
        for name, value in result.environment.items() if not result.failure else ():
            if name == "owners":
                for plugin, origin in _plugins(value):
                    values.setdefault(f"plugin {plugin}", set()).add(origin)
            else:
                values.setdefault(name, set()).add(value)
    mixed = [f"{name} {' / '.join(sorted(found))}" for name, found in sorted(values.items()) if len(found) > 1]
    if mixed:
        yield f"Not all trials ran in the same environment: {'; '.join(mixed)}."


def _plugins(owners: str) -> Iterator[tuple[str, str]]:
    """Split ``blur (dist-blur 1.0); ...`` into names and origins; our own plugins go by the version of flowerablate."""
    for owner in owners.split("; "):
        plugin, _, origin = owner.partition(" (")
        if not origin.startswith("flowerablate "):
            yield plugin, origin.removesuffix(")")
