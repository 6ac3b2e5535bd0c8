"""What a trial's model said of each test image: one NumPy archive per trial, read without pickles."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import LedgerError
from ..files import replacing

FILE = "predictions.npz"


@dataclass(frozen=True)
class Predictions:
    """Predictions for N test images and K classes.

    *keys*: the images by the names that the data set gives them; *labels*: int64 [N], the truth, which indexes
    *classes*; *probabilities*: float32 [N, K], rows that sum to one.
    """

    keys: tuple[str, ...]
    labels: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    classes: tuple[str, ...]

    @property
    def normalised(self) -> NDArray[np.float64]:
        """The probabilities as float64 [N, K] whose rows sum to one to the last digits, as metrics want them.

        A row that is not finite, of a model whose numbers ran away, says nothing: all classes are equally probable.
        """
        wide = self.probabilities.astype(np.float64)
        sums = wide.sum(axis=1, keepdims=True)
        with np.errstate(invalid="ignore"):
            rows: NDArray[np.float64] = np.where(np.isfinite(sums) & (sums > 0), wide / sums, 1 / wide.shape[1])
        return rows


def write_predictions(folder: Path, predictions: Predictions) -> None:
    """Keep *predictions* in the folder of their trial."""
    with replacing(folder / FILE) as file:
        np.savez(
            file,
            keys=np.array(predictions.keys, dtype=np.str_),
            labels=predictions.labels,
            probabilities=predictions.probabilities.astype(np.float32),
            classes=np.array(predictions.classes, dtype=np.str_),
        )


def read_predictions(folder: Path) -> Predictions:
    """Read what ``write_predictions`` wrote; a missing or damaged file raises :class:`LedgerError` with the cure."""
    path = folder / FILE
    try:
        with np.load(path, allow_pickle=False) as file:
            return Predictions(
                keys=tuple(str(key) for key in file["keys"]),
                labels=file["labels"].astype(np.int64),
                probabilities=file["probabilities"].astype(np.float32),
                classes=tuple(str(name) for name in file["classes"]),
            )
    except FileNotFoundError:
        raise LedgerError(f"{path} is missing; remove the trial's folder to run it again") from None
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, EOFError) as error:
        raise LedgerError(f"{path} is damaged ({error}); remove the trial's folder to run it again") from None
