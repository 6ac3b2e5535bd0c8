"""Write the tables of docs/explanation/evidence.md from the results, between their markers.

python benchmarks/coverage/report.py               # after this folder, adaptive.py, default_study.py, planted/run.py
python benchmarks/coverage/report.py --check       # exit code 1 if a table is not that of the results
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

sys.path += [str(Path(__file__).parent), str(Path(__file__).parents[1])]

import audit
import practice_tables
from cells import Result, by_case, conditions, percent, promise, versions
from tables import between, table

RESULTS = Path(__file__).parents[1] / "results"
DOCUMENT = Path(__file__).parents[2] / "docs" / "explanation" / "evidence.md"


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the tables of docs/explanation/evidence.md from the results.")
    parser.add_argument("--check", action="store_true", help="change nothing, say whether they agree")
    options = parser.parse_args()
    old = new = DOCUMENT.read_text(encoding="utf-8")
    for name, (file, render) in TABLES.items():
        path = RESULTS / file
        rendered = render(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else ""
        if rendered:
            new = between(new, name, rendered, writer="benchmarks/coverage/report.py", document=DOCUMENT.name)
        else:
            print(f"{name}: no result yet, its table stays as it is", file=sys.stderr)
    results = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in RESULTS.glob("*.json")}
    if {"coverage.json", "patients.json", "practice.json"} <= results.keys():
        table_of_faults = audit.table_of(results)
        new = between(new, "faults", table_of_faults, writer="benchmarks/coverage/report.py", document=DOCUMENT.name)
    if not options.check:
        DOCUMENT.write_text(new, encoding="utf-8")
    elif new != old:
        sys.exit(
            "error: docs/explanation/evidence.md does not show the results; run python benchmarks/coverage/report.py"
        )


def coverage(result: Result) -> str:
    """Return coverage and the error of the family for studies of fixed size."""
    heads = ("studies", "comparisons", "n", "95 % interval covers", "any false finding", "within the promise")
    rows = [
        [
            row["case"],
            row["comparisons"],
            row["replicates"],
            percent(row, "covered"),
            percent(row, "family_error"),
            promise(row, interval=(0.94, 0.96)),
        ]
        for row in result["coverage"]
    ]
    return conditions(result) + "\n\n" + table(heads, rows)


def coarse(result: Result) -> str:
    """Return coverage and error for a metric in unequal steps; empty without a result."""
    return coverage({**result, "coverage": result["coarse"]}) if "coarse" in result else ""


def skew(result: Result) -> str:
    """Return the error where components change how scores vary, by our test and by others."""
    names = ("sign flip", "modified t", "trimmed")
    heads = ["studies", "comparisons", "n", "interval covers", "any false finding", *(f"by {name}" for name in names)]
    rows = []
    for found in by_case(result.get("skew", [])).values():
        first = found["ours"]
        errors = [percent(found[name], "family_error") for name in names]
        covers = percent(first, "covered")
        rows.append([first["case"], first["comparisons"], first["replicates"], covers,
                     percent(first, "family_error"), *errors])  # fmt: skip
    return table(heads, rows)


def few(result: Result) -> str:
    """Return the error of few replicates, by the shape of the differences."""
    by_case: dict[tuple[str, int], dict[int, Result]] = {}
    for row in result.get("few", []):
        by_case.setdefault((row["case"], row["comparisons"]), {})[row["replicates"]] = row
    sizes = sorted({n for found in by_case.values() for n in found})
    rows = [
        [case, comparisons, *(percent(found[n], "family_error") if n in found else "" for n in sizes)]
        for (case, comparisons), found in by_case.items()
    ]
    return table(["differences", "comparisons", *(f"n = {n}" for n in sizes)], rows)


def equivalence(result: Result) -> str:
    """Return the error with a margin, where a false «negligible» counts too."""
    heads = ("studies, margin 1.5 s", "comparisons", "n", "any false finding", "nothing called negligible", "promise")
    rows = [
        [
            row["case"],
            row["comparisons"],
            row["replicates"],
            percent(row, "family_error"),
            percent(row, "negligible") if "negligible" in row else "",
            promise(row),
        ]
        for row in result["equivalence"]
    ]
    return table(heads, rows)


def adaptive(result: Result) -> str:
    """Return the error of adaptive studies, beside looking again and again without a plan."""
    heads = (
        "studies",
        "comparisons",
        "any false finding",
        "the same by unplanned looks",
        "interval covers",
        "real ones found",
        "trials, of those of a fixed study of 20",
        "promise",
    )
    rows = []
    for found in by_case(result["adaptive"]).values():
        ours, peeking = found["ours"], found["peeking"]
        full = 20 * (1 + ours["comparisons"])
        rows.append(
            [
                ours["case"],
                ours["comparisons"],
                percent(ours, "family_error"),
                percent(peeking, "family_error"),
                percent(ours, "covered"),
                percent(ours, "found") if "found" in ours else "",
                f"{100 * ours['trials'] / full:.0f} %",
                promise(ours, interval=(0.94, 1.0)),
            ]
        )
    return table(heads, rows)


def against_fixed(result: Result) -> str:
    """Return what adaptive studies save and lose beside those of a fixed size, and the one with training."""
    heads = (
        "effect",
        "comparisons",
        "margin",
        "trials",
        "same verdict",
        "kept",
        "found: fixed, adaptive",
        "any false finding: fixed, adaptive",
    )
    simulated = result.get("simulated", {"rows": [], "studies": 0})
    rows = [
        [
            f"{row['size']:g}",
            row["comparisons"],
            row["margin"] or "",
            f"{100 * row['trials']:.0f} %",
            f"{100 * row['same_verdict']:.1f} %",
            f"{100 * row['decided_verdicts_kept']:.1f} %" if "decided_verdicts_kept" in row else "",
            f"{100 * row['found_fixed']:.0f} %, {100 * row['found_adaptive']:.0f} %" if "found_fixed" in row else "",
            f"{100 * row['family_error_fixed']:.1f} %, {percent(row, 'family_error_adaptive')}",
        ]
        for row in simulated["rows"]
    ]
    text = f"{table(heads, rows)}\n\n{simulated['studies']:,} studies per line. {versions(result)}"
    trained = result.get("trained")
    if trained:
        part = trained["trials_adaptive"] / trained["trials_fixed"]
        text += (
            f"\n\nWith training, on drawn flowers: {trained['trials_adaptive']} trials instead of "
            f"{trained['trials_fixed']} ({100 * part:.0f} %), and {trained['same_verdict']} of {len(trained['rows'])} "
            "verdicts the same."
        )
    return text


def power(result: Result) -> str:
    """Return what is found and at which error, by several ways of testing."""
    names = ("ours", "sign flip", "unpaired", "unadjusted")
    heads = ["studies", "n", *(f"found: {name}" for name in names), *(f"false: {name}" for name in names)]
    rows = []
    for found in by_case(result["power"]).values():
        first = found["ours"]
        rows.append(
            [
                first["case"],
                first["replicates"],
                *(f"{100 * found[name]['found']:.0f} %" for name in names),
                *(f"{100 * found[name]['family_error']:.1f} %" for name in names),
            ]
        )
    return table(heads, rows)


def images(result: Result) -> str:
    """Return the coverage of intervals over replicates x images, and that of the t interval over replicates alone."""
    heads = ("studies", "replicates : images : rest", "n", "images", "ours covers", "t over replicates covers", "width")
    rows = []
    for row in result["images"]:
        parts = " : ".join(f"{part:g}" for part in row["parts"]) if row["parts"] else ""
        size = f"{row['images']} of {row['pool']}" if row["pool"] else row["images"]
        covers = percent(row, "covered"), percent(row, "t_covered")
        rows.append([row["kind"], parts, row["replicates"], size, *covers, f"{row['wider']:.2f} x"])
    return conditions(result) + "\n\n" + table(heads, rows)


def patients(result: Result) -> str:
    """Return the coverage of effects on other patients, and of intervals that take images for independent."""
    heads = ("ICC", "replicates : images : rest", "n", "patients", "images each", "ours covers", "by images covers")
    rows = []
    for row in result["effects"]:
        parts = " : ".join(f"{part:g}" for part in row["parts"])
        sizes = row["replicates"], row["patients"], row["images"]
        rows.append([row["icc"], parts, *sizes, *_covers(row, "ours", "images")])
    return conditions(result) + "\n\n" + table(heads, rows)


def areas(result: Result) -> str:
    """Return the coverage of differences of areas under the ROC curve on other patients; empty without a result."""
    if "areas" not in result:
        return ""
    heads = ("ICC", "areas", "n", "patients", "images each", "ours covers", "by images covers")
    rows = []
    for row in result["areas"]:
        sizes = row["replicates"], f"{row['positives']} + {row['negatives']}", row["images"]
        between = ", ".join(f"{area:g}" for area in row["areas"])
        rows.append([row["icc"], between, *sizes, *_covers(row, "ours", "images")])
    return conditions(result) + "\n\n" + table(heads, rows)


def one_model(result: Result) -> str:
    """Return the coverage of the metrics of one model, beside intervals over images and Wald's."""
    heads = ("metric", "truth", "patients", "images each", "ICC", "ours covers", "by images covers", "Wald covers")
    rows = []
    for row in result["one_model"]:
        single = row["images"] == 1
        sizes = f"{row['positives']} + {row['negatives']}", row["images"], "" if single else row["icc"]
        rows.append([row["metric"], row["truth"], *sizes, *_covers(row, "ours", "" if single else "images", "wald")])
    return conditions(result) + "\n\n" + table(heads, rows)


