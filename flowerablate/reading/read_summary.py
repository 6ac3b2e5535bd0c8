"""Reads the summary, the basis of every table, page and comparison, from a ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..contracts import Population
from ..errors import LedgerError
from ..ledger import Ledger, StudyNote
from ..stats import Summary, summarise
from ..stats.confounds import refusal_notes
from ..stats.wording import count
from ..wiring.assemble import Assembler
from ..wiring.measured_costs import cost_infos
from .find_study import bases_shown, note_of, shown_elsewhere
from .image_evidence import image_evidence
from .kept_metrics import reading, undefined, with_metrics
from .shown_tables import record_table, shown_so_far
from .trial_times import times_remark


def read_summary(
    ledger: Ledger,
    base_id: str | None,
    assembler: Assembler,
    metric: str | None = None,
    population: Population | None = None,
    besides: Sequence[str] = (),
) -> tuple[StudyNote, Summary]:
    """Return the ledger's note on the study with that base, or on the latest, and the summary of its trials.

    A *metric* that the trials do not have yet is computed from their predictions. *population* replaces the one in the
    study's rules. The metrics *besides* are shown like the study's secondary ones. If the table shows verdicts that
    were not shown before, the ledger records it. Raises :class:`LedgerError` if no
    trial has finished.
    """
    note = note_of(ledger, base_id)
    results = ledger.results(note.base_id)
    if not results:
        if base_id is None:
            raise LedgerError(f"no trial of {ledger.root} has finished yet; continue with 'flowerablate run'")
        known = ", ".join(ledger.base_ids()) or "none"
        raise LedgerError(f"{ledger.root} has no finished trials of base {base_id}; bases in it: {known}")
    read = reading(note, metric, assembler, besides)
    results = with_metrics(results, ledger, note.base_id, read.metrics)
    rules = replace(note.rules, population=population or note.rules.population)
    pending = ledger.unfinished(note)
    note, counts = record_table(ledger, note, results, pending=pending > 0)
    summary = summarise(
        results,
        note.contrasts,
        rules=rules,
        metric=read.primary,
        metrics=read.infos,
        secondary=read.secondary,
        tuned=note.tuned,
        late=note.late,
        pending=pending,
        counts=counts,
        **shown_so_far(note),
        costs=cost_infos(assembler, note.costs),
        images=image_evidence(ledger, note.base_id, rules, read.metrics.names, read.metrics.built),
    )
    more = [*refusal_notes(note.refused, note.remarks), *undefined(results, read.infos)]
    more += [f"{remark}." for remark in note.data_remarks]
    if remark := times_remark(ledger, note.base_id):
        more.append(remark)
    if others := shown_elsewhere(ledger, note.base_id):
        more.append(
            f"Results of this base were also shown in {'another study' if len(others) == 1 else 'other studies'}, "
            f"{', '.join(others)}: a study of another name trains the same replicates, and the verdicts here do not "
            "account for those tables."
        )
    if bases := bases_shown(ledger, note):
        more.append(
            f"Verdicts on these questions were also shown for {count(bases, 'other base')} of this study, with other "
            "settings, data or code. The verdicts here do not account for those tables."
        )
    if note.skipped:
        more.append(f"{count(note.skipped, 'unreadable image')} left out of the data.")
    return note, replace(summary, notes=(*summary.notes, *more))
