"""``flowerablate report``: print the table of a study again, from its ledger."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from ..console import Console
from ..contracts import Population
from ..errors import StudyError, nearest
from ..visible import printable
from . import completion
from .echo import echo
from .environment import LedgerChoice, assembler_here, open_ledger
from .report_images import print_images

if TYPE_CHECKING:
    from ..ledger import Ledger


def report(
    study: LedgerChoice,
    format: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="NAME",
            help="rich, md, latex, csv, json, svg or html. Without it: by the suffix of --out, else rich.",
            autocompletion=completion.complete_formats,
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write to this file instead of the terminal.")
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            metavar="X,Y",
            help="The columns of the table, left to right: see 'flowerablate list column'.",
            autocompletion=completion.complete_columns,
        ),
    ] = None,
    compare: Annotated[
        str | None,
        typer.Option(
            metavar="OTHER",
            help="Show another study side by side with it, by name or by ledger folder.",
            autocompletion=completion.complete_studies,
        ),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The metric of the table or comparison, any that is installed, or loss. Without it: the primary one.",
            autocompletion=completion.complete_metrics,
        ),
    ] = None,
    population: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The population of the intervals: replicates (these test images), images (others like them), or auto. "
            "Without it: as set in the study.",
            autocompletion=completion.complete_populations,
        ),
    ] = None,
    sample_images: Annotated[
        bool,
        typer.Option(
            " /--no-sample-images",
            " /--no-pictures",
            help="Show no images of the data on an HTML page; those of patients must not be published.",
        ),
    ] = True,
    images: Annotated[
        bool, typer.Option("--images", help="Instead of the table: the test images that each component wins and loses.")
    ] = False,
    of: Annotated[
        str | None, typer.Option(metavar="ROW", help="With --images: this row of the table only, such as -flip.")
    ] = None,
    top: Annotated[
        int | None,
        typer.Option(
            min=1, help="With --images: the maximum number of won and of lost images for each row; 10 if not given."
        ),
    ] = None,
    sheet: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="With --images: draw them on a contact sheet.")
    ] = None,
) -> None:
    """Print the ablation table of a study that has run, completely or in part.

    \b
    Examples:
      flowerablate report
      flowerablate report flowers --out flowers.tex
      flowerablate report flowers --columns variant,effect,forest,p,mde,verdict
      flowerablate report flowers --compare flowers-noisy
      flowerablate report --metric calibration_error,bins=10
      flowerablate report --population images
      flowerablate report --format html --out report.html
      flowerablate report --images --of -morphology --sheet morphology.png
    """
    from ..api.result import read_result
    from ..report import FORMATS, format_of

    formats = (*FORMATS, "html")
    if format is not None and format not in formats:
        raise StudyError(f"no report format is called {format!r}; {nearest(format, formats)}")
    ledger = study.open()
    if images:
        _refuse(
            "--images",
            {"--columns": columns, "--compare": compare, "--out": out, "--metric": metric, "--population": population},
        )
        print_images(ledger, study.base, format or "rich", Console(), of=of, top=top or 10, sheet=sheet)
        return
    _refuse("a table", {"--of": of, "--top": top, "--sheet": sheet}, cure="add --images")
    chosen = format or (format_of(out) if out else "rich")
    if compare is not None:
        _refuse("--compare", {"--columns": columns, "--base": study.base, "--population": population})
        print_comparison(ledger, open_ledger(compare, study.runs), chosen, metric, out)
        return
    if columns is not None and chosen in ("csv", "json"):
        raise StudyError(f"{chosen} contains every value; leave out --columns")
    result = read_result(ledger, study.base, assembler_here(), metric, cast("Population | None", population), columns)
    if chosen == "rich" and out is None:
        Console().print(result)
    else:
        put(result.render(chosen, images=sample_images), out)


def print_comparison(ledger: Ledger, other: Ledger, format: str, metric: str | None, out: Path | None) -> None:
    """Print the latest studies of two ledgers side by side, by *metric* or by one that both have."""
    from ..api.result import check_comparison_format, compared

    check_comparison_format(format)
    comparison = compared(ledger, other, assembler_here(), metric)
    if format == "rich" and out is None:
        Console().print(comparison)
    else:
        put(comparison.render(format), out)


def put(text: str, out: Path | None) -> None:
    """Write *text* to the file *out*, with a line on standard error, or to the standard output."""
    if out is None:
        echo(text, nl=False)
        return
    from ..files import replacing

    with replacing(out) as file:
        file.write(text.encode())
    echo(printable(f"wrote {out}"), err=True)


def _refuse(other: str, options: Mapping[str, object], cure: str = "leave out one of them") -> None:
    given = [name for name, value in options.items() if value is not None]
    if given:
        raise StudyError(f"{given[0]} does not go with {other}; {cure}")
