"""Do intervals over replicates x images cover, and what does the t interval over replicates leave out?

python benchmarks/coverage/images.py               # 3,000 studies per case, about three minutes on two cores
python benchmarks/coverage/report.py               # writes the table of docs/explanation/evidence.md from the result

No training: the effect on image j in replicate i is drawn as ``a_i + b_j + e_ij``, or as the difference of two models
that are right or wrong about it. The truth is the mean over all replicates and images that could have been drawn.
Study number k of a case is drawn from the stream (case, k), so every number is reproducible to the bit.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
import zlib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from flowerablate.stats import paired_effect
from flowerablate.stats.images import Influence, two_level

sys.path.append(str(Path(__file__).parents[1]))

from machine import machine, versions

RESULT = Path(__file__).parents[1] / "results" / "images.json"
LEVEL = 0.95


@dataclass(frozen=True)
class Case:
    """*parts*: what replicates, images, and the rest add to the variance of the mean, if normal; None: right or wrong.

    Each replicate tests on *images*, the same ones, or drawn again from a *pool* of so many.
    """

    parts: tuple[float, float, float] | None
    replicates: int
    images: int
    pool: int | None = None

    @property
    def kind(self) -> str:
        """How the case is called."""
        if self.parts is None:
            return "right or wrong, one test set"
        return "normal, one test set" if self.pool is None else "normal, test sets overlap"

    @property
    def model_holds(self) -> bool:
        """Whether the model is that of the interval, and none of its parts is too small to be estimated."""
        return self.parts is not None and min(self.parts[0], self.parts[1]) >= self.parts[2] / 4 > 0


MIXES = [(1.0, 0.25, 1.0), (1.0, 1.0, 1.0), (1.0, 4.0, 1.0), (1.0, 1.0, 20.0), (0.0, 0.0, 1.0)]
ONE_SET = [
    Case(parts, n, images) for parts in MIXES for n, images in ((5, 50), (5, 500), (10, 50), (10, 200), (20, 200))
]
OVERLAP = [Case(parts, n, 50, 250) for parts in MIXES[:4] for n in (5, 10, 20)]
RIGHT_OR_WRONG = [Case(None, n, images) for n, images in ((5, 50), (5, 200), (10, 50), (10, 200), (20, 200))]


def main() -> None:
    parser = argparse.ArgumentParser(description="Simulate studies and count which intervals hold the truth.")
    parser.add_argument("--studies", type=int, default=3000, help="studies per case")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--output", type=Path, default=RESULT)
    options = parser.parse_args()
    started = time.perf_counter()
    cases = [*ONE_SET, *OVERLAP, *RIGHT_OR_WRONG]
    with ProcessPoolExecutor(options.processes) as pool:
        rows = list(pool.map(_simulate, cases, [options.studies] * len(cases)))
    for row in rows:
        print(*(f"{key}={value}" for key, value in row.items()))
    result: dict[str, object] = {"machine": machine(), "versions": versions(["flowerablate", "numpy", "scipy"])}
    result |= {"studies": options.studies, "images": rows, "seconds": round(time.perf_counter() - started)}
    options.output.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _simulate(case: Case, studies: int) -> dict[str, object]:
    key = zlib.crc32(repr(case).encode())
    truth = 0.0 if case.parts is not None else _long_run(np.random.default_rng([key]))
    ours, plain, widths = 0, 0, []
    for number in range(studies):
        random = np.random.default_rng([key, number])
        effects, influences = _study(case, random)
        found, effect = two_level(effects, influences), paired_effect(effects, [0.0] * len(effects), level=LEVEL)
        if found is None or effect.low is None or effect.high is None:  # no variation: no interval of either kind
            continue
        low, high = found.interval(LEVEL)
        ours += low <= truth <= high
        plain += effect.low <= truth <= effect.high
        widths.append((high - low) / (effect.high - effect.low))
    fractions = {"covered": ours / len(widths), "t_covered": plain / len(widths)}
    return {
        **asdict(case),
        "kind": case.kind,
        "model_holds": case.model_holds,
        **{name: round(fraction, 5) for name, fraction in fractions.items()},
        **{f"{name}_se": round(math.sqrt(p * (1 - p) / len(widths)), 5) for name, p in fractions.items()},
        "wider": round(float(np.median(widths)), 3),
    }


def _study(case: Case, random: np.random.Generator) -> tuple[list[float], list[Influence]]:
    count = case.pool or case.images
    table = _right_or_wrong(case.replicates, count, random) if case.parts is None else _normal(case, count, random)
    effects, influences = [], []
    for row in table:
        taken = np.arange(count) if case.pool is None else np.sort(random.permutation(count)[: case.images])
        mean = float(row[taken].mean())
        keys = tuple(f"{image:05d}" for image in taken)
        effects.append(mean)
        influences.append(Influence(keys, keys, (row[taken] - mean) / len(taken)))
    return effects, influences


def _normal(case: Case, count: int, random: np.random.Generator) -> NDArray[np.float64]:
    assert case.parts is not None
    n = case.replicates
    sizes = [math.sqrt(p * k) for p, k in zip(case.parts, (n, count, n * case.images), strict=True)]
    draws = random.normal(size=(n, 1)), random.normal(size=(1, count)), random.normal(size=(n, count))
    return np.asarray(sum(size * drawn for size, drawn in zip(sizes, draws, strict=True)))


def _right_or_wrong(replicates: int, images: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Images differ in how hard they are and in what the component does for them, replicates in how well they train."""
    hard = random.normal(1.5, 2.0, images)
    helped = random.normal(0.7, 1.5, images)
    noise = random.normal(0.0, 0.2, (replicates, 2, 1))
    with_it = random.random((replicates, images)) < expit(hard + helped + noise[:, 0])
    without = random.random((replicates, images)) < expit(hard + noise[:, 1])
    return with_it.astype(np.float64) - without


def _long_run(random: np.random.Generator) -> float:
    return float(np.mean([_right_or_wrong(1000, 2000, random).mean() for _ in range(50)]))


if __name__ == "__main__":
    main()
