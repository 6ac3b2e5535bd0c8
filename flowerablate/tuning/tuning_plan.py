"""Makes a tuning plan from a study and a search space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ..contracts import DatasetSpec, MetricInfo, Pipeline, Rules, TrainingSpec, TunedBase, Value
from ..files import open_text
from ..study.identity import pipeline_id
from ..study.resolve import resolve, rules_of, tuned_of
from ..study.schema import StudyFile
from ..study.toml import to_toml
from ..wiring.assemble import Assembler, DataSet
from ..wiring.scoring import Metrics, choose_metrics
from .space import Space, read_space

FIRST_SEED = 1000
"""Seed of the first replicate for tuning: above the maximum of a run, 999."""

HEAD = "# Written by flowerablate tune"


@dataclass(frozen=True)
class TuningPlan:
    """A study ready for tuning: its *base* pipeline, the *space*, and the *seeds* of every trial.

    *replicates*: number of replicates of the tuned study. *search*: the space as written by the user.
    *tuned_before*: an earlier tuning of the base.
    """

    study: str
    data: DataSet
    base: Pipeline
    space: Space
    search: tuple[str, ...]
    seeds: tuple[int, ...]
    metrics: Metrics
    rules: Rules
    replicates: int
    pruner: str
    questions: Mapping[str, object] = field(default_factory=dict)
    tuned_before: TunedBase | None = None

    @property
    def metric(self) -> MetricInfo:
        """The tuned metric: the study's primary one, computed on validation."""
        return self.metrics.infos[self.metrics.names[0]]

    @cached_property
    def max_epochs(self) -> int:
        """The maximum number of epochs of a trial's training."""
        epochs = [self.base.train.epochs]
        for dimension in self.space.dimensions:
            if dimension.key == f"{TrainingSpec.slot}.epochs":
                epochs += [int(value) for value in dimension.values or (dimension.high,)]  # type: ignore[arg-type]
        return max(epochs)

    def identity(self, assembler: Assembler) -> dict[str, Any]:
        """Return what sessions of one tuning must have in common, as JSON values."""
        return {
            "space": {dimension.name: dimension.text for dimension in self.space.dimensions},
            "base": pipeline_id(self.base, self.data.fingerprint, assembler.fingerprint),
            "seeds": len(self.seeds),
            "metric": self.metric.name,
            "pruner": self.pruner,
        }

    def tuned(self, values: Mapping[str, Value], assembler: Assembler) -> Pipeline:
        """Return the base pipeline with *values*."""
        return self.space.pipeline(self.base, values, assembler.lookup)

    def study_file(self, values: Mapping[str, Value], trials: int, remark: str, assembler: Assembler) -> str:
        """Return a study file of the pipeline with *values*, the best of *trials*, and the study's questions.

        *remark* is at its top.
        """
        pipeline = self.tuned(values, assembler)
        dataset = pipeline.choice(DatasetSpec)
        # A relative path refers to the folder of its study file, and this file may be in another folder.
        given = {name: dataset.params.get(name) for name in ("path", "groups", "exclude")}
        here = {name: assembler.root / path for name, path in given.items() if isinstance(path, str) and path}
        absolute = {name: str(path.absolute()) for name, path in here.items() if path.exists()}
        moved = replace(dataset, params={**dataset.params, **absolute})
        pipeline = replace(pipeline, components={**pipeline.components, DatasetSpec.slot: moved})
        name = f"{self.study[:74]}-tuned"
        names = [dimension.name for dimension in self.space.dimensions]
        before = self.tuned_before
        if before is not None:
            names, trials = [*before.settings, *names], trials + before.trials
        tuned = TunedBase(tuple(dict.fromkeys(names)), trials, self.metric.name)
        secondary, replicates = self.metrics.names[1:], range(self.replicates)
        text = to_toml(pipeline, name, self.rules, secondary, replicates, self.questions, tuned)
        return f"{HEAD}: {remark}\n\n{text}"


def plan_tuning(
    study: StudyFile, search: Sequence[str], seeds: int, pruner: str, assembler: Assembler, *, skip_bad: bool = False
) -> TuningPlan:
    """Resolve *study*, read the space and load the data; nothing is trained. *seeds*: training runs of each trial."""
    base = resolve(study, assembler.lookup)
    space = read_space(search, base, assembler.lookup)
    with study.blamed():
        metrics = choose_metrics(study.metrics.primary, study.metrics.secondary, assembler)
        assembler.build_steps(base)
    data = assembler.load_data(base, skip_bad=skip_bad)
    metrics.build_all(len(data.samples.classes))
    rules = replace(rules_of(study), metric=metrics.names[0])
    numbers = tuple(range(FIRST_SEED, FIRST_SEED + seeds))
    return TuningPlan(
        study.name,
        data,
        base,
        space,
        tuple(search),
        numbers,
        metrics,
        rules,
        study.ablation.seeds,
        pruner,
        study.ablation.model_dump(exclude={"seeds", "retune"}),
        tuned_of(study),
    )


def is_ours(path: Path) -> bool:
    """Whether *path* may be written: it does not exist, or was written by tuning."""
    try:
        with open_text(path) as file:
            return file.readline().startswith(HEAD)
    except FileNotFoundError:
        return True
    except UnicodeDecodeError:
        return False
