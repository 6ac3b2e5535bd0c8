"""The job of a candidate: it is rebuilt from its folder, trained there, and leaves its values or its failure there.

The process of a job knows nothing of Optuna: it tells the value of each epoch and of each replicate, and who watches it
decides whether it goes on.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..contracts import Job, Pipeline
from ..errors import LedgerError
from ..execute.apart import answer
from ..execute.observer import numbers_in
from ..execute.trial_job import complete, read_pipeline
from ..execute.workplace import Workplace, workplace_of
from ..files import write_json
from ..jobs.events import EventWriter
from ..ledger import TrialFolder
from ..ledger.json_files import read_json
from ..ledger.result_file import FILE as RESULT
from ..study.identity import describe, pipeline_id
from ..train.device import prepare_process
from ..train.loop import EpochRecord
from ..wiring.parts import check_parts
from ..wiring.scoring import choose_metrics
from .objective import SeedObserver, validation_value, value_on

ENTRY = f"{__name__}:run"
PREPARE = f"{__name__}:prepare"

_FILE = "candidate.json"


@dataclass(frozen=True)
class CandidateResult:
    """What a candidate came to: *values*, the metric of each seed, and *epochs*, that after each epoch of the first.

    *epochs* is empty if the first seed had been trained before the job began. None: the metric was not defined.
    """

    values: Sequence[float]
    epochs: Sequence[float | None]

    @classmethod
    def read(cls, folder: Path) -> CandidateResult:
        """Return the result that the job in *folder* left."""
        return cls(**read_json(folder / RESULT))


def write_candidate(
    folder: Path, pipeline: Pipeline, seeds: Sequence[int], values: Sequence[float], workplace: Workplace
) -> None:
    """Write what the job in *folder* trains: *pipeline* on *seeds*, of which the first have their *values* already."""
    folder.mkdir(parents=True, exist_ok=True)
    identity = pipeline_id(pipeline, workplace.data.fingerprint, workplace.assembler.fingerprint)
    content = {"id": identity, "pipeline": describe(pipeline), "seeds": list(seeds), "values": list(values)}
    write_json(folder / _FILE, content)


def prepare(job: Job, begin: Callable[[], EventWriter]) -> int:
    """Pack the images of the pipeline in *job* and build its parts, so that faults show before it is trained."""
    events = begin()
    prepare_process(threads=job.threads)
    workplace = workplace_of(job)
    workplace.assembler.progress = events.preparing
    pipeline = read_pipeline(job.params["pipeline"], workplace.assembler)
    events.about(["pipeline"])
    return answer(job, lambda: {"needs": [str(path.absolute()) for path in prepare_here(pipeline, workplace)]})


def prepare_here(pipeline: Pipeline, workplace: Workplace) -> set[Path]:
    """Do the same in this process; return the files and folders that the training reads."""
    needs = workplace.assembler.files_of(pipeline, workplace.data)
    check_parts(pipeline, workplace.data, workplace.assembler)
    return needs


def run(job: Job, begin: Callable[[], EventWriter]) -> int:
    """Train the candidate in the folder of *job*, or resume it; errors are those of a trial's job."""
    return complete(job, begin, _train)


def _train(job: Job, folder: TrialFolder, events: EventWriter) -> None:
    workplace = workplace_of(job)
    workplace.assembler.progress = events.preparing
    content = read_json(folder.path / _FILE)
    pipeline = _pipeline(content, folder.path, workplace)
    primary, *secondary = job.params["metrics"]
    metrics = choose_metrics(primary, secondary, workplace.assembler)
    metric = metrics.infos[metrics.names[0]]
    prepared = workplace.assembler.prepare(pipeline, workplace.data)
    values: list[float] = list(content["values"])
    epochs: list[float | None] = []

    def first_seed(record: EpochRecord) -> None:
        value = validation_value(record, metric)
        epochs.append(value if math.isfinite(value) else None)

    for place, seed in enumerate(content["seeds"]):
        if place < len(values):
            continue
        seen = _Telling(events, place * pipeline.train.epochs, None if place else first_seed)
        path = folder.path / str(seed)
        values.append(value_on(seed, pipeline, prepared, workplace, metrics, path, seen, job.device))
        events.part_done(str(seed), place=place, value=values[-1])
    write_json(folder.path / RESULT, asdict(CandidateResult(values, epochs)))


def _pipeline(content: Mapping[str, Any], folder: Path, workplace: Workplace) -> Pipeline:
    try:
        pipeline = read_pipeline(content["pipeline"], workplace.assembler)
        wanted = content["id"]
    except (KeyError, ValidationError):
        raise LedgerError(f"{folder / _FILE} is of another version; remove its folder") from None
    if pipeline_id(pipeline, workplace.data.fingerprint, workplace.assembler.fingerprint) != wanted:
        raise LedgerError(
            "in its process this candidate has another id: its images, plugins or versions differ there, or have "
            "changed since; run the same command again"
        )
    return pipeline


class _Telling(SeedObserver):
    """Tells the epochs of one seed as events, counted across the seeds; *noted* gets the record of each."""

    def __init__(self, events: EventWriter, before: int, noted: Callable[[EpochRecord], None] | None) -> None:
        self._events, self._before, self._noted = events, before, noted

    def step_done(self, epoch: int, step: int, steps: int) -> None:
        self._events.step_done(self._before + epoch, step, steps)

    def epoch_done(self, record: EpochRecord) -> None:
        if self._noted is not None:
            self._noted(record)
        values = numbers_in({name: value for name, value in asdict(record).items() if name != "epoch"})
        self._events.epoch_done(self._before + record.epoch, values)

    def resumed(self, record: EpochRecord) -> None:
        self.epoch_done(record)
