"""The job of a trial, and what the jobs of a study need in their process: its plugins and its samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ..contracts import Job, Trial
from ..discovery import discover
from ..ledger import TrialFolder
from ..wiring.assemble import Assembler, DataSet
from ..wiring.kept_samples import keep_samples, read_samples

ENTRY = f"{__package__}.trial_job:run"
OUT_OF_MEMORY = "out of memory"
"""The kind of a failure that may not happen where the trial has the device for itself."""


@dataclass(frozen=True)
class Workplace:
    """An *assembler* of the study's components, and its *data*."""

    assembler: Assembler
    data: DataSet

    @cached_property
    def params(self) -> dict[str, Any]:
        """The params of a job from which :func:`workplace_of` finds or makes this workplace; its samples are kept."""
        samples = keep_samples(self.data, self.assembler.cache)
        params = {"cache": str(self.assembler.cache), "samples": str(samples)}
        _known[self.assembler.root.absolute(), params["cache"], params["samples"]] = self
        return params


_known: dict[tuple[Path, str, str], Workplace] = {}
"""The workplaces of this process, for jobs that are done where they were planned."""


def workplace_of(job: Job) -> Workplace:
    """Return the workplace of *job*; in a fresh process, plugins are found and the samples are read."""
    params: Mapping[str, Any] = job.params
    key = (job.root, str(params["cache"]), str(params["samples"]))
    if key not in _known:
        assembler = Assembler(discover(job.root).registry, job.root, Path(key[1]))
        _known[key] = Workplace(assembler, read_samples(Path(key[2])))
    return _known[key]


def leave(workplace: Workplace) -> None:
    """Forget *workplace*, whose study has ended."""
    for key in [key for key, known in _known.items() if known is workplace]:
        del _known[key]


def job_of(
    trial: Trial, folder: TrialFolder, root: Path, params: Mapping[str, Any], threads: int, memory: int = 0
) -> Job:
    """Return the job that trains *trial*; *params* are those of its workplace and its metrics."""
    about = {"base_id": trial.base_id, "change": trial.variant.change}
    place, home = folder.path.absolute(), root.absolute()
    return Job(trial.id, ENTRY, place, home, {**params, **about}, threads, memory=memory)
