"""The tracker ``tensorboard``: a folder of event files for each trial."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch.utils.tensorboard import SummaryWriter
from torch.utils.tensorboard.summary import hparams

import flowerablate as fa
from flowerablate.contracts import TrialOutcome, TrialResult

_PLAIN = (bool, int, float, str)


class TensorBoardTracker:
    """Writes the trial of *variant* and *seed* to ``FOLDER/VARIANT/seed-SEED-ID``.

    Scalars are called ``train/loss``, ``validation/loss`` and so on; the test metrics are ``test/NAME``, at the best
    epoch. A resumed trial replaces the epochs that it reports again.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writers: dict[str, Any] = {}

    def trial_started(self, trial: fa.TrackedTrial) -> None:
        """Write nothing before the first epoch, whose number is not known yet."""
        self._close(trial)

    def epoch_done(self, trial: fa.TrackedTrial, epoch: int, values: Mapping[str, float]) -> None:
        writer = self._writer_of(trial, epoch)
        for name, value in values.items():
            writer.add_scalar(_tag(name), value, epoch)
        writer.flush()

    def trial_finished(self, trial: fa.TrackedTrial, result: TrialOutcome) -> None:
        if isinstance(result, TrialResult):
            writer = self._writer_of(trial, None)
            metrics = {f"test/{name}": float(value) for name, value in result.metrics.items()}
            for name, value in metrics.items():
                writer.add_scalar(name, value, result.best_epoch)
            settings = {
                name: value if isinstance(value, _PLAIN) else str(value) for name, value in trial.params.items()
            }
            for summary in hparams({"variant": trial.variant, "seed": trial.seed, **settings}, metrics):  # type: ignore[no-untyped-call]
                writer.file_writer.add_summary(summary)
        self._close(trial)

    def close(self) -> None:
        """Close the files of all trials."""
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()

    def _close(self, trial: fa.TrackedTrial) -> None:
        writer = self._writers.pop(trial.id, None)
        if writer is not None:
            writer.close()

    def _writer_of(self, trial: fa.TrackedTrial, epoch: int | None) -> Any:
        if trial.id not in self._writers:
            variant = re.sub(r"[^A-Za-z0-9._=+-]+", "_", trial.variant) or "_"
            folder = self._folder / variant / f"seed-{trial.seed}-{trial.id[:8]}"
            self._writers[trial.id] = SummaryWriter(str(folder), purge_step=epoch)
        return self._writers[trial.id]


def _tag(name: str) -> str:
    part, underline, rest = name.partition("_")
    return f"{part}/{rest}" if underline and part in ("train", "validation") else f"training/{name}"