def _covers(row: Result, *names: str) -> list[str]:
    """Return how often each interval covers, and how often it is undefined, which does not cover."""
    cells = []
    for name in names:
        undefined = row.get(f"{name}_undefined", 0)
        shown = percent(row, f"{name}_covered") if f"{name}_covered" in row else ""
        cells.append(f"{shown}, undefined {100 * undefined:.1f} %" if undefined else shown)
    return cells


def planted(result: Result) -> str:
    """Return the verdicts of the studies with training."""
    heads = ("component", "built to matter", "verdicts", "mean effect, points", "largest, points")
    rows = [
        [
            f"`{row['component']}`",
            "yes" if row["matters"] else "cannot",
            ", ".join(f"{word} {count}" for word, count in sorted(row["verdicts"].items())),
            f"{100 * row['mean_effect']:+.2f}",
            f"{100 * row['largest_effect']:.2f}",
        ]
        for row in result["rows"]
    ]
    false = result["studies_with_a_false_finding"]
    total = f"{false} of {result['studies']} studies had a false finding ({100 * false / result['studies']:.1f} %)."
    return f"{table(heads, rows)}\n\n{total} {versions(result)}"


def first_study(result: Result) -> str:
    """Return the verdicts of the default study on disjoint sets of seeds, a line for each machine and row."""
    heads = ("processor", "threads", "row", "verdicts", "effects of the sets, points", "stuck trainings of the base")
    rows = []
    for line in result["lines"]:
        for label, verdicts in line["verdicts"].items():
            low, mean, high = line["effects"][label]
            said = ", ".join(f"{word} {count}" for word, count in sorted(verdicts.items()))
            effects = f"{low:+.1f} to {high:+.1f}, mean {mean:+.1f}"
            processor = f"{line['cpu']}, {line['capability']}"
            rows.append([processor, line["threads"], f"`{label}`", said, effects, line["stuck"]])
    return f"{table(heads, rows)}\n\n{versions(result)}"


TABLES: dict[str, tuple[str, Callable[[Result], str]]] = {
    "coverage": ("coverage.json", coverage),
    "coarse": ("coverage.json", coarse),
    "skew": ("coverage.json", skew),
    "few": ("coverage.json", few),
    "equivalence": ("coverage.json", equivalence),
    "adaptive": ("coverage.json", adaptive),
    "against fixed": ("adaptive.json", against_fixed),
    "power": ("coverage.json", power),
    "images": ("images.json", images),
    "patients": ("patients.json", patients),
    "areas": ("patients.json", areas),
    "one model": ("patients.json", one_model),
    "planted": ("planted.json", planted),
    "default study": ("default_study.json", first_study),
    "extension": ("practice.json", practice_tables.extension),
    "failing": ("practice.json", practice_tables.failing),
    "sequences": ("practice.json", practice_tables.sequences),
    "chances": ("practice.json", practice_tables.chances),
    "families": ("practice.json", practice_tables.families),
    "habits": ("practice.json", practice_tables.habits),
}

if __name__ == "__main__":
    main()
