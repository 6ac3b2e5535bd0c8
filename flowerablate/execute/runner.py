"""Runs the trials of a study that the ledger does not have yet."""

from __future__ import annotations

import errno
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..contracts import Design, Rules, Trial, TrialResult
from ..ledger import Ledger, StudyNote
from ..stats.confounds import refusal
from ..study.designs import design
from ..study.identity import describe, expand_trials
from ..study.resolve import resolve, rules_of
from ..study.schema import StudyFile
from ..train.device import prepare_process
from .assemble import Assembler, DataSet, PreparedPipeline
from .metrics import Metrics, choose_metrics
from .observer import RunObserver
from .probe import probe_design
from .trial import check_parts, run_trial

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}
"""Where the disk is the trouble the next trial would fail too, so the run ends there."""


@dataclass(frozen=True)
class Plan:
    """A study made ready: data, design, trials in the order in which they run, rules of its verdicts, and metrics."""

    data: DataSet
    design: Design
    trials: tuple[Trial, ...]
    rules: Rules
    metrics: Metrics
    refused: Mapping[str, str] = field(default_factory=dict)
    remarks: Mapping[str, str] = field(default_factory=dict)

    @property
    def base_id(self) -> str:
        """The id of the base pipeline, by which the ledger knows the study."""
        return self.trials[0].base_id

    @property
    def note(self) -> StudyNote:
        """What the ledger notes of it."""
        return StudyNote(
            base_id=self.base_id,
            trials=tuple(trial.id for trial in self.trials),
            skipped=len(self.data.samples.skipped),
            contrasts=self.design.contrasts,
            rules=self.rules,
            secondary=self.metrics.names[1:],
            metrics=tuple(self.metrics.infos.values()),
            refused=self.refused,
            remarks=self.remarks,
            data=self.data.fingerprint,
        )

    def probed(self, ledger: Ledger, assembler: Assembler, observer: RunObserver) -> Plan:
        """Return the plan without the questions that vanish; the observer hears the reasons."""
        missing = {trial.variant.change for trial in self.trials if not ledger.folder(trial).complete}
        seed = self.trials[0].seed
        probed = probe_design(self.design, missing, self.data, assembler, seed=seed)
        for label, reason in probed.refused.items():
            observer.remarked(f"refused, for nothing differs: {refusal(label, reason)}")
        for label, remark in probed.remarks.items():
            observer.remarked(f"{label} {remark}")
        trials = tuple(t for t in self.trials if t.variant.change in probed.design.changes_on(t.seed))
        return replace(self, design=probed.design, trials=trials, refused=probed.refused, remarks=probed.remarks)


@dataclass(frozen=True)
class Outcome:
    """What a run did: trials *run* now, *failed* with their reasons, and *elsewhere*: held by another process."""

    run: int
    failed: tuple[TrialResult, ...]
    elsewhere: int


def plan_study(study: StudyFile, assembler: Assembler, *, skip_bad: bool = False) -> Plan:
    """Resolve *study*, collect its data and expand it into trials; nothing is trained."""
    base = resolve(study, assembler.lookup)
    metrics = choose_metrics(study.metrics.primary, study.metrics.secondary, assembler)
    asked = design(base, assembler.lookup, study.ablation)
    for variant in asked.variants:
        assembler.build_steps(variant.pipeline)
    data = assembler.load_data(base, skip_bad=skip_bad)
    trials = expand_trials(asked, range(study.ablation.seeds), data.fingerprint, assembler.provenance)
    metrics.build_all(len(data.samples.classes))
    rules = replace(rules_of(study), metric=metrics.names[0])
    return Plan(data, asked, trials, rules, metrics)


def run_study(plan: Plan, assembler: Assembler, ledger: Ledger, observer: RunObserver) -> Outcome:
    """Run what is missing, replicate by replicate. A trial that fails is recorded, and the others go on.

    Images are packed and every variant is put together once before the first trial trains, so that a study does not
    stop halfway for a fault that could be seen at the start.
    """
    prepare_process()
    plan = plan.probed(ledger, assembler, observer)
    missing = [trial for trial in plan.trials if not ledger.folder(trial).complete]
    prepared = _prepare(missing, plan.data, assembler)
    pipelines = {variant.change: describe(variant.pipeline) for variant in plan.design.variants}
    ledger.enter(plan.trials, pipelines, plan.note)
    observer.study_started(len(plan.trials), len(plan.trials) - len(missing))
    failed: list[TrialResult] = []
    run = elsewhere = 0
    for trial in missing:
        folder = ledger.folder(trial)
        with folder.locked() as mine:
            elsewhere += not mine
            if not mine or folder.complete:
                continue
            observer.trial_started(trial)
            try:
                pipeline = prepared[trial.variant.change]
                result = run_trial(trial, pipeline, plan.data, assembler, folder, observer, plan.metrics)
            except Exception as error:
                if isinstance(error, OSError) and error.errno in _NO_ROOM:
                    raise
                result = _failure(trial, error)
                folder.fail(result.failure, traceback.format_exc())
                failed.append(result)
            run += 1
            observer.trial_finished(trial, result)
    return Outcome(run, tuple(failed), elsewhere)


def _prepare(missing: Sequence[Trial], data: DataSet, assembler: Assembler) -> dict[str, PreparedPipeline]:
    prepared = {}
    for variant in {trial.variant.change: trial.variant for trial in missing}.values():
        prepared[variant.change] = assembler.prepare(variant.pipeline, data)
        check_parts(variant.pipeline, data, assembler)
    return prepared


def _failure(trial: Trial, error: Exception) -> TrialResult:
    reason = " ".join(f"{type(error).__name__}: {error}".split())
    return TrialResult.failed(trial.id, trial.base_id, trial.variant.change, trial.seed, reason)
