"""The predictions of a trial's model for each test image: one NumPy archive per trial, read without pickles."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..contracts import Scores
from ..errors import LedgerError, cause_of
from ..files import open_file, replacing

FILE = "predictions.npz"


@dataclass(frozen=True)
class Predictions:
    """Predictions for N test images and K classes.

    *keys*: the names of the images in the data set; *labels*: int64 [N], the truth, as indices into *classes*;
    *probabilities*: float32 [N, K], the softmax of *logits*, float32 [N, K], so that rows sum to one. *logits* is None
    for files of versions that kept none. *groups*: the group of each image, such as its patient, if the data set has
    groups.
    """

    keys: tuple[str, ...]
    labels: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    classes: tuple[str, ...]
    logits: NDArray[np.float32] | None = None
    groups: tuple[str, ...] | None = None

    def scores(self, needs: Scores) -> NDArray[np.float64]:
        """Return the scores that a metric *needs*: float64 [N, K], see :attr:`normalised`.

        A row of logits that is not finite counts as zeros. Raises :class:`LedgerError` if there are no logits.
        """
        if needs == "probabilities":
            return self.normalised
        if self.logits is None:
            raise LedgerError(
                "a metric of logits cannot be computed: these predictions come from a version that kept no logits; "
                "remove the trial's folder to train it again"
            )
        wide = self.logits.astype(np.float64)
        wide[~np.isfinite(wide).all(axis=1)] = 0.0
        return wide

    @property
    def normalised(self) -> NDArray[np.float64]:
        """The probabilities as float64 [N, K] whose rows sum to one to the last digits, as metrics require.

        In a row that is not finite (the model overflowed), all classes are equally probable.
        """
        wide = self.probabilities.astype(np.float64)
        sums = wide.sum(axis=1, keepdims=True)
        with np.errstate(invalid="ignore"):
            rows: NDArray[np.float64] = np.where(np.isfinite(sums) & (sums > 0), wide / sums, 1 / wide.shape[1])
        return rows


def write_predictions(folder: Path, predictions: Predictions) -> None:
    """Write *predictions* to the *folder* of their trial."""
    optional: dict[str, Any] = {}
    if predictions.logits is not None:
        optional["logits"] = predictions.logits.astype(np.float32)
    if predictions.groups is not None:
        optional["groups"] = np.array(predictions.groups, dtype=np.str_)
    with replacing(folder / FILE) as file:
        np.savez(
            file,
            keys=np.array(predictions.keys, dtype=np.str_),
            labels=predictions.labels,
            probabilities=predictions.probabilities.astype(np.float32),
            classes=np.array(predictions.classes, dtype=np.str_),
            **optional,
        )


def read_predictions(folder: Path) -> Predictions:
    """Read what :func:`write_predictions` wrote; a missing or damaged file raises :class:`LedgerError`."""
    path = folder / FILE
    try:
        with open_file(path) as raw, np.load(raw, allow_pickle=False) as file:
            return Predictions(
                keys=tuple(str(key) for key in file["keys"]),
                labels=file["labels"].astype(np.int64),
                probabilities=file["probabilities"].astype(np.float32),
                classes=tuple(str(name) for name in file["classes"]),
                logits=file["logits"].astype(np.float32) if "logits" in file else None,
                groups=tuple(map(str, file["groups"])) if "groups" in file else None,
            )
    except FileNotFoundError:
        raise LedgerError(f"{path} is missing; remove the trial's folder to run it again") from None
    except OSError as error:
        if error.errno is not None:
            raise LedgerError(f"cannot read {path}: {cause_of(error)}; check what it is, and its permissions") from None
        raise LedgerError(f"{path} is damaged ({error}); remove the trial's folder to run it again") from None
    except (ValueError, KeyError, zipfile.BadZipFile, EOFError) as error:
        raise LedgerError(f"{path} is damaged ({error}); remove the trial's folder to run it again") from None
