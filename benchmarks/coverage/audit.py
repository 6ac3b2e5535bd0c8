"""The faults that an audit of the statistics found, with its figures, and what is measured now.

The audit simulated 20,000 studies per line, with worlds of its own; ours are those of this folder, so the figures are
comparable in size and not to the digit.
"""

from __future__ import annotations

from collections.abc import Mapping

from cells import Result
from tables import table

from flowerablate.stats.power import detectable_noncentrality, two_sided_power

Results = Mapping[str, Result]


def table_of(results: Results) -> str:
    """Return one line for each fault: the audit's figure, and ours."""
    coverage, patients, practice = (results[f"{name}.json"] for name in ("coverage", "patients", "practice"))
    effects = [row for row in patients["effects"] if row["patients"] == 40]
    areas = {
        (row["positives"], row["negatives"]): row
        for row in patients["one_model"]
        if row["metric"] == "AUC" and row["images"] == 1
    }
    skew = {
        (row["comparisons"], row["procedure"]): row
        for row in coverage["skew"]
        if row["case"] == "exponential differences" and row["replicates"] == 10
    }
    collapse = [
        row
        for row in coverage["skew"]
        if "collapse" in row["case"] and row["procedure"] == "ours" and row["replicates"] == 10
    ]
    coarse = [row for row in coverage["coverage"] if "100 images" in row["case"]]
    extended = {
        name: [row for row in practice["extension"] if row["procedure"] == name and row["case"].startswith("normal")]
        for name in ("naturally", "by chance", "without rules", "by missing replicates")
    }
    ten = [row for row in practice["families"] if row["case"] == "all are nothing" and row["comparisons"] == 10]
    habit = {row["case"]: row for row in (*practice["questions"], *practice["tuning"])}
    few = {(row["case"], row["replicates"]): row for row in coverage["few"] if row["comparisons"] == 1}
    many = {(row["case"], row["replicates"]): row for row in coverage["few"] if row["comparisons"] == 10}
    early = {
        row["comparisons"]: row
        for row in coverage["skew"]
        if row["case"] == "exponential differences" and row["replicates"] == 5 and row["procedure"] == "ours"
    }
    power = two_sided_power(detectable_noncentrality(1, 0.05), 1, 0.05)
    rows = [
        ("40 patients, ICC 0.2 to 1: interval covers", "92 to 69 %", _range(effects, "ours_covered"), "patients"),
        (
            "AUC of one model, 3 + 97, 10 + 90, 30 + 300: interval covers",
            "73, 80, 91 %",
            _list([areas[size] for size in ((3, 97), (10, 90), (30, 300))], "ours_covered"),
            "score intervals",
        ),
        (
            "exponential differences, n = 10, 1, 3, 10 questions: any false finding",
            "10, 16, 28 %",
            f"{_list([skew[m, 'ours'] for m in (1, 3, 10)])} by t; "
            f'{_list([skew[m, "modified t"] for m in (1, 3, 10)])} by `test = "modified-t"`',
            "**not kept**: a note from 10 pairs",
        ),
        ("one arm collapses: interval covers", "58 %", _list(collapse, "covered"), "**not kept**: a note"),
        (
            "5, a look, 10, a look, 20 replicates: any false finding",
            "8.8 % at 10, 11.9 % at 20",
            _range(extended["naturally"]),
            "reserve",
        ),
        (
            "obeying the forecast: any false finding",
            "10 to 16 %",
            f"{_range(extended['by chance'])} (the old one: {_range(extended['by missing replicates'])})",
            "chance instead of a number",
        ),
        ("coarse accuracy on 100 images: any false finding", "", _range(coarse), "rounding"),
        ("coarse accuracy: rows without an interval", "13 to 68 %", _range(coarse, "without_interval"), "rounding"),
        (
            "10 questions: all printed intervals hold together",
            "67 to 71 %",
            f"thin ones {_range([row for row in ten if row['procedure'] == 'ours'], 'together')}",
            "thin interval",
        ),
        (
            "only the base tuned over 40 settings, n = 5, 10: a false «helps»",
            "21, 39 %",
            f"{_list([habit[f'only the base tuned over 40 settings, n = {n}'] for n in (5, 10)])}; with `--retune` "
            f"{_list([habit[f'both tuned over 40 settings, n = {n}'] for n in (5, 10)])}",
            "**not kept** without --retune: a note",
        ),
        ("smallest detectable effect, n = 2: power", "73 %", f"{100 * power:.0f} %", "noncentral t"),
        (
            "a verdict from 2 replicates, differences with two modes: any false finding",
            "",
            f"{_list([few['two modes', 2]])}; from 5: {_list([few['two modes', 5]])}",
            "five at least",
        ),
        (
            "the same with 10 comparisons, n = 5 and 10; where both arms have two modes",
            "",
            f"{_list([many['two modes', n] for n in (5, 10)])}; "
            f"{_list([many['both arms have two modes', n] for n in (5, 10)])}",
            "**not kept**: a note where signs alone could not decide",
        ),
        (
            "exponential differences, n = 5, 1, 3, 10 questions: any false finding by t",
            "",
            _list([early[m] for m in (1, 3, 10)]),
            "**not kept**: the modified t has no verdict below 10",
        ),
        (
            "the best of three metrics: any false finding",
            "13.5 to 14.7 %",
            _list([habit["the best of 3 metrics"]]),
            "**not kept**: a note",
        ),
        (
            "five questions, each asked after the last table: any false finding",
            "",
            _list([habit["5 questions, asked one after the other"]]),
            "**not kept**: a note",
        ),
    ]
    return table(("what", "audit", "now", "by"), rows)


def _list(rows: list[Result], key: str = "family_error") -> str:
    return ", ".join(f"{100 * row[key]:.1f}" for row in rows) + " %"


def _range(rows: list[Result], key: str = "family_error") -> str:
    found = sorted(100 * row[key] for row in rows)
    low, high = f"{found[0]:.1f}", f"{found[-1]:.1f}"
    return f"{low} %" if low == high else f"{low} to {high} %"
