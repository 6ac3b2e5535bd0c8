"""The tracker ``mlflow``: an experiment for each study, a run for each trial."""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

os.environ.setdefault(
    "MLFLOW_DISABLE_TELEMETRY", "true"
)  # must be set before mlflow is imported; sends nothing without consent

from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

import flowerablate as fa
from flowerablate.contracts import TrialFailure, TrialOutcome

_TRIAL = "flowerablate.trial"
_MAX_LENGTH = 500
"""Characters in the value of a parameter that MLflow accepts."""

_MAX_PARAMS = 100
"""Parameters in one request that MLflow accepts."""


class MlflowTracker:
    """Logs to the server or store at *uri*; empty: an SQLite file in *folder*.

    A run is identified by its tag ``flowerablate.trial``, so that a resumed trial continues in its run. An epoch that
    the run has is not logged again.
    """

    def __init__(self, uri: str, experiment: str, folder: Path) -> None:
        self._uri = uri or f"sqlite:///{folder / 'mlflow.db'}"
        self._artifacts = None if uri else (folder / "mlflow-artifacts").as_uri()
        self._folder = folder
        self._experiment = experiment
        self._client: MlflowClient | None = None
        self._runs: dict[str, str] = {}
        self._logged: dict[str, set[int]] = {}

    def trial_started(self, trial: fa.TrackedTrial) -> None:
        """Start the run of the trial, or resume it."""
        client, experiment = self._connect()
        found = client.search_runs([experiment], f"tags.`{_TRIAL}` = '{trial.id}'", max_results=1)
        if found:
            run_id = found[0].info.run_id
            client.update_run(run_id, status="RUNNING")
            names = found[0].data.metrics
            self._runs[trial.id] = run_id
            self._logged[trial.id] = {point.step for name in names for point in client.get_metric_history(run_id, name)}
            return
        tags = {_TRIAL: trial.id, "flowerablate.variant": trial.variant, "flowerablate.seed": str(trial.seed)}
        run = client.create_run(experiment, tags=tags, run_name=f"{trial.variant} seed {trial.seed}")
        self._runs[trial.id], self._logged[trial.id] = run.info.run_id, set()
        settings = {"variant": trial.variant, "seed": trial.seed, **trial.params}
        params = [Param(_name(name), str(value)[:_MAX_LENGTH]) for name, value in settings.items()]
        for start in range(0, len(params), _MAX_PARAMS):
            client.log_batch(run.info.run_id, params=params[start : start + _MAX_PARAMS])

    def epoch_done(self, trial: fa.TrackedTrial, epoch: int, values: Mapping[str, float]) -> None:
        """Log the values of the epoch, with its number as the step."""
        if epoch not in self._logged[trial.id]:
            self._log(trial, values, epoch)
            self._logged[trial.id].add(epoch)

    def trial_finished(self, trial: fa.TrackedTrial, result: TrialOutcome) -> None:
        """Log the test metrics as ``test_NAME`` at the best epoch, and end the run."""
        client, _ = self._connect()
        if isinstance(result, TrialFailure):
            client.log_batch(self._runs[trial.id], tags=[RunTag("flowerablate.failure", result.reason)])
        else:
            self._log(trial, {f"test_{name}": value for name, value in result.metrics.items()}, result.best_epoch)
        self._end(trial.id, "FAILED" if isinstance(result, TrialFailure) else "FINISHED")

    def close(self) -> None:
        """Mark unfinished runs as killed; each resumes with its trial."""
        for trial_id in tuple(self._runs):
            self._end(trial_id, "KILLED")

    def _log(self, trial: fa.TrackedTrial, values: Mapping[str, float], step: int) -> None:
        client, _ = self._connect()
        now = int(time.time() * 1000)
        points = [Metric(_name(name), float(value), now, step) for name, value in values.items()]
        client.log_batch(self._runs[trial.id], points)

    def _end(self, trial_id: str, status: str) -> None:
        run_id = self._runs.pop(trial_id, None)
        if self._client is not None and run_id is not None:
            self._client.set_terminated(run_id, status)

    def _connect(self) -> tuple[MlflowClient, str]:
        """Return the client and the id of the experiment, which is created if it does not exist."""
        if self._client is None:
            for name in ("alembic", "mlflow"):  # they log dozens of lines when they create an SQLite file
                logging.getLogger(name).setLevel(logging.WARNING)
            self._folder.mkdir(parents=True, exist_ok=True)
            self._client = MlflowClient(self._uri)
        experiment: Any = self._client.get_experiment_by_name(self._experiment)
        if experiment is not None:
            return self._client, experiment.experiment_id
        try:
            return self._client, self._client.create_experiment(self._experiment, artifact_location=self._artifacts)
        except MlflowException:  # another process may have created it in the meantime
            experiment = self._client.get_experiment_by_name(self._experiment)
            if experiment is None:
                raise
            return self._client, experiment.experiment_id


def _name(name: str) -> str:
    """Return *name* with the characters that MLflow refuses replaced."""
    return re.sub(r"[^A-Za-z0-9_\-. /]", "_", name)
