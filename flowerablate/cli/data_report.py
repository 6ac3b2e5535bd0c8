"""Shows the report of ``flowerablate data check``: a table of the classes, then what was found, the worst first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from io import StringIO
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from ..console import Console
from ..data.check import SEVERITIES, ClassFacts, DataReport, Finding
from ..report import printable
from .listing import print_indented

_STYLES = {"fault": "bold red", "warning": "yellow", "fine": "green"}
_INDENT = 9
_SHOWN = 3
_SHOWN_OF_GROUP = 2


def print_data_report(report: DataReport, console: Console) -> None:
    """Print *report* on *console*; of each finding's files, the first few."""
    console.print(_classes(report))
    console.print(Text("medians; light, contrast: mean and standard deviation of grey, of 255", style="dim italic"))
    for finding in report.findings:
        if finding.severity != "fine":
            console.print()
        _print_headline(finding, console)
        if finding.advice:
            print_indented(Text(f"→ {printable(finding.advice)}", style="italic"), _INDENT, console)
        if finding.severity != "fine":
            for line in _file_lines(finding.files):
                console.print(Text(" " * _INDENT + line, style="dim"), soft_wrap=True)  # no name of a file is broken
    console.print()
    console.print(Text(", ".join(_counted(report)), style=_STYLES[report.severity]))


def as_json(report: DataReport) -> dict[str, Any]:
    """Return *report* as JSON values, with its ``severity`` and all files."""
    return {"severity": report.severity, **asdict(report)}


def write_data_report(path: Path, report: DataReport, *, as_record: bool) -> None:
    """Write *report* to *path*: *as_record* as JSON, else as plain text of 80 columns."""
    from ..files import replacing, write_json

    if as_record:
        write_json(path, as_json(report))
        return
    text = StringIO()
    print_data_report(report, Console(width=80, file=text, color_system=None))
    with replacing(path) as file:
        file.write(text.getvalue().encode())


def _classes(report: DataReport) -> Table:
    parts = list(dict.fromkeys(part for facts in report.classes for part in facts.splits))
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("class", overflow="fold")
    heads = ["images", "fraction", *parts, "width", "height", "aspect", "kB", "light", "contrast"]
    for head in heads:
        table.add_column(head, justify="right", no_wrap=True)
    for facts in report.classes:
        table.add_row(*map(Text, _cells(facts, parts, sum(other.images for other in report.classes))))
    return table


def _cells(facts: ClassFacts, parts: Sequence[str], images: int) -> list[str]:
    fraction = facts.images / images if images else 0.0
    medians = (f"{facts.width:.0f}", f"{facts.height:.0f}", f"{facts.aspect:.2f}", f"{facts.kilobytes:.1f}")
    light = (f"{facts.brightness:.0f}", f"{facts.contrast:.0f}")
    counts = [str(facts.splits.get(part, 0)) for part in parts]
    return [printable(facts.name), str(facts.images), f"{fraction:.0%}", *counts, *medians, *light]


def _print_headline(finding: Finding, console: Console) -> None:
    text = Text.assemble((printable(finding.name), "bold"), f": {printable(finding.text)}")
    severity = Text(f"{finding.severity:<{_INDENT}}", style=_STYLES[finding.severity])
    print_indented(text, _INDENT, console, severity)


def _file_lines(files: Sequence[Sequence[str]]) -> list[str]:
    lines = []
    for group in files[:_SHOWN]:
        more = f" and {len(group) - _SHOWN_OF_GROUP} more" if len(group) > _SHOWN_OF_GROUP else ""
        lines.append(" = ".join(map(printable, group[:_SHOWN_OF_GROUP])) + more)
    if len(files) > _SHOWN:
        lines.append(f"and {len(files) - _SHOWN} more; --format json names all")
    return lines


def _counted(report: DataReport) -> list[str]:
    words = {"fault": ("fault", "faults"), "warning": ("warning", "warnings"), "fine": ("fine", "fine")}
    numbers = {severity: len(report.of(severity)) for severity in SEVERITIES}
    return [f"{number} {words[severity][number != 1]}" for severity, number in numbers.items() if number]
