"""Makes the plan of a study: the trials to run, and the rules of their verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from ..contracts import Contrast, CostInfo, Design, Pipeline, Rules, Trial, TunedBase
from ..data.splits import split_remarks, split_samples
from ..errors import StudyError
from ..ledger import StudyNote
from ..study.designs import design
from ..study.identity import FingerprintOf, expand_trials
from ..study.origin import about
from ..study.resolve import resolve, rules_of, tuned_of
from ..study.schema import StudyFile
from ..wiring.assemble import Assembler, DataSet
from ..wiring.measured_costs import cost_infos
from ..wiring.scoring import Metrics, choose_best_by, choose_metrics


@dataclass(frozen=True)
class Plan:
    """A study ready to run: data, design, rules of the verdicts, and number of replicates.

    A study of fixed size has *seeds* replicates. An adaptive one starts with *seeds* and has at most *max_seeds*; its
    looks are in the rules once :func:`.adaptive.settled` has fixed them. *refused* and *remarks*: see
    :class:`~flowerablate.probe.design.Probed`. *costs* describe the costs of its trials. *threads* and
    *device*: see :class:`~flowerablate.ledger.StudyNote`; they are settled when the study runs. *tuned*: see there too.
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
    threads: int = 0
    device: str = ""
    tuned: TunedBase | None = None

    def trials_of(self, seeds: Iterable[int], contrasts: Sequence[Contrast] | None = None) -> tuple[Trial, ...]:
        """Return the trials that *contrasts* (default: all) need on *seeds*, replicate by replicate."""
        asked = self.design if contrasts is None else replace(self.design, contrasts=tuple(contrasts))
        return expand_trials(asked, seeds, self.data.fingerprint, self.fingerprint_of)

    @cached_property
    def trials(self) -> tuple[Trial, ...]:
        """The trials that run in any case, in order: all of them, or those of the first look."""
        return self.trials_of(range(self.seeds))

    @property
    def base_id(self) -> str:
        """The id of the base pipeline, which identifies the study in the ledger."""
        return self.trials[0].base_id

    def note(self, trials: Iterable[Trial]) -> StudyNote:
        """Return the note for the ledger on a run of *trials*."""
        return StudyNote(
            base_id=self.base_id,
            trials=tuple(trial.id for trial in trials),
            skipped=len(self.data.samples.skipped),
            contrasts=self.design.contrasts,
            rules=self.rules,
            secondary=self.metrics.names[1:],
            metrics=tuple(self.metrics.infos.values()),
            costs=self.costs,
            threads=self.threads,
            device=self.device,
            tuned=self.tuned,
            refused=self.refused,
            remarks=self.remarks,
            data=self.data.fingerprint,
            data_remarks=split_remarks(self.data.samples, self.design.variants[0].pipeline.split),
        )


def plan_study(
    study: StudyFile,
    assembler: Assembler,
    *,
    skip_bad: bool = False,
    build: bool = True,
    data: DataSet | None = None,
) -> Plan:
    """Resolve *study*, load its data and make its design; nothing is trained.

    *build*: whether the steps of each variant are built now, so that faults show. *data*: that of the study, if it is
    loaded already.
    """
    base = resolve(study, assembler.lookup)
    with study.blamed():
        metrics = choose_metrics(study.metrics.primary, study.metrics.secondary, assembler)
        with about("statistics.margin"):
            _check_margin(study.statistics.margin, metrics)
        asked = design(base, assembler.lookup, study.ablation)
        for variant in asked.variants:
            if build:
                assembler.build_steps(variant.pipeline)
            choose_best_by(variant.pipeline.train.best_by, assembler)
    data = data or assembler.load_data(base, skip_bad=skip_bad)
    split_samples(data.samples, 0, base.split)  # reports faults of the split before images are packed
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
        tuned=_tuned_alone(study, asked.variants[0].pipeline),
    )


def _tuned_alone(study: StudyFile, base: Pipeline) -> TunedBase | None:
    """Return how the base was tuned, for those settings that no search of the study chooses in each variant again."""
    tuned = tuned_of(study)
    if tuned is None:
        return None
    again = {key for key, _ in base.retune}
    settings = tuple(name for name in tuned.settings if name not in again)
    return replace(tuned, settings=settings) if settings else None


def _check_margin(margin: float | None, metrics: Metrics) -> None:
    """Refuse a margin given in percentage points: every effect would be negligible."""
    primary = metrics.names[0]
    if margin is not None and margin >= 1 and metrics.infos[primary].percent:
        meant = f"{margin:g} {'point is' if margin == 1 else 'points are'} {margin / 100:g}"
        raise StudyError(f"a margin of {margin:g} is not below 1, the maximum of {primary}; {meant}")
