"""Write the tables of README.md from the results, between their markers.

python benchmarks/report.py                      # after operations.py, chains.py, training/compare.py and ledgers.py
python benchmarks/report.py --check              # exit code 1 if a table is not that of the results
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tables import between, table

HERE = Path(__file__).parent
README = HERE / "README.md"
Result = dict[str, Any]


def main() -> None:
    options = _options()
    old = README.read_text(encoding="utf-8")
    new = old
    for name, render in (("operations", operations), ("chains", chains), ("training", training), ("ledgers", ledgers)):
        path = HERE / "results" / f"{name}.json"
        if not path.exists():
            print(f"{name}: no result yet, its table stays as it is", file=sys.stderr)
            continue
        # A result is never edited; those that were measured first call an image a picture.
        rendered = render(json.loads(path.read_text(encoding="utf-8").replace("picture", "image")))
        new = between(new, name, rendered, writer="report.py", document=README.name)
    if options.check and new != old:
        sys.exit("error: README.md does not show the results; run python benchmarks/report.py")
    README.write_text(new, encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Write the tables of README.md from the results.")
    parser.add_argument("--check", action="store_true", help="change nothing, say whether they agree")
    return parser.parse_args()


def operations(result: Result) -> str:
    """Return the table of single operations: both thread counts beside each other, and what is missing."""
    by_case: dict[str, dict[int, Result]] = {}
    for each in result["results"]:
        by_case.setdefault(each["case"], {})[each["threads"]] = each
    rows = []
    for case, found in by_case.items():
        counts = sorted(found)
        cells = [cell for threads in (counts[0], counts[-1]) for cell in _operation_cells(found[threads])]
        rows.append([case, *cells])
    heads = [
        "operation", "µs", "fastest peer, µs", "ratio (min-max)", "target",
        "µs, all cores", "fastest peer, µs", "ratio (min-max)", "target",
    ]  # fmt: skip
    parts = [_conditions(result), table(heads, rows), _tally(result["results"])]
    differing = [
        f"{each['case']} from {peer} by {gap['largest_difference']:g}"
        for each in result["results"]
        for peer, gap in each["compared"].items()
        if gap["largest_difference"] > gap["tolerance"]
    ]
    if differing:
        parts.append(f"**Differs beyond rounding:** {'; '.join(dict.fromkeys(differing))}.")
    parts.append(_missed(_operation_shortfalls(result["results"])))
    if result["skipped"]:
        parts.append(_reasons("Not timed", result["skipped"]))
    if result["missing_peers"]:
        parts.append(_reasons("Not installed", result["missing_peers"]))
    return "\n\n".join(filter(None, parts))


def _operation_cells(each: Result) -> list[str]:
    best = each["peers"].get(each["fastest"])
    if best is None:
        return ["", "none", "", ""]
    ratio = f"{best['ratio']:.2f} ({best['ratio_min']:.2f}-{best['ratio_max']:.2f})"
    return [
        f"{best['ours']:.0f}",
        f"{each['fastest']} {best['peer']:.0f}",
        ratio,
        _target(each["target"], each["verdict"]),
    ]


def _operation_shortfalls(results: Iterable[Result]) -> list[str]:
    return [
        f"{each['case']} ({each['threads']} thread{'s' * (each['threads'] > 1)}) "
        f"{each['peers'][each['fastest']]['ratio']:.2f} of {each['target']:g}"
        for each in results
        if each["verdict"] == "missed"
    ]


def chains(result: Result) -> str:
    """Return the tables of whole chains, of scaling and of flatness."""
    rows, all_verdicts, short = [], [], []
    for chain in result["results"]:
        for peer, each in chain["peers"].items():
            ratio = f"{each['ratio']:.2f} ({each['ratio_min']:.2f}-{each['ratio_max']:.2f})"
            speeds = [f"{each['our_images_per_second']:,}", f"{each['images_per_second']:,}"]
            rows.append([chain["chain"], peer, *speeds, ratio, _target(each["target"], each["verdict"])])
            all_verdicts.append(each)
            if each["verdict"] == "missed":
                short.append(f"{chain['chain']} against {peer} {each['ratio']:.2f} of {each['target']:g}")
    scaling = []
    for each in result["scaling"]:
        ratio = f"{each['ratio']:.2f} ({each['ratio_min']:.2f}-{each['ratio_max']:.2f})"
        scaling.append([each["chain"], f"{each['threads']}", ratio, _target(each["target"], each["verdict"])])
        all_verdicts.append(each)
        if each["verdict"] == "missed":
            short.append(
                f"{each['chain']}, {each['threads']} threads against one {each['ratio']:.2f} of {each['target']:g}"
            )
    flat = []
    for each in result["flat"]:
        told = ", ".join(f"{name}: {ratio:.2f}" for name, ratio in each["ratios"].items())
        mark = _target(each["target"], each["verdict"], "at most ")
        flat.append([each["what"], told, f"{each['dearest_to_cheapest']:.2f}", mark])
        all_verdicts.append(each)
        if each["verdict"] == "missed":
            short.append(f"{each['what']} {each['dearest_to_cheapest']:.2f}, where at most {each['target']:g} is flat")
    parts = [
        _conditions(result),
        table(["chain", "against", "our images/s", "its images/s", "ratio (min-max)", "target"], rows),
        table(["chain", "threads", "times one thread", "target"], scaling),
        table(["cost of an image", "relative", "dearest / cheapest", "target"], flat) if flat else "",
        _tally(all_verdicts),
        _missed(short),
        _reasons("Not installed", result["missing_peers"]) if result["missing_peers"] else "",
    ]
    return "\n\n".join(filter(None, parts))


def training(result: Result) -> str:
    """Return the table of the arms of each network, and their ratios with the targets."""
    arms = result["recipe"]["arms"]
    rows, ratios, short = [], [], []
    for model, found in result["models"].items():
        summary = found["summary"]
        for name, arm in summary["arms"].items():
            figures = [f"{arm['seconds']:.1f}", f"{arm['images_per_second']:.0f}", f"{100 * arm['test_accuracy']:.1f}"]
            rows.append([model, summary["n"], arms[name], *figures])
        for name, ratio in summary["ratios"].items():
            verdict = "met" if ratio["met"] else "missed"
            spread = f"{ratio['median']:.2f} ({ratio['min']:.2f}-{ratio['max']:.2f})"
            ratios.append([model, name, spread, _target(ratio["target"], verdict, ratio["sense"] + " ")])
            if not ratio["met"]:
                wanted = f"{ratio['sense']} {ratio['target']:g}"
                short.append(f"{model}, {name} {ratio['median']:.2f}, wanted {wanted}")
    machine, versions = result["machine"], result["versions"]
    told = ", ".join(f"{name} {number}" for name, number in versions.items())
    parts = [
        f"{machine['cpu']}, {machine['cores']} cores, load {machine['load_at_start']} at the start; "
        f"{result['recipe']['epochs']} epochs, peak rate {result['recipe']['lr']:g}. {told}.",
        table(["network", "n", "arm", "seconds", "train images/s", "test accuracy, %"], rows),
        table(["network", "time of / time of", "ratio (min-max)", "target"], ratios),
        _missed(short),
    ]
    return "\n\n".join(filter(None, parts))


def ledgers(result: Result) -> str:
    """Return the table of whole commands, and of the parts of a report on a large ledger."""
    machine, settings = result["machine"], result["settings"]
    versions = ", ".join(f"{name} {number}" for name, number in result["versions"].items())
    quick = "; a quick look, not a result" if settings["quick"] else ""
    seconds: Callable[[Result], list[str]] = lambda each: [  # noqa: E731
        each["case"],
        f"{each['median']:.2f} ({each['lowest']:.2f}-{each['highest']:.2f})",
    ]
    rows = [
        [*seconds(each), _target(each.get("target"), each.get("verdict", ""), "at most ")] for each in result["rows"]
    ]
    short = [
        f"{each['case']} {each['median']:.2f} of {each['target']:g}"
        for each in result["rows"]
        if each.get("verdict") == "missed"
    ]
    parts = [
        f"{machine['cpu']}, {machine['cores']} cores, load {machine['load_at_start']} at the start; large: "
        f"{settings['trials']:,} trials; n = {settings['rounds']} each{quick}. {versions}.",
        table(["command", "seconds, median (min-max)", "target"], rows),
        table(["part of a report, large", "seconds, median (min-max)"], list(map(seconds, result["parts"]))),
        _missed(short),
    ]
    return "\n\n".join(filter(None, parts))


def _conditions(result: Result) -> str:
    machine, settings = result["machine"], result["settings"]
    versions = ", ".join(f"{name} {number}" for name, number in result["versions"].items())
    source = settings.get("source") or settings["images"]
    quick = "; a quick look, not a result" if settings["quick"] else ""
    return (
        f"{machine['cpu']}, {machine['cores']} cores, load {machine['load_at_start']} at the start, instruction set "
        f"{result['simd']}; {source}, batches of {settings['batch']}, {settings['rounds']} pairs{quick}. {versions}."
    )


def _target(target: float | None, verdict: str, before: str = "") -> str:
    return "" if target is None else f"{before}{target:g} {'✓' if verdict == 'met' else verdict}"


def _tally(results: list[Result]) -> str:
    count: Callable[[str], int] = lambda verdict: sum(each["verdict"] == verdict for each in results)  # noqa: E731
    return f"Targets met: {count('met')}, missed: {count('missed')}."


def _missed(short: list[str]) -> str:
    return f"Missed: {'; '.join(short)}." if short else ""


def _reasons(title: str, reasons: dict[str, str]) -> str:
    by_reason: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        by_reason.setdefault(reason, []).append(name)
    return f"{title}: " + "; ".join(f"{', '.join(names)} ({reason})" for reason, names in by_reason.items()) + "."


if __name__ == "__main__":
    main()
