"""From a study and what is installed to a plan: the trials to run, and the rules of their verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from ..contracts import Contrast, CostInfo, Design, Rules, Trial
from ..data.splits import split_remarks, split_samples
from ..errors import StudyError
from ..ledger import StudyNote
from ..study.designs import design
from ..study.identity import FingerprintOf, expand_trials
from ..study.resolve import resolve, rules_of
from ..study.schema import StudyFile
from ..wiring.assemble import Assembler, DataSet
from ..wiring.measured_costs import cost_infos
from ..wiring.scoring import Metrics, choose_best_by, choose_metrics


@dataclass(frozen=True)
class Plan:
    """A study made ready: data, design, the rules of its verdicts, and on how many replicates it is run.

    A study of fixed size has *seeds* replicates. One that adds some until verdicts are reached has *seeds* at first and
    *max_seeds* at most; its looks are in the rules once :func:`.adaptive.settled` has fixed them. *refused* and
    *remarks*: see :class:`~flowerablate.probe.design.Probed`. *costs* say how to read what its trials cost.
    """

    data: DataSet
    design: Design
    seeds: int
    rules: Rules
    fingerprint_of: FingerprintOf
    metrics: Metrics
    max_seeds: int | None = None
    refused: Mapping[str, str] = field(default_factory=dict)
    remarks: Mapping[str, str] = field(default_factory=dict)
    costs: tuple[CostInfo, ...] = ()

    def trials_of(self, seeds: Iterable[int], contrasts: Sequence[Contrast] | None = None) -> tuple[Trial, ...]:
        """Return the trials that *contrasts* (all, if not given) need on *seeds*, replicate by replicate."""
        asked = self.design if contrasts is None else replace(self.design, contrasts=tuple(contrasts))
        return expand_trials(asked, seeds, self.data.fingerprint, self.fingerprint_of)

    @cached_property
    def trials(self) -> tuple[Trial, ...]:
        """The trials that run in any case, in the order in which they do: all of them, or those of the first look."""
        return self.trials_of(range(self.seeds))

    @property
    def base_id(self) -> str:
        """The id of the base pipeline, by which the ledger knows the study."""
        return self.trials[0].base_id

    def note(self, trials: Iterable[Trial]) -> StudyNote:
        """What the ledger notes of it, when *trials* are those of the run."""
        return StudyNote(
            base_id=self.base_id,
            trials=tuple(trial.id for trial in trials),
            skipped=len(self.data.samples.skipped),
            contrasts=self.design.contrasts,
            rules=self.rules,
            secondary=self.metrics.names[1:],
            metrics=tuple(self.metrics.infos.values()),
            costs=self.costs,
            refused=self.refused,
            remarks=self.remarks,
            data=self.data.fingerprint,
            data_remarks=split_remarks(self.data.samples, self.design.variants[0].pipeline.split),
        )


def plan_study(study: StudyFile, assembler: Assembler, *, skip_bad: bool = False) -> Plan:
    """Resolve *study*, collect its data and make its design; nothing is trained."""
    base = resolve(study, assembler.lookup)
    metrics = choose_metrics(study.metrics.primary, study.metrics.secondary, assembler)
    _check_margin(study.statistics.margin, metrics)
    asked = design(base, assembler.lookup, study.ablation)
    for variant in asked.variants:
        assembler.build_steps(variant.pipeline)
        choose_best_by(variant.pipeline.train.best_by, assembler)
    data = assembler.load_data(base, skip_bad=skip_bad)
    split_samples(data.samples, 0, base.split)  # its faults show before anything is packed
    metrics.build_all(len(data.samples.classes))
    return Plan(
        data,
        asked,
        study.ablation.seeds,
        replace(rules_of(study), metric=metrics.names[0]),
        assembler.fingerprint,
        metrics,
        max_seeds=study.ablation.max_seeds if study.ablation.until_decided else None,
        costs=cost_infos(assembler),
    )


def _check_margin(margin: float | None, metrics: Metrics) -> None:
    """Refuse a margin that is meant in percentage points: every effect would be negligible."""
    primary = metrics.names[0]
    if margin is not None and margin >= 1 and metrics.infos[primary].percent:
        meant = f"{margin:g} {'point is' if margin == 1 else 'points are'} {margin / 100:g}"
        raise StudyError(f"a margin of {margin:g} is the whole range of {primary}, which goes to 1; {meant}")
