"""The libraries that we are measured against, one module for each; a missing one is skipped, never imitated.

A module has ``DISTRIBUTIONS`` (what to install, the first gives the version), ``OPERATIONS`` (name of an operation ->
function of a :class:`Job` and the operation's parameters that returns a :class:`Ready`) and, where it can do whole
chains, ``CHAINS`` (name of a chain -> function of a :class:`~peers.chain_job.ChainJob`).
Each is used as its documentation recommends for speed: contiguous input in its own layout, output buffers reused where
it takes them, all the cores that the measurement allows.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

os.environ.setdefault("GOMP_SPINCOUNT", "2000")
# Before torch is imported: its waiting threads spin for microseconds, then sleep. By default they spin on for
# milliseconds, into the block of the other side; and where others use the cores, torch becomes many times slower.

NAMES = ("opencv", "albumentations", "torchvision_v2", "kornia", "pillow", "skimage", "dali", "ffcv")


@dataclass
class Job:
    """One operation on one batch: *batch* is uint8 [N, H, W, 3], contiguous, in RAM; *threads* is 1 or all cores."""

    batch: NDArray[np.uint8]
    threads: int
    pools: list[ThreadPoolExecutor] = field(default_factory=list)

    def per_image(self, make: Callable[[], Callable[[int], object]]) -> Callable[[], None]:
        """Return a function that treats all images; *make* gives each thread its function of i."""
        return spread(len(self.batch), self.threads, make, self.pools)

    def close(self) -> None:
        """End the threads."""
        for pool in self.pools:
            pool.shutdown()


@dataclass
class Ready:
    """What is timed, *run*, and how to look at what it made last, *read*: uint8 [N, H, W, C] or float [N, C, H, W]."""

    run: Callable[[], object]
    read: Callable[[], NDArray[Any]]


def spread(
    count: int, threads: int, make: Callable[[], Callable[[int], object]], pools: list[ThreadPoolExecutor]
) -> Callable[[], None]:
    """Return a function that calls ``make()(i)`` for i < *count*: each thread has its own function and a row of i."""
    bounds = np.linspace(0, count, threads + 1).astype(int)
    functions = [make() for _ in range(threads)]

    def part(number: int) -> None:
        function = functions[number]
        for i in range(int(bounds[number]), int(bounds[number + 1])):
            function(i)

    if threads == 1:
        return lambda: part(0)
    pool = ThreadPoolExecutor(threads - 1)
    pools.append(pool)

    def run() -> None:
        others = [pool.submit(part, number) for number in range(1, threads)]
        part(0)
        for other in others:
            other.result()

    return run


def load() -> tuple[dict[str, ModuleType], dict[str, str]]:
    """Import every peer; returns the modules that can be used, and for the others the reason in one line."""
    found: dict[str, ModuleType] = {}
    missing: dict[str, str] = {}
    for name in NAMES:
        try:
            found[name] = importlib.import_module(f"peers.{name}")
        except Exception as error:  # a broken peer must not stop the others
            missing[name] = " ".join(f"{type(error).__name__}: {error}".split())[:160]
    return found, missing


def versions_of(modules: dict[str, ModuleType]) -> dict[str, str]:
    """Return the version of each peer's distribution."""
    found = {}
    for module in modules.values():
        for distribution in module.DISTRIBUTIONS:
            try:
                found[distribution] = version(distribution)
                break
            except PackageNotFoundError:
                continue
    return found
