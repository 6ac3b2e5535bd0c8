"""``flowerablate gradcam``: where a trained model looks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..console import Console
from ..errors import DataError, StudyError
from .model_options import DeviceOption, ModelChoice

ON_A_SHEET = 120


def gradcam(
    model: ModelChoice,
    images: Annotated[
        list[Path], typer.Argument(metavar="IMAGE", help="Images, and folders with images at any depth.")
    ],
    out: Annotated[
        Path,
        typer.Option(
            metavar="PATH", help=f"A .png file: one sheet of up to {ON_A_SHEET} images. Else a folder of overlays."
        ),
    ],
    of: Annotated[
        str | None,
        typer.Option(
            "--class",
            metavar="NAME",
            help="Evidence for this class. Without it: for the class predicted for each image.",
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            min=1,
            help=f"At most this many images, evenly spread over those named. Without it: {ON_A_SHEET} on a sheet, "
            "all in a folder.",
        ),
    ] = None,
    device: DeviceOption = "auto",
) -> None:
    """Draw where a trained model finds the evidence for its answer (Grad-CAM).

    Bright areas speak for the class, at the resolution of the last layer that has height and width. A map shows what
    the network used, not whether it was right to use it.

    \b
    Examples:
      flowerablate gradcam flowers photographs/rose --out looked.png
      flowerablate gradcam flowers photographs --limit 24 --out looked.png
      flowerablate gradcam flowers a.jpg b.jpg --class rose --out maps/
    """
    from ..api.progress import Display
    from ..inference.image_files import find_images, spread

    messages = Console(stderr=True)
    on_sheet = out.suffix.lower() == ".png"
    if on_sheet and limit is not None and limit > ON_A_SHEET:
        raise StudyError(f"a sheet has room for {ON_A_SHEET} images, not {limit}; let --out name a folder")
    found = find_images(images)
    paths = spread(found, limit or (ON_A_SHEET if on_sheet else len(found)))
    if len(paths) < len(found):
        more = "" if limit else "; '--limit' chooses how many, and a folder as --out takes all"
        messages.print(f"{len(paths)} of {len(found)} images, evenly spread{more}", highlight=False)
    trained = model.open(messages, device)

    from ..files import replacing
    from ..report.saliency_sheet import overlay, saliency_sheet
    from ..stats.wording import count

    looked, written = [], 0
    with Display(messages) as display:
        for number, (path, one) in enumerate(trained.gradcam(paths, of, listener=display), start=1):
            if on_sheet:
                looked.append(one)
                continue
            out.mkdir(parents=True, exist_ok=True)
            with replacing(out / f"{number:0{len(str(len(paths)))}}-{path.stem}.png") as file:
                overlay(one).save(file, format="PNG")
            written += 1
        if not looked and not written:
            raise DataError("none of the images could be read")
        if on_sheet:
            record = trained.record
            with replacing(out) as file:
                file.write(saliency_sheet(looked, f"Grad-CAM: {record.study}, {record.variant}, seed {record.seed}"))
        display.remarked(f"wrote {out}" if on_sheet else f"wrote {count(written, 'image')} to {out}")
