"""The test images that components win and lose, as tables: on the terminal, as CSV and as JSON.

The JSON document (``"schema": "flowerablate.images/1"``)::

    schema, title, rows [ROW]
    ROW: row (label of the table's row), arms [name with the component, name without], images,
         replicates, answers, won, lost, wins [IMAGE], losses [IMAGE]
    IMAGE: key, truth, replicates, right_with, right_without, won, lost, gain, consistency, answer_with, answer_without

The CSV has one line per IMAGE, with ``row`` and ``side`` (``won`` or ``lost``) before its fields.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from ..contracts import Contrast
from ..stats.image_wins import ImageCount, ImageWins
from ..visible import json_text
from .json_csv import harmless
from .phrases import printable
from .row_groups import WORDS

SCHEMA = "flowerablate.images/1"

CHANCE = "Δ p(true)"
"""The heading of the mean difference in the predicted probability of the true class, first arm minus second."""

_UNLIMITED = 100_000
"""A width in which everything has room."""


@dataclass(frozen=True)
class ContrastImages:
    """A row of the ablation table and the images that it wins and loses."""

    contrast: Contrast
    found: ImageWins


def arm_names(contrast: Contrast) -> tuple[str, str]:
    """Return the names of the two arms: ``with`` and ``without`` a component, or for example ``base`` and ``new``."""
    arms = WORDS[contrast.kind].arms
    return ("with", "without") if arms is None or "without" in arms else arms


def side_titles(images: ContrastImages) -> tuple[str, str]:
    """Return the headings above the images won and lost."""
    one, other = arm_names(images.contrast)
    wins, losses = len(images.found.wins), len(images.found.losses)
    contrast = images.contrast
    subject = printable(contrast.component if one.startswith("with") and contrast.component else contrast.label)
    return (
        f"{subject}: {_count(wins)} right more often {_arm(one)} than {_arm(other)}",
        f"{subject}: {_count(losses)} right more often {_arm(other)} than {_arm(one)}",
    )


def _arm(name: str) -> str:
    return f"{name} it" if name.startswith("with") else f"in the {'new one' if name == 'new' else name}"


def _count(number: int) -> str:
    return f"{number} {'image' if number == 1 else 'images'}"


def answer(name: str, right: int, replicates: int) -> str:
    """Return for example ``rose, 3 of 4 right``: the most frequent answer, and how often the arm was right."""
    return f"{printable(name)}, {right} of {replicates} right"


def _head(images: ContrastImages) -> str:
    found = images.found
    one, other = map(_arm, arm_names(images.contrast))
    replicates = f"{found.replicates} {'replicate' if found.replicates == 1 else 'replicates'}"
    return (
        f"{printable(images.contrast.label)}: {_count(found.images)} tested in {replicates}, {found.answers} answers; "
        f"{found.won} right only {one}, {found.lost} only {other}"
    )


def to_tables(images: ContrastImages, top: int) -> Iterator[RenderableType]:
    """Yield the printed parts for one row: a line about all images, then at most *top* won and *top* lost ones."""
    yield Text(_head(images), style="dim")
    found = images.found
    for title, counts in zip(side_titles(images), (found.wins, found.losses), strict=True):
        yield Text()
        yield Text(title, style="bold")
        if counts:
            yield ImageTable(counts[:top], arm_names(images.contrast))
        if len(counts) > top:
            yield Text(f"and {len(counts) - top} more; --top shows them", style="dim")


@dataclass(frozen=True)
class ImageTable:
    """A rich renderable: a line for each of *counts*. Print it uncropped: no name of a file is broken or cut.

    Where the lines of a table would be too long for that, each name has a line of its own, above the rest.
    """

    counts: Sequence[ImageCount]
    arms: tuple[str, str]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        heads = ("image", "truth", *self.arms, CHANCE)
        for head in heads:
            table.add_column(head, justify="right" if head == heads[-1] else "left")
        for count in self.counts:
            table.add_row(*map(Text, self._cells(count)))
        if Measurement.get(console, options.update(max_width=_UNLIMITED), table).maximum <= options.max_width:
            yield table
            return
        for count in self.counts:
            name, truth, one, other, gain = self._cells(count)
            yield Text(name, no_wrap=True, overflow="ignore")
            text = f"truth {truth}; {self.arms[0]}: {one}; {self.arms[1]}: {other}; {CHANCE} {gain}"
            for line in Text(text).wrap(console, options.max_width - 4):
                line.rstrip()
                yield Text("    ").append_text(line)

    def _cells(self, count: ImageCount) -> tuple[str, ...]:
        return (
            printable(count.key),
            printable(count.truth),
            answer(count.answer_with, count.right_with, count.replicates),
            answer(count.answer_without, count.right_without, count.replicates),
            f"{count.gain:+.2f}",
        )


def images_to_json(rows: Sequence[ContrastImages], title: str = "") -> str:
    """Return the document described above, indented, ending in a newline."""
    records = []
    for row in rows:
        found = row.found
        totals = {name: getattr(found, name) for name in ("images", "replicates", "answers", "won", "lost")}
        sides = {"wins": [_record(one) for one in found.wins], "losses": [_record(one) for one in found.losses]}
        records.append({"row": row.contrast.label, "arms": list(arm_names(row.contrast)), **totals, **sides})
    document = {"schema": SCHEMA, "title": title, "rows": records}
    return json_text(document) + "\n"


def images_to_csv(rows: Sequence[ContrastImages]) -> str:
    """Return a header and one line per image; text that a spreadsheet could run gets a leading apostrophe."""
    fields = ["row", "side", *_FIELDS]
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, fieldnames=fields, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        for side, counts in (("won", row.found.wins), ("lost", row.found.losses)):
            for count in counts:
                record = {"row": row.contrast.label, "side": side, **_record(count)}
                writer.writerow({name: harmless(value) for name, value in record.items()})
    return buffer.getvalue()


_FIELDS = (
    "key",
    "truth",
    "replicates",
    "right_with",
    "right_without",
    "won",
    "lost",
    "gain",
    "consistency",
    "answer_with",
    "answer_without",
)


def _record(count: ImageCount) -> dict[str, Any]:
    record = {**asdict(count), "consistency": count.consistency}
    return {name: record[name] for name in _FIELDS}
