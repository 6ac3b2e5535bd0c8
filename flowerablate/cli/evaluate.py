"""``flowerablate evaluate``: how good a trained model is on a labelled folder or data set."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from ..console import Console
from ..files import finite
from ..visible import json_text, printable
from .echo import echo
from .environment import LabelFromOption
from .listing import Format, FormatOption, show
from .model_options import BatchOption, DeviceOption, ModelChoice

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ..reading.model_scores import ModelScores
    from ..stats.one_model import Estimate


def evaluate(
    model: ModelChoice,
    data: Annotated[
        Path,
        typer.Argument(
            metavar="DATA",
            help="A folder with one subfolder per class, a CSV file, or anything else that a data set can read.",
        ),
    ],
    metric: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="This metric, not those of the study; may be repeated.")
    ] = None,
    part: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Of data with an official split: train, validation, test or all. Without it: test."
        ),
    ] = None,
    label_from: LabelFromOption = None,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Accept data without images of some classes of the model.")
    ] = False,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Skip unreadable images.")] = False,
    form: FormatOption = Format.table,
    batch_size: BatchOption = 128,
    device: DeviceOption = "auto",
) -> None:
    """Measure a trained model on labelled images that it has not seen.

    The intervals (95 %) are over images, or over groups of them such as patients: they are about this model on
    other images of the same kind. They do not cover the chance in training, which only replicates show.

    \b
    Examples:
      flowerablate evaluate flowers others/
      flowerablate evaluate flowers others/ --metric roc_auc --metric brier
      flowerablate evaluate chest chest_xray/ --part test --format json
    """
    from ..api.progress import Display
    from ..stats.population import few_groups

    messages = Console(stderr=True)
    trained = model.open(messages, device)
    with Display(messages) as display:
        found = trained.evaluate(
            data,
            metric,
            part=part,
            label_from=label_from,
            allow_missing=allow_missing,
            skip_bad=skip_bad,
            batch_size=batch_size,
            listener=display,
        )
    if form is Format.json:
        record = {"model": str(trained.path), "trial": trained.record.trial, "data": str(data), **found.record()}
        echo(json_text(finite(record)))
    else:
        show(_tables(found))
        messages.print(escape(_LEGEND), style="dim", highlight=False)
        if few := few_groups(found.groups, found.class_groups):
            messages.print(f"[yellow]warning[/yellow]: {few}")


_LEGEND = (
    "Intervals: 95 %, over images, or over groups of images if the data has groups. Sensitivity: percentage of the "
    "images of a class that are predicted as this class. Specificity: percentage of all other images that are not. "
    "Precision: percentage of the images predicted as this class that belong to it."
)


def _tables(found: ModelScores) -> Iterator[RenderableType]:
    from rich.table import Table
    from rich.text import Text

    from ..stats.wording import count

    names = [printable(name) for name in found.classes]
    groups = f" of {count(found.groups, 'group')}" if found.groups else ""
    yield Text(f"{count(found.images, 'image')}{groups}, {len(names)} classes\n")
    table = Table("metric", "value", "95 % interval", "method", box=None, pad_edge=False)
    for name, metric in found.metrics.items():
        percent = found.infos[name].percent
        table.add_row(Text(name), number(metric.value, percent), interval(metric, percent), metric.how)
    yield table
    yield ""
    table = Table("class", "images", "sensitivity", "specificity", "precision", box=None, pad_edge=False)
    for name, one in zip(names, found.by_class, strict=True):
        table.add_row(
            Text(name),
            str(one.images),
            *map(_with_interval, (one.sensitivity, one.specificity, one.precision)),
        )
    yield table
    yield ""
    table = Table("true class \\ prediction", *map(escape, names), box=None, pad_edge=False)
    for name, row in zip(names, found.confusion, strict=True):
        table.add_row(Text(name), *map(str, row))
    yield table
    yield ""
    table = Table("confidence", "images", "mean", "correct", box=None, pad_edge=False)
    for bin in found.bins:
        table.add_row(f"{bin.low:.1f}-{bin.high:.1f}", str(bin.images), number(bin.confidence), number(bin.accuracy))
    yield table
    yield f"expected calibration error {number(found.calibration_error)}"


def number(value: float, percent: bool = True) -> str:
    """Return *value* as it is shown, a fraction in percent; a dash where it is not defined."""
    if value != value:
        return "-"
    return f"{100 * value:.1f} %" if percent else f"{value:.4f}"


def interval(metric: Estimate, percent: bool = True) -> str:
    """Return the interval of *metric* as it is shown."""
    if metric.low != metric.low:
        return "-"
    if percent:
        return f"{100 * metric.low:.1f} to {100 * metric.high:.1f} %"
    return f"{metric.low:.4f} to {metric.high:.4f}"


def _with_interval(metric: Estimate) -> str:
    """Return a fraction with its interval in brackets, in percent, short enough for three of them on 80 columns."""
    if metric.value != metric.value:
        return "-"
    if metric.low != metric.low:
        return f"{100 * metric.value:.1f}"
    return f"{100 * metric.value:.1f} ({100 * metric.low:.1f}-{100 * metric.high:.1f})"
