"""Do intervals cover where images come in groups, such as patients, and those of one model's area under the ROC curve?

python benchmarks/coverage/patients.py             # 2,000 studies per case, about five minutes on two cores
python benchmarks/coverage/report.py               # writes the tables of docs/explanation/evidence.md from the result

No training. *Effects*: the effect on image j of patient p in replicate i is drawn as ``a_i + b_p + b_j + e_ij``, with
``b_p`` and ``b_j`` in the proportion of the intraclass correlation (ICC). *Areas*: the effect is the difference of the
areas under the ROC curves of two arms, whose trials share patients and images. *One model*: scores are normal, a
patient's images share a part of theirs, as large as the ICC, and their class. Beside each interval stands the one that
takes images for independent, and for areas of one model that of Wald on DeLong's variance. Study number k of a case is
drawn from the stream (case, k), so every number is reproducible to the bit.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
import zlib
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from flowerablate.contracts import Metric, MetricInfo
from flowerablate.stats.delong import macro_area_per_image, structural_components
from flowerablate.stats.images import Influence, two_level
from flowerablate.stats.one_model import estimate_metric

sys.path.append(str(Path(__file__).parents[1]))

from machine import machine, versions

RESULT = Path(__file__).parents[1] / "results" / "patients.json"
LEVEL = 0.95
Interval = tuple[float, float]


@dataclass(frozen=True)
class Effects:
    """Studies of R *replicates* on *patients* with so many *images* each; *parts* as in :mod:`images`."""

    icc: float
    patients: int
    images: int
    parts: tuple[float, float, float] = (1.0, 1.0, 1.0)
    replicates: int = 10
    truth: float = 0.0

    def intervals(self, random: np.random.Generator) -> dict[str, Interval | None]:
        """Draw a study, and return its interval over patients, and that over images."""
        n, count = self.replicates, self.patients * self.images
        # Each part is that of the variance of the mean; a patient's images divide it among fewer independent values.
        image = _of_images(random, self.icc, self.patients, self.images)
        image *= math.sqrt(count / (1 + (self.images - 1) * self.icc))
        a, b, e = map(math.sqrt, self.parts)
        table = a * math.sqrt(n) * random.normal(size=(n, 1)) + b * image
        table = table + e * math.sqrt(n * count) * random.normal(size=(n, count))
        effects = table.mean(axis=1)
        added = (table - effects[:, None]) / count
        sums = added.reshape(n, self.patients, self.images).sum(axis=2)
        found = {"ours": sums, "images": added}
        return {name: _two_level(effects.tolist(), values) for name, values in found.items()}


def _of_images(random: np.random.Generator, icc: float, patients: int, images: int) -> NDArray[np.float64]:
    """Return a normal value of variance 1 for each image, of which the *images* of a patient share as much as *icc*."""
    shared = math.sqrt(icc) * np.repeat(random.normal(size=patients), images)
    return np.asarray(shared + math.sqrt(1 - icc) * random.normal(size=patients * images))


def _two_level(effects: list[float], values: NDArray[np.float64]) -> Interval | None:
    units = tuple(f"{unit:05d}" for unit in range(values.shape[1]))
    found = two_level(effects, [Influence(units, units, row) for row in values])
    return None if found is None else found.interval(LEVEL)


@dataclass(frozen=True)
class Areas:
    """Studies of R *replicates* whose effect is a difference of AUC, on the same patients with so many *images* each.

    In either arm, the score of an image is what its class adds in this trial, and a normal value of variance 1: *parts*
    of it are those of the image, of the image in this arm, and of the rest; of the first two, a patient's images share
    as much as the *icc*. A trial's skill, what the positive class adds, has the standard deviation ``_SKILL``.
    """

    icc: float
    positives: int
    negatives: int
    images: int
    replicates: int = 10
    areas: tuple[float, float] = (0.9, 0.85)
    parts: tuple[float, float, float] = (0.5, 0.25, 0.25)

    @property
    def truth(self) -> float:
        """The difference of the areas over all trials and patients that could have been drawn."""
        return self.areas[0] - self.areas[1]

    def intervals(self, random: np.random.Generator) -> dict[str, Interval | None]:
        """Draw a study, and return its interval over patients, and that over images."""
        patients = self.positives + self.negatives
        labels = np.repeat(np.arange(patients) < self.positives, self.images).astype(np.int64)
        shared, own, rest = map(math.sqrt, self.parts)
        difficulty = shared * _of_images(random, self.icc, patients, self.images)
        arms = [difficulty + own * _of_images(random, self.icc, patients, self.images) for _ in self.areas]
        effects, added = [], np.zeros((self.replicates, len(labels)))
        for replicate in range(self.replicates):
            values = []
            for sign, area, arm in zip((1, -1), self.areas, arms, strict=True):
                skill = random.normal(math.sqrt(2 + _SKILL**2) * float(ndtri(area)), _SKILL)
                score = labels * skill + arm + rest * random.normal(size=len(labels))
                scores = np.stack([-score, score], axis=1)
                values.append(AREA.value(labels, scores))
                parts = _area_per_image(labels, scores)
                added[replicate] += sign * (parts - parts.mean()) / len(labels)
            effects.append(values[0] - values[1])
        sums = added.reshape(self.replicates, patients, self.images).sum(axis=2)
        return {"ours": _two_level(effects, sums), "images": _two_level(effects, added)}


_SKILL = 0.1


@dataclass(frozen=True)
class OneModel:
    """One model on *positives* and *negatives*, which are patients with so many *images* each; *truth*: its metric."""

    metric: str
    truth: float
    positives: int
    negatives: int
    images: int = 1
    icc: float = 1.0

    def intervals(self, random: np.random.Generator) -> dict[str, Interval | None]:
        """Draw the scores, and return our interval, that over independent images, and that of Wald on DeLong."""
        patients = self.positives + self.negatives
        labels = np.repeat(np.arange(patients) < self.positives, self.images).astype(np.int64)
        noise = _of_images(random, self.icc, patients, self.images)
        names = None if self.images == 1 else np.repeat(np.arange(patients), self.images).astype(str).tolist()
        if self.metric == "accuracy":
            predicted = np.where(noise < ndtri(self.truth), labels, 1 - labels)
            scores = np.eye(2)[predicted]
            metrics = {"ours": (ACCURACY, names), "images": (ACCURACY, None)}
        else:
            score = noise + math.sqrt(2) * float(ndtri(self.truth)) * labels
            scores = np.stack([-score, score], axis=1)
            metrics = {"ours": (AREA, names), "images": (AREA, None), "wald": (replace(AREA, areas=None), None)}
        return {name: _one_model(metric, labels, scores, groups) for name, (metric, groups) in metrics.items()}


def _right(labels: NDArray[np.int64], scores: NDArray[np.float64]) -> NDArray[np.float64]:
    return (scores.argmax(axis=1) == labels).astype(np.float64)


ACCURACY = Metric(lambda labels, scores: float(_right(labels, scores).mean()), _right)


def _area_per_image(labels: NDArray[np.int64], scores: NDArray[np.float64]) -> NDArray[np.float64]:
    return macro_area_per_image(labels, scores) if 0 < labels.sum() < len(labels) else np.full(len(labels), np.nan)


AREA = Metric(
    lambda labels, scores: structural_components(labels == 1, scores[:, 1])[0],
    _area_per_image,
    areas=lambda labels, scores: [(labels == 1, scores[:, 1])],
)


def _one_model(
    metric: Metric, labels: NDArray[np.int64], scores: NDArray[np.float64], groups: Sequence[str] | None
) -> Interval | None:
    found = estimate_metric(metric, MetricInfo("m", percent=True), labels, scores, LEVEL, groups=groups)
    return None if math.isnan(found.low) else (found.low, found.high)


ICCS = (0.0, 0.2, 0.5, 1.0)
EFFECTS = [
    *(Effects(icc, 40, images) for images in (5, 10) for icc in ICCS),
    *(Effects(icc, 40, 5, (0.25, 4.0, 0.25)) for icc in ICCS),
    *(Effects(icc, 40, 5, replicates=5) for icc in ICCS),
    *(Effects(icc, patients, 5) for patients in (10, 20) for icc in (0.2, 0.5)),
]
AREAS = [
    *(Areas(icc, 10, 30, images) for images in (5, 10) for icc in ICCS),
    *(Areas(icc, 10, 30, 5, replicates=5) for icc in ICCS),
    *(Areas(icc, 10, 30, 5, areas=(0.9, 0.9)) for icc in ICCS),
    *(Areas(icc, 20, 60, 5) for icc in (0.2, 0.5)),
    *(Areas(icc, 5, 15, 5) for icc in (0.2, 0.5)),
]
ONE_MODEL = [
    OneModel("AUC", 0.8, 3, 97),
    OneModel("AUC", 0.95, 10, 90),
    OneModel("AUC", 0.9, 30, 300),
    OneModel("AUC", 0.99, 50, 50),
    *(OneModel("AUC", 0.9, 10, 30, 5, icc) for icc in ICCS),
    *(OneModel("AUC", 0.9, 5, 15, 10, icc) for icc in (0.2, 0.5)),
    *(OneModel("accuracy", 0.8, 20, 20, 5, icc) for icc in ICCS),
    *(OneModel("accuracy", 0.95, 20, 20, 5, icc) for icc in ICCS),
    OneModel("AUC", 0.8, 3, 30, 10, 0.5),
    OneModel("accuracy", 0.99, 10, 10, 50, 0.5),
    OneModel("accuracy", 0.99, 20, 20, 25, 0.5),
    OneModel("accuracy", 0.95, 10, 10, 50, 0.5),
    OneModel("accuracy", 0.9, 5, 5, 20, 0.5),
    OneModel("accuracy", 0.97, 10, 10, 50, 0.8),
    OneModel("accuracy", 0.98, 20, 20, 25, 0.8),
    OneModel("accuracy", 0.95, 20, 20, 50, 0.5),
    OneModel("accuracy", 0.9, 3, 3, 50, 0.5),
    OneModel("AUC", 0.97, 10, 10, 20, 0.8),
]


def main() -> None:
    parser = argparse.ArgumentParser(description="Simulate patients and count which intervals hold the truth.")
    parser.add_argument("--studies", type=int, default=2000, help="studies per case")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--output", type=Path, default=RESULT)
    options = parser.parse_args()
    started = time.perf_counter()
    result: dict[str, Any] = {"machine": machine(), "versions": versions(["flowerablate", "numpy", "scipy"])}
    result["studies"] = options.studies
    with ProcessPoolExecutor(options.processes) as pool:
        for name, cases in (("effects", EFFECTS), ("areas", AREAS), ("one_model", ONE_MODEL)):
            result[name] = list(pool.map(_simulate, cases, [options.studies] * len(cases)))
            for row in result[name]:
                print(*(f"{key}={value}" for key, value in row.items()))
    result["seconds"] = round(time.perf_counter() - started)
    options.output.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _simulate(case: Effects | Areas | OneModel, studies: int) -> dict[str, object]:
    key = zlib.crc32(repr(case).encode())
    covered: dict[str, int] = {}
    undefined: dict[str, int] = {}
    for number in range(studies):
        for name, found in case.intervals(np.random.default_rng([key, number])).items():
            covered[name] = covered.get(name, 0) + (found is not None and found[0] <= case.truth <= found[1])
            undefined[name] = undefined.get(name, 0) + (found is None)
    fractions = {name: times / studies for name, times in covered.items()}
    return {
        **asdict(case),
        "truth": case.truth,
        **{f"{name}_covered": round(fraction, 5) for name, fraction in fractions.items()},
        **{f"{name}_covered_se": round(math.sqrt(p * (1 - p) / studies), 5) for name, p in fractions.items()},
        **{f"{name}_undefined": round(times / studies, 5) for name, times in undefined.items()},
    }


if __name__ == "__main__":
    main()
