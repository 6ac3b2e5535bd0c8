"""What a study has found: the table, its rows, and the files that can be made of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from ..contracts import Contrast, CostInfo, Population, TrialFailure, current_label
from ..errors import FlowerablateError, StudyError, nearest
from ..files import replacing
from ..ledger import Ledger, StudyNote
from ..report import COMPARISON_FORMATS, Column, Report, SecondaryColumn, format_of, render, render_comparison
from ..report.comparison_formats import SideBySide
from ..report.html.page import table_to_html, to_html
from ..report.json_csv import flat_records
from ..stats import Effect, Row, Summary
from .caller import files_in_one_line
from .in_terminal import as_terminal_shows
from .option_values import path_of, texts
from .options import Texts

if TYPE_CHECKING:
    import pandas
    from rich.console import Console, ConsoleOptions, RenderResult

    from ..execute.runner import Outcome
    from ..report import Comparison
    from ..report.image_report import ContrastImages
    from ..wiring.assemble import Assembler


@dataclass(frozen=True)
class ResultRow:
    """One line of the table: the base, or a question with its answer. None stands for what the trials cannot tell.

    Values are in units of the metric: an accuracy of 0.01 is one percentage point. *row* is all that the statistics
    know, *secondary* the effects on the metrics that no verdict rests on, by name.
    """

    row: Row
    secondary: Mapping[str, Effect | None] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """How the table calls it, such as ``-morphology``."""
        return self.row.label

    @property
    def question(self) -> Contrast | None:
        """Which trials are compared, and how; None for the base."""
        return self.row.contrast

    @property
    def effect(self) -> float | None:
        """The mean of ``base - variant`` over the pairs; a positive one is in favour of the part if high is good."""
        return self.row.effect.mean if self.row.effect else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The bounds of the effect at the level of the study, 95 % unless it says otherwise."""
        effect = self.row.effect
        return None if effect is None or effect.low is None or effect.high is None else (effect.low, effect.high)

    @property
    def differences(self) -> tuple[float, ...]:
        """``base - variant`` of each pair, in the order of :attr:`seeds`."""
        return self.row.effect.differences if self.row.effect else ()

    @property
    def p(self) -> float | None:
        """The p-value of this question alone."""
        return self.row.evidence.p if self.row.evidence else None

    @property
    def p_adjusted(self) -> float | None:
        """The p-value in the family of all questions of the study: the one that the verdict rests on."""
        return self.row.adjusted_p

    @property
    def verdict(self) -> str | None:
        """Such as ``helps``, ``hurts``, ``negligible`` or ``undecided``; None for the base and outside the family."""
        return self.row.verdict

    @property
    def reason(self) -> str:
        """Why the verdict is what it is, in a line."""
        return self.row.reason

    @property
    def n(self) -> int:
        """The number of pairs; of the base, that of its trials with a value."""
        return self.row.n

    @property
    def seeds(self) -> tuple[int, ...]:
        """The replicates that the pairs are of."""
        return self.row.seeds

    @property
    def base_mean(self) -> float | None:
        """The mean of the metric with the part, over the pairs."""
        return self.row.base_mean

    @property
    def variant_mean(self) -> float | None:
        """The mean of the metric without it, over the same pairs."""
        return self.row.variant_mean


