"""``flowerablate report --images``: the test images that a component wins and loses."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console

from ..errors import DataError, FlowerablateError, LedgerError, StudyError, nearest

if TYPE_CHECKING:
    from ..contracts import Contrast
    from ..ledger import Ledger, StudyNote
    from ..reading.study_document import Folders
    from ..report.image_report import ContrastImages
    from ..wiring.assemble import Assembler

FORMATS = ("rich", "csv", "json")


def print_images(
    ledger: Ledger,
    note: StudyNote,
    format: str,
    console: Console,
    assembler: Assembler,
    *,
    of: str | None = None,
    top: int = 10,
    sheet: Path | None = None,
) -> None:
    """Print the images that the row *of* wins and loses, or those of all rows that compare two variants.

    At most *top* of each are shown; CSV and JSON hold all. *sheet* names a PNG file to be drawn of those shown.
    """
    from ..reading.study_document import finished_trials
    from ..report.image_report import images_to_csv, images_to_json, to_tables

    if format not in FORMATS:
        raise StudyError(f"--images has no format {format!r}; {nearest(format, FORMATS)}")
    if sheet is not None and sheet.suffix.lower() != ".png":
        raise StudyError(f"--sheet writes a PNG file; call it {sheet.with_suffix('.png')}")
    folders = finished_trials(ledger, note.base_id)
    if not folders:
        raise LedgerError(f"no trial of {ledger.root} is finished yet; 'flowerablate run' goes on with them")
    rows = [_counted(contrast, folders) for contrast in _wanted(ledger, note, of)]
    title = ledger.root.absolute().name
    if format == "csv":
        typer.echo(images_to_csv(rows), nl=False)
    elif format == "json":
        typer.echo(images_to_json(rows, title), nl=False)
    else:
        for place, row in enumerate(rows):
            if place:
                console.print()
            for part in to_tables(row, top):
                console.print(part)
        legend = "p of truth: by how much more the first arm is sure of the true class than the second, mean"
        console.print(f"\n{legend}", style="dim", highlight=False)
    if sheet is not None:
        _write_sheet(rows, folders, top, sheet, assembler)


def _wanted(ledger: Ledger, note: StudyNote, of: str | None) -> list[Contrast]:
    """Return the asked contrast, or all that are between two variants; one that is not says why."""
    from ..contracts import finished
    from ..stats.arms import contrasts_for
    from ..stats.image_wins import two_arms

    results = finished(ledger.results(note.base_id))
    contrasts = {contrast.label: contrast for contrast in contrasts_for(results, note.contrasts)}
    if of is not None:
        if of not in contrasts:
            raise StudyError(f"the table has no row {of!r}; {nearest(of, contrasts)}")
        two_arms(contrasts[of])
        return [contrasts[of]]
    able, reasons = [], []
    done = {result.change for result in results}
    for contrast in contrasts.values():
        try:
            if done.issuperset(two_arms(contrast)):
                able.append(contrast)
        except StudyError as error:
            reasons.append(error)
    if not able:
        raise reasons[0] if reasons else StudyError("the study compares no two variants that have finished")
    return able


def _counted(contrast: Contrast, folders: Folders) -> ContrastImages:
    from ..reading.study_document import predictions_of
    from ..report.image_report import ContrastImages
    from ..stats.image_wins import image_wins, paired, two_arms

    with_it, without = two_arms(contrast)
    pairs = paired(predictions_of(folders, with_it), predictions_of(folders, without))
    return ContrastImages(contrast, image_wins(pairs))


def _write_sheet(rows: list[ContrastImages], folders: Folders, top: int, path: Path, assembler: Assembler) -> None:
    from ..files import replacing
    from ..reading.gallery import Pictures, originals, pipeline_of
    from ..reading.study_document import base_record
    from ..report.contact_sheet import contact_sheet

    record = base_record(folders)
    if record is None:
        raise LedgerError("no trial of the base has finished, so where the pictures lie is not known yet")
    keys = {count.key for row in rows for side in (row.found.wins, row.found.losses) for count in side[:top]}
    try:
        found = originals(Pictures(pipeline_of(record), assembler), sorted(keys))
    except FlowerablateError as error:
        raise DataError(f"the pictures for {path} cannot be found: {error}") from None
    with replacing(path) as file:
        file.write(contact_sheet(rows, found, top))
    Console(stderr=True).print(f"wrote {path}", soft_wrap=True, highlight=False, markup=False)
