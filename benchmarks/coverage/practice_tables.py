"""The tables of what people do around a table: from practice.json."""

from __future__ import annotations

from cells import Result, by_case, conditions, percent, promise
from tables import table


def extension(result: Result) -> str:
    """Return the error of studies to which replicates are added after a look, with our rules and without."""
    names = ("naturally", "by chance", "then planned")
    old = ("without rules", "by missing replicates")
    heads = (
        "studies",
        "comparisons",
        *("5, 10, 20 until decided", "while the chance is 20 % or more", "5, then --until-decided"),
        *("5, 10, 20 without a reserve", "obeying «N more would decide»"),
        *("real ones found, in that order", "interval covers (5, 10, 20)", "thin ones all hold", "promise"),
    )
    rows = []
    for found in by_case(result["extension"]).values():
        first = found["naturally"]
        errors = [percent(found[name], "family_error") for name in (*names, *old)]
        real = [f"{100 * found[name]['found']:.0f}" for name in (*names, *old) if "found" in found[name]]
        kept = all(promise(found[name]).startswith("✓") for name in names)
        rows.append([
            first["case"],
            first["comparisons"],
            *errors,
            f"{', '.join(real)} %" if real else "",
            percent(first, "covered"),
            percent(first, "together"),
            ("✓" if kept else "**no**") + ("" if first["model_holds"] else " (not owed)"),
        ])  # fmt: skip
    return conditions(result) + "\n\n" + table(heads, rows)


def failing(result: Result) -> str:
    """Return the error of extended studies some of whose trials fail; empty without a result."""
    if "failing" not in result:
        return ""
    names = ("left out", "run again", "run again, uncharged")
    heads = ("studies", *(f"any false finding: {name}" for name in names), "interval covers", "promise")
    rows = []
    for found in by_case(result["failing"]).values():
        errors = [percent(found[name], "family_error") for name in names]
        kept = all(promise(found[name]).startswith("✓") for name in names[:2])
        said = ("✓" if kept else "**no**") + ("" if found["left out"]["model_holds"] else " (not owed)")
        rows.append([found["left out"]["case"], *errors, percent(found["left out"], "covered"), said])
    return table(heads, rows)


def sequences(result: Result) -> str:
    """Return the error where what is done next is chosen by what the last table showed; empty without a result."""
    if "sequences" not in result:
        return ""
    names = ("chosen sizes", "lowered minimum", "reports")
    heads = (
        "studies",
        "comparisons",
        *("any false finding: the next size chosen by the last table", "the minimum lowered after a table of three"),
        *("reports while a run goes on", "the same, unrecorded", "promise"),
    )
    rows = []
    for found in by_case(result["sequences"]).values():
        first = found[names[0]]
        errors = [percent(found[name], "family_error") for name in (*names, "reports, unrecorded")]
        kept = all(promise(found[name]).startswith("✓") for name in names)
        said = ("✓" if kept else "**no**") + ("" if first["model_holds"] else " (not owed)")
        rows.append([first["case"], first["comparisons"], *errors, said])
    return table(heads, rows)


def families(result: Result) -> str:
    """Return Holm's procedure beside max-T."""
    heads = (
        "studies",
        "comparisons",
        "n",
        "any false finding: Holm",
        "max-T",
        "real ones found: Holm",
        "max-T",
        "promise",
    )
    rows = []
    for found in by_case(result["families"]).values():
        holm, max_t = found["ours"], found["max-T"]
        real = [percent(each, "found") if "found" in each else "" for each in (holm, max_t)]
        errors = [percent(each, "family_error") for each in (holm, max_t)]
        rows.append([holm["case"], holm["comparisons"], holm["replicates"], *errors, *real, promise(max_t)])
    return table(heads, rows)


def chances(result: Result) -> str:
    """Return the chances that tables named beside what came of them."""
    heads = (
        "effect",
        "open at 5",
        "chance of a decision by 10: named, mean",
        "came",
        "named 50 % or more",
        "of these came",
    )
    rows = []
    for row in result["chances"]:
        of_these = row["came_of_these"]
        rows.append([
            row["case"],
            f"{100 * row['open'] / result['studies']:.0f} %",
            f"{100 * row['named']:.0f} %",
            percent(row, "came"),
            f"{100 * row['at_least_half']:.0f} %",
            "" if of_these is None else f"{100 * of_these:.0f} %",
        ])  # fmt: skip
    return table(heads, rows)


def habits(result: Result) -> str:
    """Return the error of choices that no adjustment of one table can know of."""
    rows = [[row["case"], percent(row, "family_error")] for row in (*result["questions"], *result["tuning"])]
    return table(("what is done", "any false finding"), rows)
