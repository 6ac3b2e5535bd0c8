"""``flowerablate evaluate``: how good a trained model is on a labelled folder or data set."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from ..errors import DataError
from ..files import finite
from . import model_options as models
from .listing import Format, FormatOption, show

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ..contracts import Samples
    from ..inference import Predictor
    from ..ledger import Predictions
    from ..reading.model_scores import ModelScores
    from ..stats.one_model import Figure
    from .display import Display


def evaluate(
    model: models.ModelArgument,
    data: Annotated[
        Path,
        typer.Argument(
            metavar="DATA", help="What the data sets can read: a folder with one subfolder per class, a CSV file, ..."
        ),
    ],
    metric: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="This metric, not those of the study; may be repeated.")
    ] = None,
    part: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Of data with an official split: train, val, test or all. Without it: test."),
    ] = None,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Go on where the data have no image of some class of the model.")
    ] = False,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Go on without unreadable images.")] = False,
    form: FormatOption = Format.table,
    batch_size: models.BatchOption = 128,
    device: models.DeviceOption = "auto",
    variant: models.VariantOption = None,
    seed: models.SeedOption = None,
    runs: models.Runs = Path("runs"),
    local: models.LocalOption = Path(),
    changed_plugins: models.ChangedOption = False,
) -> None:
    """Measure a trained model on labelled pictures that it has not seen.

    The intervals (95 %) are over images: this model on other images of the same kind. They do not hold the chance of
    training, which only replicates show.

    \b
    Examples:
      flowerablate evaluate flowers others/
      flowerablate evaluate flowers others/ --metric roc_auc --metric brier
      flowerablate evaluate chest chest_xray/ --part test --format json
    """
    from ..data.fingerprint import fingerprint
    from ..reading.model_scores import score_model
    from .display import Display

    messages = Console(stderr=True)
    opened = models.open_model(
        model, messages, runs=runs, variant=variant, seed=seed, local=local, changed_plugins=changed_plugins,
        device=device,
    )  # fmt: skip
    with Display(messages) as display:
        whole = _collect(data, opened, display, skip_bad)
        samples, said = _part(whole, part, data)
        labels = labels_of(samples, opened.predictor.classes, data, allow_missing=allow_missing)
        if said:
            display.remarked(said)
        if fingerprint(whole, display.preparing) == opened.origin.data and not _held_out(whole, part, opened):
            display.remarked(f"warning: {data} holds the images of the study itself, those of its training among them")
        predictions = _predictions(samples, labels, opened.predictor, batch_size, skip_bad, display)
    found = score_model(predictions, metric or list(opened.origin.metrics), opened.assembler)
    if form is Format.json:
        record = {"model": str(opened.path), "trial": opened.origin.trial, "data": str(data), **found.record()}
        typer.echo(json.dumps(finite(record), indent=2, ensure_ascii=False))
    else:
        show(_tables(found))
        messages.print(escape(_LEGEND), style="dim", highlight=False)


_LEGEND = (
    "Intervals: 95 %, over images. Sensitivity: share of a class that is found; specificity: of the rest left alone; "
    "precision: of what is called so. All in percent."
)


def _collect(data: Path, opened: models.Opened, display: Display, skip_bad: bool) -> Samples:
    from ..study.resolve import resolve_choice
    from ..wiring.assemble import data_choice

    assembler = opened.assembler
    assembler.progress = display.preparing
    found = data_choice(assembler.registry, data, like=opened.origin.pipeline.dataset)
    choice = resolve_choice("dataset", found.use, found.params, assembler.lookup)
    samples = assembler.load_samples(choice, skip_bad=skip_bad)
    if not len(samples):
        raise DataError(f"there are no images in {data}")
    return samples


def _part(samples: Samples, part: str | None, data: Path) -> tuple[Samples, str | None]:
    """Return the part of the official split that was asked for, the test part without a word; and a line on that."""
    from dataclasses import replace

    from ..contracts import SPLITS

    wanted = part or ("test" if samples.splits else "all")
    if wanted not in (*SPLITS, "all"):
        raise DataError(f"no part is called {wanted!r}; choose from: {', '.join(SPLITS)}, all")
    if wanted == "all":
        return samples, None
    if not samples.splits:
        raise DataError(f"{data} has no official split, so no part {wanted!r}; leave --part out")
    keep = [place for place, name in enumerate(samples.splits) if name == wanted]
    if not keep:
        raise DataError(f"the split of {data} has no part {wanted!r}; choose another, or --part all")
    chosen = replace(
        samples,
        keys=tuple(samples.keys[place] for place in keep),
        paths=tuple(samples.paths[place] for place in keep),
        labels=tuple(samples.labels[place] for place in keep),
        splits=None,
    )
    return chosen, f"the part {wanted!r} of {data}: {len(keep)} of {len(samples)} images"


def _held_out(whole: Samples, part: str | None, opened: models.Opened) -> bool:
    """Whether the *part* of the study's own images is one that no replicate has been trained or chosen on."""
    from ..data.splits import method_of

    official = whole.splits is not None and method_of(whole, opened.origin.pipeline.split) == "official"
    return official and part in (None, "test")


