"""Trackers, which record the progress of a study: CSV file, TensorBoard, MLflow.

This module holds only the hook, the parameters and the checks for missing libraries.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import flowerablate as fa

if TYPE_CHECKING:
    from flowerablate.contracts import Register


@fa.hookimpl
def flowerablate_register(register: Register) -> None:
    """Register the trackers."""
    register(
        fa.TrackerSpec(
            "csv",
            "One tidy CSV file: a line for each value of each epoch.",
            build_csv,
            (fa.Param("path", "", "the file; empty: tracking.csv in the study's ledger"),),
        )
    )
    register(
        fa.TrackerSpec(
            "tensorboard",
            "Curves and hyperparameters for TensorBoard.",
            build_tensorboard,
            (fa.Param("path", "", "the folder of the logs; empty: tensorboard in the study's ledger"),),
        )
    )
    register(
        fa.TrackerSpec(
            "mlflow",
            "An MLflow run for each trial.",
            build_mlflow,
            (
                fa.Param("uri", "", "tracking URI; empty: mlflow.db, an SQLite file, in the study's ledger"),
                fa.Param("experiment", "", "name of the experiment; empty: the name of the study"),
            ),
        )
    )


def build_csv(context: fa.TrackerContext, path: str) -> fa.Tracker:
    """Return a tracker that appends to a CSV file."""
    from .csv_file import CsvTracker

    return CsvTracker(Path(path) if path else context.folder / "tracking.csv")


def build_tensorboard(context: fa.TrackerContext, path: str) -> fa.Tracker:
    """Return a tracker that writes TensorBoard's event files."""
    _require("tensorboard", "tensorboard")
    from .board import TensorBoardTracker

    return TensorBoardTracker(Path(path) if path else context.folder / "tensorboard")


def build_mlflow(context: fa.TrackerContext, uri: str, experiment: str) -> fa.Tracker:
    """Return a tracker that creates MLflow runs."""
    _require("mlflow", "mlflow")
    if not uri or uri.startswith("sqlite:"):
        _require("mlflow", "sqlalchemy", "alembic")
    from .flow import MlflowTracker

    return MlflowTracker(uri, experiment or context.study, context.folder)


def _require(tracker: str, *modules: str) -> None:
    for module in modules:
        if find_spec(module) is None:
            raise fa.StudyError(
                f"tracker {tracker!r} needs {module}, which is not installed: pip install 'flowerablate[{tracker}]'"
            )