@dataclass(frozen=True, repr=False, eq=False)
class Result:
    """The table of a study. It shows itself: as HTML in a notebook, as text in a terminal.

    ``result["-morphology"]`` is a row by its label, ``result["base"]`` the base; iteration goes over :attr:`rows`.
    *summary* is what the statistics say, *note* what the ledger notes of the study. *failed*: trials of this run that
    failed. *left*: trials that were due but not started, as the budget was used up; *elsewhere*: trials that another
    process has at work.
    """

    summary: Summary
    ledger: Ledger
    note: StudyNote
    assembler: Assembler
    columns: tuple[Column, ...] = ()
    failed: tuple[TrialFailure, ...] = ()
    left: int = 0
    elsewhere: int = 0

    @property
    def title(self) -> str:
        """The name of the study."""
        return self.ledger.root.absolute().name

    @property
    def metric(self) -> str:
        """The metric that effects are of."""
        return self.summary.metric

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be known besides the rows, a sentence or two each."""
        return self.summary.notes

    @cached_property
    def base(self) -> ResultRow:
        """The pipeline that all is compared with."""
        return ResultRow(self.summary.base)

    @cached_property
    def rows(self) -> tuple[ResultRow, ...]:
        """A row for each question, in the order in which they were asked."""
        secondary = self.summary.secondary
        return tuple(
            ResultRow(row, {each.info.name: each.effects[place] for each in secondary})
            for place, row in enumerate(self.summary.rows)
        )

    def __getitem__(self, label: str) -> ResultRow:
        found = self._by_label.get(label) or self._by_label.get(current_label(str(label)))
        if found is None:
            raise StudyError(f"the table has no row {label!r}; {nearest(str(label), self._by_label)}")
        return found

    def __contains__(self, label: object) -> bool:
        return isinstance(label, str) and current_label(label) in self._by_label

    def __iter__(self) -> Iterator[ResultRow]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def _by_label(self) -> dict[str, ResultRow]:
        return {row.label: row for row in (self.base, *self.rows)}

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Report(self.summary, self.title, self.columns)

    def __repr__(self) -> str:
        return as_terminal_shows(self)

    def _repr_html_(self) -> str:
        return table_to_html(self.summary, self.title, self.columns)

    def to_records(self) -> list[dict[str, object]]:
        """Return a dictionary for each row, base first, with the fields of the CSV format; None where nothing is known.

        ``docs/report.schema.json`` describes each field.
        """
        return flat_records(self.summary)

    def to_frame(self) -> pandas.DataFrame:
        """Return the same as a pandas DataFrame, indexed by label.

        Raises :class:`~flowerablate.FlowerablateError` where pandas is not installed.
        """
        try:
            import pandas
        except ImportError:
            raise FlowerablateError("to_frame needs pandas; install it: pip install pandas") from None
        return pandas.DataFrame(self.to_records()).set_index("label")

    @files_in_one_line()
    def render(self, format: str = "rich", columns: Texts | None = None, *, images: bool = True) -> str:
        """Return the table as text in *format*: rich, md, latex, csv, json, svg, or html for the page.

        *columns*, such as ``"variant,effect,p"`` or a list of names, replaces those that the result was read with.
        *images*: whether a page shows some of the data.
        """
        chosen = self.columns if columns is None else _chosen(columns, self.assembler, self.note.costs)
        if format == "html":
            return self._page(images=images, columns=chosen)
        if columns is not None and format in ("csv", "json"):
            raise StudyError(f"{format} contains every value; leave out columns")
        return render(self.summary, format, title=self.title, columns=chosen)

    def save(self, path: Path | str, format: str | None = None, columns: Texts | None = None) -> Path:
        """Write the table to *path*, in the *format* that its ending names, and return the path.

        The endings are .txt, .md, .tex, .csv, .json, .svg and .html; the file appears whole or not at all.
        """
        path = path_of(path, "path")
        return _write(path, self.render(format or format_of(path), columns).encode())

    @files_in_one_line()
    def page(self, path: Path | str, *, images: bool = True) -> Path:
        """Write the HTML page of the study to *path*: table, curves, costs, confusions and the study itself.

        *images*: whether it shows some of the data.
        """
        return _write(path_of(path, "path"), self._page(images=images, columns=self.columns).encode())

    @files_in_one_line()
    def curves(self, path: Path | str, variants: Texts | None = None, metric: str | None = None) -> Path:
        """Draw the training curves of *variants* (all, if none is named) to *path*: .png, .svg or .pdf."""
        from ..reading.drawn_curves import drawn_curves, format_of_curves

        path = path_of(path, "path")
        drawn = drawn_curves(self.ledger, self.note, format_of_curves(path), texts(variants, "variants"), metric)
        return _write(path, drawn)

    @files_in_one_line()
    def images(self, of: str | None = None) -> list[ContrastImages]:
        """Return the test images that the row *of* wins and loses, or those of every row that compares two variants.

        Each element has the images in ``.found.wins`` and ``.found.losses``, by how often the arms answer otherwise.
        """
        from ..reading.won_images import won_images

        return won_images(self.ledger, self.note, of)

    @files_in_one_line()
    def images_sheet(self, path: Path | str, of: str | None = None, top: int = 10) -> Path:
        """Draw the first *top* images, 1 or more, of each side on a sheet, a PNG file at *path*."""
        from ..reading.won_images import won_images_sheet

        if top < 1:
            raise StudyError(f"top must be 1 or more, not {top!r}")
        sheet = won_images_sheet(self.images(of), self.ledger, self.note, top, self.assembler)
        return _write(path_of(path, "path"), sheet)

    def _page(self, *, images: bool, columns: Sequence[Column]) -> str:
        from ..reading.study_document import collect

        document = collect(self.ledger, self.note, self.summary, self.title, self.assembler if images else None)
        return to_html(document, columns)


@dataclass(frozen=True, repr=False)
class ComparedStudies:
    """Two studies side by side, as they show themselves; *comparison* has the matches of their rows."""

    comparison: Comparison

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield SideBySide(self.comparison)

    def __repr__(self) -> str:
        return as_terminal_shows(self)

    def _repr_html_(self) -> str:
        return f"<pre>{escape(as_terminal_shows(self))}</pre>"

    def render(self, format: str = "rich") -> str:
        """Return it as text in *format*: rich, md, csv or json."""
        check_comparison_format(format)
        return render_comparison(self.comparison, format)

    def save(self, path: Path | str, format: str | None = None) -> Path:
        """Write it to *path*, in the *format* that its ending names, and return the path."""
        path = path_of(path, "path")
        return _write(path, self.render(format or format_of(path)).encode())


def read_result(
    ledger: Ledger,
    base_id: str | None,
    assembler: Assembler,
    metric: str | None = None,
    population: Population | None = None,
    columns: Texts | None = None,
    outcome: Outcome | None = None,
) -> Result:
    """Return the table of the study with that base, or of the latest one, in *ledger*.

    Raises :class:`~flowerablate.LedgerError` where no trial is finished, :class:`~flowerablate.StudyError` for an
    unknown metric or column.
    """
    from ..reading.find_study import note_of
    from ..reading.read_summary import read_summary

    if population is not None and population not in get_args(Population):
        raise StudyError(f"no population is called {population!r}; {nearest(population, get_args(Population))}")
    chosen = _chosen(columns, assembler, note_of(ledger, base_id).costs) if columns is not None else ()
    besides = [column.metric for column in chosen if isinstance(column, SecondaryColumn) and column.metric]
    note, summary = read_summary(ledger, base_id, assembler, metric, population, besides)
    done = {} if outcome is None else {"left": outcome.left, "elsewhere": outcome.elsewhere}
    return Result(summary, ledger, note, assembler, chosen, outcome.failed if outcome else (), **done)


def compared(ledger: Ledger, other: Ledger, assembler: Assembler, metric: str | None = None) -> ComparedStudies:
    """Return the latest studies of two ledgers side by side, by *metric* or by one that both have."""
    from ..reading.read_comparison import read_comparison

    return ComparedStudies(read_comparison(ledger, other, assembler, metric))


def check_comparison_format(format: str) -> None:
    """Raise :class:`StudyError` where comparisons have no such *format*."""
    if format not in COMPARISON_FORMATS:
        raise StudyError(f"no comparison format is called {format!r}; {nearest(format, COMPARISON_FORMATS)}")


def _chosen(columns: Texts, assembler: Assembler, noted: Iterable[CostInfo]) -> tuple[Column, ...]:
    from ..wiring.chosen_columns import choose_columns

    return choose_columns(",".join(texts(columns, "columns")), assembler, noted)


def _write(path: Path, content: bytes) -> Path:
    with files_in_one_line(), replacing(path) as file:
        file.write(content)
    return path
