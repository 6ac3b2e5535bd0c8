"""The metrics of a ledger's trials: recorded at their end, or computed from the stored predictions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ..contracts import MetricInfo, MetricSpec, TrialOutcome, TrialResult, finished
from ..contracts.params import component_in
from ..errors import StudyError
from ..ledger import Ledger, StudyNote, TrialFolder
from ..study.metric_choice import resolve_metric
from ..wiring.assemble import Assembler
from ..wiring.scoring import LOSS, Metrics


@dataclass(frozen=True)
class Reading:
    """The metrics of a report: the name of the *primary* one, the *infos* of all, and the *metrics* to compute."""

    primary: str
    infos: Mapping[str, MetricInfo]
    metrics: Metrics

    @property
    def secondary(self) -> tuple[str, ...]:
        """The names of the other metrics, which have no verdict."""
        return tuple(name for name in self.infos if name != self.primary)


def reading(note: StudyNote, metric: str | None, assembler: Assembler, besides: Sequence[str] = ()) -> Reading:
    """Return the metrics for a report on the study of *note*; the primary one is *metric* or the study's own.

    Names of *besides* that are not among the study's secondary metrics, with any parameters, are added to them. Metrics
    of a plugin that is no longer installed are read from the ledger. An unknown one raises :class:`StudyError`.
    """
    noted = {info.name: info for info in (LOSS, *note.metrics)}
    infos: dict[str, MetricInfo] = {}
    choices = []
    known = {component_in(text) for text in note.secondary} | {*note.secondary}
    for text in (metric or note.rules.metric, *note.secondary, *(each for each in besides if each not in known)):
        try:
            chosen = resolve_metric(text, assembler.lookup, MetricSpec.slot)
        except StudyError:
            if text not in noted:
                raise
            infos[text] = noted[text]
        else:
            choices.append(chosen)
            infos[chosen.info.name] = chosen.info
    return Reading(next(iter(infos)), infos, Metrics(choices, assembler))


def with_metrics(results: Sequence[TrialOutcome], ledger: Ledger, base_id: str, metrics: Metrics) -> list[TrialOutcome]:
    """Return *results* with all *metrics*, those of the study with that base; nothing is written.

    Values that a result lacks, or has from another version of the metric's plugin, are computed from the stored
    predictions. If those are missing or damaged, :class:`LedgerError` is raised; missing ones are tolerated if the
    result already has the values.
    """
    owners = {name: metrics.owners([name])[0] for name in metrics.names}
    folders: dict[str, TrialFolder] = {}
    completed: list[TrialOutcome] = []
    for result in results:
        if not isinstance(result, TrialResult):
            completed.append(result)
            continue
        wanted = [name for name in owners if name not in result.metrics or owners[name] not in result.owners]
        if wanted:
            folders = folders or {folder.name: folder for _, folder in ledger.trials_of(base_id)}
            result = _completed(result, folders[result.trial_id], metrics, wanted)
        completed.append(result)
    return completed


def _completed(result: TrialResult, folder: TrialFolder, metrics: Metrics, wanted: Sequence[str]) -> TrialResult:
    if not folder.has_predictions and all(name in result.metrics for name in wanted):
        return result
    predictions = folder.predictions()
    values = {name: metrics.value(name, predictions) for name in wanted}
    owners = {(owned.slot, owned.name): owned for owned in (*result.owners, *metrics.owners(wanted))}
    return replace(result, metrics={**result.metrics, **values}, owners=tuple(owners.values()))


def undefined(results: Sequence[TrialOutcome], names: Iterable[str]) -> list[str]:
    """Return a note for each metric that is not defined in some trials, for instance because a class is missing."""
    notes = []
    for name in names:
        count = sum(math.isnan(result.metrics.get(name, 0.0)) for result in finished(results))
        if count:
            trials = "1 trial" if count == 1 else f"{count} trials"
            notes.append(f"{name} is not defined in {trials}, left out: their test images may lack a class.")
    return notes
