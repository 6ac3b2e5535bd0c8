"""The job of a trial, and what the jobs of a study need in their process: its plugins and its samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ..contracts import Job, Trial
from ..discovery import LOCAL_PLUGIN, discover
from ..ledger import TrialFolder
from ..wiring.assemble import Assembler, DataSet
from ..wiring.kept_samples import keep_samples, read_samples, samples_folder

ENTRY = f"{__package__}.trial_job:run"
OUT_OF_MEMORY = "out of memory"
"""The kind of a failure that may not happen where the trial has the device for itself."""


@dataclass(frozen=True)
class Workplace:
    """An *assembler* of the study's components, and its *data*."""

    assembler: Assembler
    data: DataSet

    def job(self, name: str, entry: str, folder: Path, params: Mapping[str, Any]) -> Job:
        """Return a job whose process finds this workplace again by :func:`workplace_of`."""
        root, cache, local = self._root, self._cache, self._root / LOCAL_PLUGIN
        needs = (self._kept_samples, *([local] if local.is_file() else []))
        return Job(name, entry, folder, root, cache, {**params, "samples": self._kept_samples.name}, needs)

    @cached_property
    def _kept_samples(self) -> Path:
        path = keep_samples(self.data, self._cache)
        _known[self._root, self._cache, path.name] = self
        return path

    @property
    def _root(self) -> Path:
        return self.assembler.root.absolute()

    @property
    def _cache(self) -> Path:
        return self.assembler.cache.absolute()


_known: dict[tuple[Path, Path, str], Workplace] = {}
"""The workplaces of this process, for jobs that are done where they were planned."""


def workplace_of(job: Job) -> Workplace:
    """Return the workplace of *job*; in a fresh process, plugins are found and the samples are read."""
    key = (job.root, job.cache, str(job.params["samples"]))
    if key not in _known:
        assembler = Assembler(discover(job.root).registry, job.root, job.cache)
        _known[key] = Workplace(assembler, read_samples(samples_folder(job.cache) / key[2]))
    return _known[key]


def leave(workplace: Workplace) -> None:
    """Forget *workplace*, whose study has ended."""
    for key in [key for key, known in _known.items() if known is workplace]:
        del _known[key]


def job_of(trial: Trial, folder: TrialFolder, workplace: Workplace, metrics: Sequence[str]) -> Job:
    """Return the job that trains *trial* in *folder* and computes *metrics*, the primary one first."""
    params = {"base_id": trial.base_id, "change": trial.variant.change, "metrics": list(metrics)}
    return workplace.job(trial.id, ENTRY, folder.path.absolute(), params)
