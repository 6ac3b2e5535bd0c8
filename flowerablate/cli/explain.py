"""``flowerablate explain``: what the random steps draw for one image in one epoch, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from ..console import Console
from ..errors import DataError
from ..visible import printable
from .echo import echo
from .environment import DataOption, LabelFromOption, OverridesOption, open_study
from .listing import Format, FormatOption, show

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..contracts import Pipeline, Value
    from ..data.store import PackedImages
    from ..preprocess import Drawn, NamedOp
    from ..wiring.assemble import Assembler


def explain(
    sample: Annotated[
        str,
        typer.Argument(
            metavar="IMAGE", help="The image: its path in the data set, or the end of it, such as rose/17.jpg."
        ),
    ],
    study: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The study file; as for 'run' without one.")
    ] = None,
    data: DataOption = None,
    label_from: LabelFromOption = None,
    seed: Annotated[int, typer.Option(min=0, max=2**64 - 1, help="The replicate.")] = 0,
    epoch: Annotated[int, typer.Option(min=1, max=2**32 - 1, help="The epoch of training, counted from 1.")] = 1,
    overrides: OverridesOption = None,
    sheet: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw the image after each step, enlarged if it is small, PNG."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write the image as the model sees it (before it is normalised), pixel for pixel, PNG.",
        ),
    ] = None,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="As for 'run': leave out unreadable images.")] = False,
    form: FormatOption = Format.table,
) -> None:
    """Show what each step does to one image in one epoch, with the values that it draws.

    The numbers depend only on the seed, the epoch, the image and the name of the step, so they are those of training.

    \b
    Examples:
      flowerablate explain rose/000017.png
      flowerablate explain rose/000017.png --seed 3 --epoch 2 --sheet steps.png
      flowerablate explain 17.jpg --data photographs --format json
    """
    from ..api.progress import Display
    from ..preprocess import Preprocess, stage
    from ..preprocess.steps import waits_for_training_images
    from ..stats.wording import count
    from ..study.resolve import resolve

    messages = Console(stderr=True)
    wanted = open_study(study, data, overrides, label_from)
    assembler = wanted.assembler()
    with Display(messages) as display:
        assembler.progress = display.preparing
        pipeline = resolve(wanted.file, assembler.lookup)
        samples = assembler.load_data(pipeline, skip_bad=skip_bad)
        place = _find(samples.samples.keys, sample)
        prepared = assembler.prepare(pipeline, samples)
    stages = stage(assembler.build_steps(pipeline))
    ident = int(samples.ids[place])
    height, width = int(prepared.images.heights[place]), int(prepared.images.widths[place])
    rows = [_Row(named.name, "once", "once, before training") for named in stages.prefix]
    learns = {named.name for named in stages.train if waits_for_training_images(named.op)}
    for one in prepared.train.explain(height, width, ident, seed=seed, epoch=epoch):
        learnt = _Row(one.step, True, "yes", note="(computed from the training images)")
        rows.append(learnt if one.step in learns else _row(one))
    rows += [_Row(named.name, "batch", "on whole batches", note="(drawn for the batch)") for named in stages.batch]
    key = samples.samples.keys[place]
    if form is Format.json:
        _print_json(key, seed, epoch, rows)
    else:
        _print_table(key, seed, epoch, rows)
    if sheet is not None:
        strip = _write_sheet(sheet, pipeline, assembler, key, seed, epoch)
        said = f"wrote {sheet}: the original and the image after {count(strip, 'step')}"
        messages.print(escape(printable(said)), soft_wrap=True, highlight=False)
    if out is not None:
        shown = Preprocess(_pixel_ops(stages.train), pipeline.input.channels, dtype=prepared.images.pixels.dtype.name)
        pixels = _image(shown, prepared.images, place, ident, seed, epoch)
        _write(out, pixels)
        said = f"wrote {out}: the image as the model sees it, {pixels.shape[1]}x{pixels.shape[0]} pixels"
        messages.print(escape(printable(said)), soft_wrap=True, highlight=False)


def _find(keys: Sequence[str], wanted: str) -> int:
    found = [place for place, key in enumerate(keys) if key == wanted]
    found = found or [place for place, key in enumerate(keys) if key.endswith("/" + wanted)]
    found = found or [place for place, key in enumerate(keys) if key.endswith(wanted)]
    if len(found) == 1:
        return found[0]
    if found:
        raise DataError(f"{len(found)} images end with {wanted!r}, such as {keys[found[0]]}; give more of the path")
    raise DataError(f"no image {wanted!r} in the data set, whose first is {keys[0]}")


def _pixel_ops(ops: Sequence[NamedOp]) -> list[NamedOp]:
    from ..preprocess.steps import writes_floats

    return [named for named in ops if not writes_floats(named.op)]


def _image(
    chain: object, images: PackedImages, place: int, ident: int, seed: int, epoch: int
) -> NDArray[np.uint8] | NDArray[np.uint16]:
    import numpy as np

    from ..preprocess import Preprocess

    assert isinstance(chain, Preprocess)
    height, width = chain.output_size(int(images.heights[place]), int(images.widths[place]))
    result = np.empty((1, height, width, chain.channels), chain.output_dtype)
    chain.run(images, np.array([place]), np.array([ident], np.uint64), result, seed=seed, epoch=epoch, threads=1)
    image: NDArray[np.uint8] | NDArray[np.uint16] = result[0]
    return image


def _write_sheet(path: Path, pipeline: Pipeline, assembler: Assembler, key: str, seed: int, epoch: int) -> int:
    """Draw the image *key* after each step, and return the number of steps."""
    from ..errors import FlowerablateError
    from ..files import replacing
    from ..reading.gallery import StudyImages, sample_images
    from ..report.step_sheet import step_sheet

    found = sample_images(StudyImages(pipeline, assembler), seed, epoch=epoch, keys=[key])
    if not found.strips:
        raise FlowerablateError(found.remarks[-1])
    with replacing(path) as file:
        file.write(step_sheet(found))
    return len(found.strips[0].frames) - 1


def _write(path: Path, pixels: NDArray[np.uint8] | NDArray[np.uint16]) -> None:
    import numpy as np
    from PIL import Image

    from ..files import replacing

    if pixels.dtype == np.uint16 and pixels.shape[2] > 1:
        pixels = (pixels // 257).astype(np.uint8)  # PNG files of several 16-bit channels are beyond Pillow
    image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    with replacing(path) as file:
        image.save(file, format="PNG")


@dataclass(frozen=True)
class _Row:
    """A step as it is shown; *acts*: whether it acts on this image, ``once`` or ``batch``; *shown*: in words."""

    step: str
    acts: bool | str
    shown: str
    op: str = ""
    values: Mapping[str, Value] = field(default_factory=dict)
    note: str = ""


def _row(one: Drawn) -> _Row:
    note = "" if one.op else "(a step in Python)"
    return _Row(one.step, one.applied, "yes" if one.applied else "not applied", one.op, one.values, note)


def _print_table(key: str, seed: int, epoch: int, rows: Sequence[_Row]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table("step", "acts", "drawn", box=None, pad_edge=False)
    for row in rows:
        values = ", ".join(f"{name} {_text(value)}" for name, value in row.values.items())
        table.add_row(Text(row.step), row.shown, Text(values or row.note))
    show([Text(printable(f"{key}, seed {seed}, epoch {epoch}")), table])


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return "(" + ", ".join(_text(item) for item in value) + ")"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _print_json(key: str, seed: int, epoch: int, rows: Sequence[_Row]) -> None:
    import json

    steps = [{"step": row.step, "op": row.op or None, "acts": row.acts, "drawn": dict(row.values)} for row in rows]
    echo(json.dumps({"sample": key, "seed": seed, "epoch": epoch, "steps": steps}, indent=2))