def labels_of(samples: Samples, classes: tuple[str, ...], data: Path, *, allow_missing: bool) -> list[int]:
    """Return the labels of *samples* as indices of the model's *classes*, matched by name."""
    places = {name: place for place, name in enumerate(classes)}
    present = [samples.classes[label] for label in sorted(set(samples.labels))]
    known = ", ".join(classes)
    for name in present:
        if name not in places:
            raise DataError(
                f"{data} has class {name!r}, which the model does not know (its classes: {known}); rename it"
            )
    missing = [name for name in classes if name not in present]
    if missing and not allow_missing:
        raise DataError(
            f"{data} has no image of class {missing[0]!r} (the model's classes: {known}); add some, or go on with "
            "--allow-missing: metrics that need every class are then not defined"
        )
    return [places[samples.classes[label]] for label in samples.labels]


def _predictions(
    samples: Samples, labels: list[int], predictor: Predictor, batch_size: int, skip_bad: bool, display: Display
) -> Predictions:
    import numpy as np

    from ..inference import Prediction
    from ..ledger import Predictions

    rows, logits, kept = [], [], []
    for place, found in enumerate(predictor.predict(samples.paths, batch_size=batch_size)):
        if isinstance(found, Prediction):
            rows.append(found.probabilities.astype(np.float32))
            logits.append(found.logits)
            kept.append(place)
        elif skip_bad:
            display.remarked(f"left out: {found.reason.partition(';')[0]}")
        else:
            raise DataError(found.reason)
        display.preparing("predicting", place + 1, len(samples))
    if not kept:
        raise DataError("none of the images could be read")
    return Predictions(
        tuple(samples.keys[place] for place in kept),
        np.array([labels[place] for place in kept], np.int64),
        np.stack(rows),
        predictor.classes,
        np.stack(logits),
    )


def _tables(found: ModelScores) -> Iterator[RenderableType]:
    from rich.table import Table
    from rich.text import Text

    from ..report.phrases import printable

    names = [printable(name) for name in found.classes]
    yield Text(f"{found.images} images, {len(names)} classes\n")
    table = Table("metric", "value", "95 % interval", "by", box=None, pad_edge=False)
    for name, figure in found.figures.items():
        percent = found.infos[name].percent
        table.add_row(Text(name), number(figure.value, percent), interval(figure, percent), figure.how)
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
    table = Table("is \\ said", *map(escape, names), box=None, pad_edge=False)
    for name, row in zip(names, found.confusion, strict=True):
        table.add_row(Text(name), *map(str, row))
    yield table
    yield ""
    table = Table("confidence", "images", "mean", "right", box=None, pad_edge=False)
    for bin in found.bins:
        table.add_row(f"{bin.low:.1f}-{bin.high:.1f}", str(bin.images), number(bin.confidence), number(bin.accuracy))
    yield table
    yield f"expected calibration error {number(found.calibration_error)}"


def number(value: float, percent: bool = True) -> str:
    """Return *value* as it is shown, a share in percent; a dash where it is not defined."""
    if value != value:
        return "-"
    return f"{100 * value:.1f} %" if percent else f"{value:.4f}"


def interval(figure: Figure, percent: bool = True) -> str:
    """Return the interval of *figure* as it is shown."""
    if figure.low != figure.low:
        return "-"
    if percent:
        return f"{100 * figure.low:.1f} to {100 * figure.high:.1f} %"
    return f"{figure.low:.4f} to {figure.high:.4f}"


def _with_interval(figure: Figure) -> str:
    """Return a share with its interval in brackets, in percent, short enough for three of them on 80 columns."""
    if figure.value != figure.value:
        return "-"
    if figure.low != figure.low:
        return f"{100 * figure.value:.1f}"
    return f"{100 * figure.value:.1f} ({100 * figure.low:.1f}-{100 * figure.high:.1f})"
