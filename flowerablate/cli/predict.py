"""``flowerablate predict``: what a trained model predicts for images."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from ..console import Console
from ..visible import json_text, printable
from .model_options import BatchOption, DeviceOption, Messages, ModelChoice

if TYPE_CHECKING:
    from ..inference import Prediction, Predictor, Unreadable


class PredictionFormat(str, Enum):
    """How predictions are printed."""

    table = "table"
    csv = "csv"
    json = "json"


def predict(
    model: ModelChoice,
    images: Annotated[
        list[Path], typer.Argument(metavar="IMAGE", help="Images, and folders with images at any depth.")
    ],
    form: Annotated[
        PredictionFormat, typer.Option("--format", help="Plain text, or CSV or JSON with every probability.")
    ] = PredictionFormat.table,
    top: Annotated[int, typer.Option(min=1, help="Classes reported for each image, the most probable first.")] = 1,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write to this file; it appears once it is complete.")
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Report unreadable files, but do not fail because of them.")
    ] = False,
    batch_size: BatchOption = 128,
    device: DeviceOption = "auto",
) -> None:
    """Predict the class of images with a trained model.

    Images are decoded and prepared as in training, as the checkpoint says. Each line appears as soon as its batch is
    done. Unreadable files are reported on standard error and left out, and the exit code is then 1.

    \b
    Examples:
      flowerablate predict flowers photographs/
      flowerablate predict runs/flowers/trials/3f2a... a.jpg b.jpg
      flowerablate predict flowers photographs/ --top 3
      flowerablate predict flowers photographs/ --format csv --out predictions.csv
      flowerablate predict flowers photographs/ --variant=-morphology --seed 3
    """
    from ..api.models import unread
    from ..api.progress import Display
    from ..api.training_images import trained_on
    from ..inference import Unreadable
    from ..inference.image_files import find_images
    from ..stats.wording import count

    messages = Console(stderr=True)
    paths = find_images(images)
    trained = model.open(messages, device)
    if known := trained_on(paths, trained.record, trained.assembler):
        are = "image is" if known == 1 else "images are"
        Messages(messages).remarked(
            f"warning: {known} of {len(paths)} {are} in the training split of this model, so its answers on them are "
            "better than on new images"
        )
    bad: list[Unreadable] = []
    # Rows on a terminal are their own progress; a bar among them would be in the way.
    quiet = out is None and sys.stdout.isatty()
    shown = Console(stderr=True, force_terminal=False) if quiet else messages
    with _destination(out) as file, Display(shown) as display, _writer(form, file, trained.predictor, top) as write:
        for done, found in enumerate(trained.predict(paths, batch_size=batch_size), start=1):
            if isinstance(found, Unreadable):
                bad.append(found)
                display.remarked(unread(found))
            else:
                write(found)
            display.preparing("predicting", done, len(paths))
    if bad:
        display.remarked(f"{count(len(bad), 'file')} of {len(paths)} could not be read")
    if out is not None:
        display.remarked(f"wrote {out}, {count(len(paths) - len(bad), 'image')}")
    if bad and not skip_bad:
        raise typer.Exit(1)


@contextmanager
def _destination(out: Path | None) -> Iterator[IO[str]]:
    """Give the stream to write to: standard output as it is now, or a file that is renamed into place at the end."""
    if out is None:
        yield sys.stdout
        return
    import io

    from ..files import replacing

    with replacing(out) as binary:
        text = io.TextIOWrapper(binary, encoding="utf-8", newline="")
        yield text
        text.flush()
        text.detach()


@contextmanager
def _writer(
    form: PredictionFormat, file: IO[str], predictor: Predictor, top: int
) -> Iterator[Callable[[Prediction], None]]:
    if form is PredictionFormat.csv:
        yield _csv_writer(file, predictor)
    elif form is PredictionFormat.json:
        yield from _json_writer(file, top)
    else:
        yield _line_writer(file, predictor, top)


def _line_writer(file: IO[str], predictor: Predictor, top: int) -> Callable[[Prediction], None]:
    width = max(len(printable(name)) for name in predictor.classes)

    def write(found: Prediction) -> None:
        line = "  ".join(f"{printable(name):<{width}} {100 * p:5.1f} %" for name, p in found.top(top))
        file.write(f"{line}  {printable(str(found.path))}\n")

    return write


def _csv_writer(file: IO[str], predictor: Predictor) -> Callable[[Prediction], None]:
    from ..report.json_csv import harmless

    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["path", "class", "probability", *(harmless(f"p({name})") for name in predictor.classes)])

    def write(found: Prediction) -> None:
        numbers = map(float, found.probabilities)
        writer.writerow([harmless(str(found.path)), harmless(found.label), found.probability, *numbers])

    return write


def _json_writer(file: IO[str], top: int) -> Iterator[Callable[[Prediction], None]]:
    """Write an array, a line for each image; it is closed also where the command is interrupted."""
    separator = "["

    def write(found: Prediction) -> None:
        nonlocal separator
        record: dict[str, Any] = {"path": str(found.path), "class": found.label, "probability": found.probability}
        record["top"] = [{"class": name, "probability": p} for name, p in found.top(top)]
        record["probabilities"] = dict(zip(found.classes, map(float, found.probabilities), strict=True))
        file.write(f"{separator}\n{json_text(record, None)}")
        separator = ","

    try:
        yield write
    finally:
        file.write("[]\n" if separator == "[" else "\n]\n")
