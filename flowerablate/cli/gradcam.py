"""``flowerablate gradcam``: where a trained model looks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from ..errors import DataError, StudyError, nearest
from . import model_options as models

if TYPE_CHECKING:
    from ..inference import Predictor
    from ..report.saliency_sheet import Looked
    from .display import Display

ON_A_SHEET = 120
_BATCH = 16


def gradcam(
    model: models.ModelArgument,
    images: Annotated[
        list[Path], typer.Argument(metavar="IMAGE", help="Pictures, and folders with pictures at any depth.")
    ],
    out: Annotated[
        Path,
        typer.Option(
            metavar="PATH", help=f"A .png file: one sheet of up to {ON_A_SHEET} pictures. Else a folder of overlays."
        ),
    ],
    of: Annotated[
        str | None,
        typer.Option(
            "--class", metavar="NAME", help="Evidence for this class. Without it: for that predicted for each."
        ),
    ] = None,
    device: models.DeviceOption = "auto",
    variant: models.VariantOption = None,
    seed: models.SeedOption = None,
    runs: models.Runs = Path("runs"),
    local: models.LocalOption = Path(),
    changed_plugins: models.ChangedOption = False,
) -> None:
    """Draw where a trained model finds the evidence for its answer (Grad-CAM).

    Bright is what speaks for the class, at the resolution of the last layer that has height and width. A map shows what
    the network used, not that it was right to.

    \b
    Examples:
      flowerablate gradcam flowers photographs/rose --out looked.png
      flowerablate gradcam flowers a.jpg b.jpg --class rose --out maps/
    """
    from ..inference.image_files import find_pictures
    from .display import Display

    messages = Console(stderr=True)
    paths = find_pictures(images)
    on_sheet = out.suffix.lower() == ".png"
    if on_sheet and len(paths) > ON_A_SHEET:
        raise StudyError(f"{len(paths)} pictures are too many for one sheet of {ON_A_SHEET}; let --out name a folder")
    opened = models.open_model(
        model, messages, runs=runs, variant=variant, seed=seed, local=local, changed_plugins=changed_plugins,
        device=device,
    )  # fmt: skip
    classes = opened.predictor.classes
    if of is not None and of not in classes:
        raise StudyError(f"the model has no class {of!r}; {nearest(of, classes)}")

    from ..files import replacing
    from ..report.saliency_sheet import overlay, saliency_sheet
    from ..stats.wording import count

    looked, written = [], 0
    with Display(messages) as display:
        for number, (path, one) in enumerate(_looked(opened.predictor, paths, of, display), start=1):
            if on_sheet:
                looked.append(one)
                continue
            out.mkdir(parents=True, exist_ok=True)
            with replacing(out / f"{number:0{len(str(len(paths)))}}-{path.stem}.png") as file:
                overlay(one).save(file, format="PNG")
            written += 1
        if not looked and not written:
            raise DataError("none of the pictures could be read")
        if on_sheet:
            described = opened.record
            with replacing(out) as file:
                file.write(
                    saliency_sheet(looked, f"Grad-CAM: {described.study}, {described.variant}, seed {described.seed}")
                )
        display.remarked(f"wrote {out}" if on_sheet else f"wrote {count(written, 'picture')} to {out}")


def _looked(predictor: Predictor, paths: list[Path], of: str | None, display: Display) -> Iterator[tuple[Path, Looked]]:
    from ..inference import Unreadable
    from ..inference.gradcam import grad_cam
    from ..report.saliency_sheet import Looked

    wanted = None if of is None else predictor.classes.index(of)
    done = 0
    for outcomes, pictures in predictor.batches(paths, _BATCH):
        maps = grad_cam(predictor, pictures, wanted) if len(pictures) else None
        row = 0
        for each in outcomes:
            done += 1
            if isinstance(each, Unreadable):
                display.remarked(f"left out: {each.reason.partition(';')[0]}")
            elif maps is not None:
                p = maps.probabilities[row]
                said = f"{predictor.classes[int(p.argmax())]} {100 * p.max():.1f} %"
                if of is not None:
                    said += f"; map of {of}, {100 * p[maps.classes[row]]:.1f} %"
                yield each, Looked(predictor.pixels(each), maps.values[row], each.name, said)
                row += 1
            display.preparing("looking", done, len(paths))
