"""``flowerablate report --images``: the test images that a component wins and loses."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from ..console import Console
from ..errors import StudyError, nearest
from ..visible import printable
from .echo import echo
from .environment import assembler_here

if TYPE_CHECKING:
    from ..ledger import Ledger

FORMATS = ("rich", "csv", "json")


def print_images(
    ledger: Ledger,
    base_id: str | None,
    format: str,
    console: Console,
    *,
    of: str | None = None,
    top: int = 10,
    sheet: Path | None = None,
) -> None:
    """Print the images that the row *of* wins and loses, or those of all rows that compare two variants.

    At most *top* of each are shown; CSV and JSON hold all. *sheet* is a PNG file for a contact sheet of those shown.
    """
    from ..files import replacing
    from ..reading.find_study import note_of
    from ..reading.won_images import won_images, won_images_sheet
    from ..report.image_report import CHANCE, images_to_csv, images_to_json, to_tables

    if format not in FORMATS:
        raise StudyError(f"--images has no format {format!r}; {nearest(format, FORMATS)}")
    if sheet is not None and sheet.suffix.lower() != ".png":
        raise StudyError(f"--sheet writes a PNG file; call it {sheet.with_suffix('.png')}")
    note = note_of(ledger, base_id)
    rows = won_images(ledger, note, of)
    if format == "csv":
        echo(images_to_csv(rows), nl=False)
    elif format == "json":
        echo(images_to_json(rows, ledger.root.absolute().name), nl=False)
    else:
        console.print(Text(printable(ledger.root.absolute().name), style="bold"))
        for row in rows:
            console.print()
            for part in to_tables(row, top):
                console.print(part, crop=False)
        legend = (
            f"{CHANCE}: mean difference in the predicted probability of the true class, the first of the two columns "
            "before it minus the second. Answers are those given most often; most consistent images first."
        )
        console.print(f"\n{legend}", style="dim", highlight=False)
    if sheet is not None:
        drawn = won_images_sheet(rows, ledger, note, top, assembler_here())
        with replacing(sheet) as file:
            file.write(drawn)
        Console(stderr=True).print(printable(f"wrote {sheet}"), soft_wrap=True, highlight=False, markup=False)
