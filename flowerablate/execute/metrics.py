"""Figures of merit: built by name, taken of a trial's predictions, at its end or whenever they are asked for.

Metrics do not enter a trial's id. What they are taken of is what the ledger keeps, so that a figure is the same whether
it was asked for before the study or years later.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ..contracts import ALWAYS_MEASURED, Metric, MetricContext, MetricInfo, TrialResult
from ..errors import PluginError, StudyError
from ..ledger import Ledger, Predictions, StudyNote, TrialFolder
from ..study.metrics import MetricChoice, resolve_metric
from .assemble import Assembler

_logger = logging.getLogger(__name__)

LOSS = MetricInfo("loss", lower_is_better=True, percent=False)
"""The training loss on the test images: of the trial's own loss, so that no component makes it anew."""


class Metrics:
    """The metrics of a study, the primary one first, each once; built as soon as the number of classes is known."""

    def __init__(self, choices: Iterable[MetricChoice], assembler: Assembler) -> None:
        self._choices = {chosen.info.name: chosen for chosen in choices}
        self._assembler = assembler
        self._built: dict[tuple[str, int], Metric] = {}

    @property
    def infos(self) -> Mapping[str, MetricInfo]:
        """How each metric is read, by its name."""
        return {name: chosen.info for name, chosen in self._choices.items()}

    @property
    def names(self) -> tuple[str, ...]:
        """The names, the primary one first."""
        return tuple(self._choices)

    def built(self, name: str, classes: int) -> Metric:
        """Return the metric *name* for that many classes; what a plugin does wrong raises :class:`PluginError`."""
        if (name, classes) not in self._built:
            choice = self._choices[name].choice
            metric = self._assembler.build("metric", choice, MetricContext(classes))
            if not isinstance(metric, Metric):
                owner = self.owner(name)
                raise PluginError(f"metric {choice.use!r} of {owner} built a {type(metric).__name__}, not a Metric")
            self._built[name, classes] = metric
        return self._built[name, classes]

    def build_all(self, classes: int) -> None:
        """Build all metrics, so that a fault shows before anything is trained."""
        for name in self.names:
            self.built(name, classes)

    def owner(self, name: str) -> str:
        """Return who brought the metric *name*, with the version."""
        return self._assembler.provenance("metric", self._choices[name].choice.use)

    def value(self, name: str, predictions: Predictions) -> float:
        """Take the metric *name* of *predictions*; nan where it is not defined."""
        metric = self.built(name, len(predictions.classes))
        labels, probabilities = predictions.labels.copy(), predictions.normalised
        try:
            return float(metric.value(labels, probabilities))
        except Exception as error:
            what = " ".join(f"{type(error).__name__}: {error}".split())
            raise PluginError(f"metric {name!r} of {self.owner(name)} failed: {what}") from error

    def measure(self, predictions: Predictions) -> dict[str, float]:
        """Take all metrics of *predictions*. One that fails is left out with a warning, so that no training is lost."""
        values = {}
        for name in self.names:
            try:
                values[name] = self.value(name, predictions)
            except PluginError as error:
                _logger.warning("%s", error)
        return values

    def records(self, names: Iterable[str]) -> dict[str, str]:
        """Return what a result's ``environment`` says of each metric: who brought it."""
        return {_record(name): self.owner(name) for name in names}


def choose_metrics(primary: str, secondary: Sequence[str], assembler: Assembler) -> Metrics:
    """Return the metrics that a study names; an unknown one raises :class:`StudyError` with the nearest name."""
    choices = [resolve_metric(primary, assembler.lookup, "metrics.primary")]
    choices += [resolve_metric(text, assembler.lookup, "metrics.secondary") for text in secondary]
    return Metrics(choices, assembler)


def choose_best_by(text: str, assembler: Assembler) -> MetricChoice | None:
    """Return the metric that ``train.best_by`` names; None for accuracy and loss, which every evaluation has.

    An unknown one raises :class:`StudyError` with the nearest name.
    """
    return None if text in ALWAYS_MEASURED else resolve_metric(text, assembler.lookup, "train.best_by")


@dataclass(frozen=True)
class Reading:
    """What a report needs of its metrics: the name of the *primary* one, how each is read, and those to be taken."""

    primary: str
    infos: Mapping[str, MetricInfo]
    metrics: Metrics

    @property
    def secondary(self) -> tuple[str, ...]:
        """The names of those that no verdict rests on."""
        return tuple(name for name in self.infos if name != self.primary)


def reading(note: StudyNote, metric: str | None, assembler: Assembler, beside: Sequence[str] = ()) -> Reading:
    """Return how a report reads the study of *note*, by *metric* or by the study's primary one.

    What of *beside* is not among the study's secondary metrics, under whatever parameters, joins them. The metrics of a
    plugin that is not here any more are read as the ledger noted them. An unknown one raises :class:`StudyError`.
    """
    noted = {info.name: info for info in (LOSS, *note.metrics)}
    infos: dict[str, MetricInfo] = {}
    choices = []
    known = {text.partition(",")[0] for text in note.secondary} | {*note.secondary}
    for text in (metric or note.rules.metric, *note.secondary, *(each for each in beside if each not in known)):
        try:
            chosen = resolve_metric(text, assembler.lookup, "metric")
        except StudyError:
            if text not in noted:
                raise
            infos[text] = noted[text]
        else:
            choices.append(chosen)
            infos[chosen.info.name] = chosen.info
    return Reading(next(iter(infos)), infos, Metrics(choices, assembler))


def with_metrics(results: Sequence[TrialResult], ledger: Ledger, base_id: str, metrics: Metrics) -> list[TrialResult]:
    """Return *results* with all *metrics*, those of the study with that base; nothing is written.

    What a result lacks, or has from another version of the metric's plugin, is taken of the kept predictions; a trial
    of which these are missing or damaged raises :class:`LedgerError`, unless it has the value that was taken then.
    """
    folders = {folder.path.name: folder for _, folder in ledger.trials_of(base_id)}
    return [result if result.failure else _completed(result, folders[result.trial_id], metrics) for result in results]


def _completed(result: TrialResult, folder: TrialFolder, metrics: Metrics) -> TrialResult:
    wanted = [name for name in metrics.names if not _up_to_date(result, name, metrics)]
    if not wanted:
        return result
    if not folder.has_predictions and all(name in result.metrics for name in wanted):
        return result
    predictions = folder.predictions()
    values = {name: metrics.value(name, predictions) for name in wanted}
    return replace(
        result,
        metrics={**result.metrics, **values},
        environment={**result.environment, **metrics.records(wanted)},
    )


def _up_to_date(result: TrialResult, name: str, metrics: Metrics) -> bool:
    return name in result.metrics and result.environment.get(_record(name)) == metrics.owner(name)


def _record(name: str) -> str:
    return f"metric {name}"


def undefined(results: Sequence[TrialResult], names: Iterable[str]) -> list[str]:
    """Return a note for each metric that is not defined in some trials, for instance because a class is missing."""
    notes = []
    for name in names:
        count = sum(not result.failure and math.isnan(result.metrics.get(name, 0.0)) for result in results)
        if count:
            trials = "1 trial" if count == 1 else f"{count} trials"
            notes.append(f"{name} is not defined in {trials}, left out: their test images may lack a class.")
    return notes
