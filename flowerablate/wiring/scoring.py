"""Metrics: built by name, computed from a trial's predictions, at its end or at any later time.

Metrics do not enter a trial's id. They are computed from what the ledger keeps, so that a value is the same whether it
was requested before the study or years later.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence

from ..contracts import ALWAYS_MEASURED, Metric, MetricContext, MetricInfo, MetricSpec, OwnedComponent, Owner
from ..errors import PluginError, one_line
from ..ledger import Predictions
from ..study.metric_choice import MetricChoice, resolve_metric
from .assemble import Assembler

_logger = logging.getLogger(__name__)

LOSS = MetricInfo("loss", lower_is_better=True, percent=False)
"""The trial's own loss on the test images, which no metric component recomputes."""

ACCURACY = MetricInfo("accuracy", percent=True)
"""The fraction of correct predictions, which every evaluation has."""


class Metrics:
    """The metrics of a study, the primary one first, without duplicates; built once the number of classes is known."""

    def __init__(self, choices: Iterable[MetricChoice], assembler: Assembler) -> None:
        self._choices = {chosen.info.name: chosen for chosen in choices}
        self._assembler = assembler
        self._built: dict[tuple[str, int], Metric] = {}

    @property
    def infos(self) -> Mapping[str, MetricInfo]:
        """The description of each metric, by name."""
        return {name: chosen.info for name, chosen in self._choices.items()}

    @property
    def names(self) -> tuple[str, ...]:
        """The names, the primary one first."""
        return tuple(self._choices)

    def built(self, name: str, classes: int) -> Metric:
        """Return the metric *name* for *classes* classes; an error in the plugin raises :class:`PluginError`."""
        if (name, classes) not in self._built:
            choice = self._choices[name].choice
            metric = self._assembler.build(MetricSpec.slot, choice, MetricContext(classes))
            if not isinstance(metric, Metric):
                owner = self.owner(name)
                raise PluginError(f"metric {choice.use!r} of {owner} built a {type(metric).__name__}, not a Metric")
            self._built[name, classes] = metric
        return self._built[name, classes]

    def build_all(self, classes: int) -> None:
        """Build all metrics, so that errors show before any training."""
        for name in self.names:
            self.built(name, classes)

    def owner(self, name: str) -> Owner:
        """Return the owner of the metric *name*: the plugin that registered it."""
        return self._assembler.owner(MetricSpec.slot, self._choices[name].choice.use)

    def value(self, name: str, predictions: Predictions) -> float:
        """Compute the metric *name* of *predictions*; nan if it is undefined.

        A metric that needs logits raises :class:`LedgerError` if none were kept; an error in the plugin raises
        :class:`PluginError`.
        """
        metric = self.built(name, len(predictions.classes))
        labels, scores = predictions.labels.copy(), predictions.scores(metric.needs)
        try:
            return float(metric.value(labels, scores))
        except Exception as error:
            raise PluginError(f"metric {name!r} of {self.owner(name)} failed: {one_line(error)}") from error

    def measure(self, predictions: Predictions) -> dict[str, float]:
        """Compute all metrics of *predictions*. One that fails is left out with a warning: no training is lost."""
        values = {}
        for name in self.names:
            try:
                values[name] = self.value(name, predictions)
            except PluginError as error:
                _logger.warning("%s", error)
        return values

    def owners(self, names: Iterable[str]) -> tuple[OwnedComponent, ...]:
        """Return the metrics *names*, as named in a result, with their owners."""
        return tuple(OwnedComponent(MetricSpec.slot, name, self.owner(name)) for name in names)


def choose_metrics(primary: str, secondary: Sequence[str], assembler: Assembler) -> Metrics:
    """Return the metrics of a study; an unknown name raises :class:`StudyError` with the nearest one."""
    choices = [resolve_metric(primary, assembler.lookup, "metrics.primary")]
    choices += [resolve_metric(text, assembler.lookup, "metrics.secondary") for text in secondary]
    return Metrics(choices, assembler)


def choose_best_by(text: str, assembler: Assembler) -> MetricChoice | None:
    """Return the metric that ``train.best_by`` names; None for accuracy and loss, which every evaluation has.

    An unknown one raises :class:`StudyError` with the nearest name.
    """
    return None if text in ALWAYS_MEASURED else resolve_metric(text, assembler.lookup, "train.best_by")


def best_by(text: str, assembler: Assembler) -> MetricInfo:
    """Return the description of the metric that ``train.best_by`` names; errors as in :func:`choose_best_by`."""
    chosen = choose_best_by(text, assembler)
    return chosen.info if chosen else {info.name: info for info in (ACCURACY, LOSS)}[text]
