"""Draws the training curves of a study from its ledger."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..contracts import MetricInfo, current_label, finished
from ..errors import LedgerError, StudyError, nearest
from ..ledger import Ledger, StudyNote
from ..report.figures.learning import draw_learning
from ..report.html.document import VariantCurves
from .study_document import finished_trials
from .training_curves import collect_curves
from .trial_times import times_remark

FORMATS = ("png", "svg", "pdf")


def format_of_curves(path: Path) -> str:
    """Return the image format for the suffix of *path*; raise :class:`StudyError` for an unknown one."""
    format = path.suffix.lower().removeprefix(".")
    if format not in FORMATS:
        raise StudyError(f"{path}: an image must end in .png, .svg or .pdf; use {path.with_suffix('.png')}")
    return format


def drawn_curves(
    ledger: Ledger,
    note: StudyNote,
    format: str,
    variants: Sequence[str] = (),
    metric: str | None = None,
    missing: list[str] | None = None,
) -> bytes:
    """Return the curves of finished trials as an image in one of ``FORMATS``, a row for each variant.

    *variants* are labels of the table, by default all; *metric* is by default the study's primary one. Histories that
    cannot be read are added to *missing*. Raises :class:`LedgerError` if no trial has finished, :class:`StudyError` for
    an unknown variant or metric.
    """
    results = finished(ledger.results(note.base_id))
    labels = {result.change: result.label for result in results}
    unread: list[str] = [] if missing is None else missing
    found = collect_curves(results, labels, finished_trials(ledger, note.base_id), unread)
    if not found:
        raise LedgerError(
            f"no trial of this base pipeline in {ledger.root} has finished yet; continue with 'flowerablate run', or "
            "choose another base"
        )
    grey = next((curve for curve in found if not curve.change), None)
    remark = times_remark(ledger, note.base_id)
    return draw_learning(_chosen(found, variants), _metric(metric, note, found), format, grey, remark)


def _chosen(found: Sequence[VariantCurves], wanted: Sequence[str]) -> list[VariantCurves]:
    by_label = {variant.label: variant for variant in sorted(found, key=lambda variant: bool(variant.change))}
    labels = [current_label(label) for label in wanted]
    for label in labels:
        if label not in by_label:
            raise StudyError(f"no trial of variant {label!r} has finished; {nearest(label, by_label)}")
    return [by_label[label] for label in labels or by_label]


def _metric(name: str | None, note: StudyNote, found: Sequence[VariantCurves]) -> MetricInfo:
    """Return the metric to draw: the requested one, the primary one, or accuracy, which all trials have."""
    drawn = {"accuracy"}.union(*(seed.metrics for variant in found for seed in variant.seeds))
    if name is not None and name not in drawn:
        raise StudyError(f"no trial computed {name!r} in training; {nearest(name, drawn)}")
    chosen = name or (note.rules.metric if note.rules.metric in drawn else "accuracy")
    known = {info.name: info for info in note.metrics}
    return known.get(chosen, MetricInfo(chosen, percent=chosen == "accuracy"))
