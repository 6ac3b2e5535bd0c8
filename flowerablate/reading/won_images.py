"""Collects from a ledger the test images that a component wins and loses."""

from __future__ import annotations

from collections.abc import Sequence

from ..contracts import Contrast, current_label, finished
from ..errors import DataError, FlowerablateError, LedgerError, StudyError, nearest
from ..ledger import Ledger, StudyNote
from ..report.contact_sheet import contact_sheet
from ..report.image_report import ContrastImages
from ..stats.arms import contrasts_for
from ..stats.image_wins import image_wins, paired, two_arms
from ..wiring.assemble import Assembler
from .gallery import StudyImages, originals, pipeline_of
from .study_document import Folders, base_record, finished_trials, predictions_of


def won_images(ledger: Ledger, note: StudyNote, of: str | None = None) -> list[ContrastImages]:
    """Return the images that the row *of* wins and loses, or those of every row that compares two variants.

    Raises :class:`LedgerError` if no trial has finished, :class:`StudyError` if the table has no such row or it does
    not compare two variants.
    """
    folders = _folders(ledger, note)
    return [_counted(contrast, folders) for contrast in _wanted(ledger, note, of)]


def won_images_sheet(
    rows: Sequence[ContrastImages], ledger: Ledger, note: StudyNote, top: int, assembler: Assembler
) -> bytes:
    """Return a contact sheet, PNG, of the first *top* images that each of *rows* wins and loses.

    Raises :class:`DataError` if the data set cannot be found.
    """
    record = base_record(_folders(ledger, note))
    if record is None:
        raise LedgerError(
            "no trial of the base has finished, so the images cannot be located yet; continue with 'flowerablate run'"
        )
    keys = {count.key for row in rows for side in (row.found.wins, row.found.losses) for count in side[:top]}
    try:
        found = originals(StudyImages(pipeline_of(record), assembler), sorted(keys))
    except FlowerablateError as error:
        raise DataError(f"the images for the sheet cannot be found: {error}") from None
    return contact_sheet(rows, found, top)


def _folders(ledger: Ledger, note: StudyNote) -> Folders:
    folders = finished_trials(ledger, note.base_id)
    if not folders:
        raise LedgerError(f"no trial of {ledger.root} has finished yet; continue with 'flowerablate run'")
    return folders


def _wanted(ledger: Ledger, note: StudyNote, of: str | None) -> list[Contrast]:
    """Return the contrast *of*, or all between two variants; if *of* is not one, raise with the reason."""
    results = finished(ledger.results(note.base_id))
    contrasts = {contrast.label: contrast for contrast in contrasts_for(results, note.contrasts)}
    if of is not None:
        label = current_label(of)
        if label not in contrasts and f"-{label}" in contrasts:
            label = f"-{label}"  # as the component is called elsewhere
        if label not in contrasts:
            raise StudyError(f"the table has no row {of!r}; {nearest(of, contrasts)}")
        two_arms(contrasts[label])
        return [contrasts[label]]
    found, reasons = [], []
    done = {result.change for result in results}
    for contrast in contrasts.values():
        try:
            if done.issuperset(two_arms(contrast)):
                found.append(contrast)
        except StudyError as error:
            reasons.append(error)
    if not found:
        raise (
            reasons[0]
            if reasons
            else StudyError("no row compares two variants that have finished; wait for more trials")
        )
    return found


def _counted(contrast: Contrast, folders: Folders) -> ContrastImages:
    with_it, without = two_arms(contrast)
    pairs = paired(predictions_of(folders, with_it), predictions_of(folders, without))
    return ContrastImages(contrast, image_wins(pairs))
