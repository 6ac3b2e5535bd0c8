"""``flowerablate curves``: the learning curves of a study's trials as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from ..errors import LedgerError, StudyError, nearest
from . import completion
from .environment import find_ledger, note_of

if TYPE_CHECKING:
    from ..contracts import MetricInfo
    from ..ledger import StudyNote
    from ..report.html.document import VariantCurves

FORMATS = ("png", "svg", "pdf")


def curves(
    study: Annotated[
        str | None,
        typer.Argument(
            metavar="STUDY",
            help="Name of the study, or its ledger folder. Without it: the latest one.",
            autocompletion=completion.complete_studies,
        ),
    ] = None,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The picture to write: .png, .svg or .pdf.")] = Path(
        "curves.png"
    ),
    variant: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CHANGE", help="Only this variant, as the table calls it, such as -flip, or base; may be repeated."
        ),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The metric to draw. Without it: the study's primary one."),
    ] = None,
    base: Annotated[
        str | None, typer.Option(metavar="ID", help="Id of the base pipeline, where the ledger holds several.")
    ] = None,
    runs: Annotated[Path, typer.Option(metavar="FOLDER", help="The folder in which ledgers are kept.")] = Path("runs"),
) -> None:
    """Draw the learning curves of finished trials, a row for each variant.

    Loss, metric on validation, learning rate, images per second, and the share
    of the time in which training waited for images, over the epochs. Seeds are
    thin and their mean is strong, the base's mean lies behind in grey, and dots
    mark the epochs whose weights were kept.

    \b
    Examples:
      flowerablate curves
      flowerablate curves flowers --out curves.svg
      flowerablate curves --variant base --variant -morphology
    """
    from ..contracts import finished
    from ..files import replacing
    from ..ledger import Ledger
    from ..reading.study_document import finished_trials
    from ..reading.training_curves import collect_curves
    from ..report.figures.learning import draw_learning

    format = out.suffix.lower().removeprefix(".")
    if format not in FORMATS:
        raise StudyError(f"--out {out}: a picture is called .png, .svg or .pdf; call it {out.with_suffix('.png')}")
    messages = Console(stderr=True)
    ledger = Ledger(find_ledger(study, runs))
    note = note_of(ledger, base)
    results = finished(ledger.results(note.base_id))
    labels = {result.change: result.label for result in results}
    missing: list[str] = []
    found = collect_curves(results, labels, finished_trials(ledger, note.base_id), missing)
    for remark in missing:
        messages.print(remark, style="yellow", soft_wrap=True, highlight=False, markup=False)
    if not found:
        raise LedgerError(
            f"no trial of this base pipeline in {ledger.root} is finished yet; 'flowerablate run' goes on with them, "
            "and --base chooses another one"
        )
    shown = _chosen(found, variant or [])
    grey = next((curve for curve in found if not curve.change), None)
    picture = draw_learning(shown, _metric(metric, note, found), format, grey)
    with replacing(out) as file:
        file.write(picture)
    messages.print(f"wrote {out}", soft_wrap=True, highlight=False, markup=False)


def _chosen(found: tuple[VariantCurves, ...], wanted: list[str]) -> list[VariantCurves]:
    by_label = {variant.label: variant for variant in sorted(found, key=lambda variant: bool(variant.change))}
    for label in wanted:
        if label not in by_label:
            raise StudyError(f"no finished trial is of a variant {label!r}; {nearest(label, by_label)}")
    return [by_label[label] for label in wanted or by_label]


def _metric(name: str | None, note: StudyNote, found: tuple[VariantCurves, ...]) -> MetricInfo:
    """Return how the metric to draw is read: the one asked for, the primary one, or accuracy, which all trials have."""
    from ..contracts import MetricInfo

    drawn = {"accuracy"}.union(*(seed.metrics for variant in found for seed in variant.seeds))
    if name is not None and name not in drawn:
        raise StudyError(f"no trial took {name!r} in training; {nearest(name, drawn)}")
    chosen = name or (note.rules.metric if note.rules.metric in drawn else "accuracy")
    known = {info.name: info for info in note.metrics}
    return known.get(chosen, MetricInfo(chosen, percent=chosen == "accuracy"))
