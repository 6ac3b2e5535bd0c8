"""``flowerablate curves``: the training curves of a study's trials as an image."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..console import Console
from ..visible import printable
from .environment import LedgerChoice


def curves(
    study: LedgerChoice,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The image to write: .png, .svg or .pdf.")] = Path(
        "curves.png"
    ),
    variant: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CHANGE", help="Only this variant, as named in the table, such as -flip, or base; may be repeated."
        ),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The metric to draw. Without it: the study's primary one."),
    ] = None,
) -> None:
    """Draw the training curves of finished trials, a row for each variant.

    Loss, metric on validation, learning rate, images per second, and the fraction
    of the time in which training waited for images, over the epochs. Seeds are
    thin and their mean is strong, the base's mean is grey, and dots
    mark the epochs whose weights were kept.

    \b
    Examples:
      flowerablate curves
      flowerablate curves flowers --out curves.svg
      flowerablate curves --variant base --variant -morphology
    """
    from ..files import replacing
    from ..reading.drawn_curves import drawn_curves, format_of_curves
    from ..reading.find_study import note_of

    format = format_of_curves(out)
    messages = Console(stderr=True)
    ledger = study.open()
    missing: list[str] = []
    try:
        drawn = drawn_curves(ledger, note_of(ledger, study.base), format, variant or (), metric, missing)
    finally:
        for remark in missing:
            messages.print(printable(remark), style="yellow", soft_wrap=True, highlight=False, markup=False)
    with replacing(out) as file:
        file.write(drawn)
    messages.print(printable(f"wrote {out}"), soft_wrap=True, highlight=False, markup=False)
