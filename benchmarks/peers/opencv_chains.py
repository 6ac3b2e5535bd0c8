"""OpenCV by hand: whole chains, one image at a time, each thread with buffers of its own."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from . import spread
from .chain_job import BATCH, DEGREES, LIGHT, MEAN, RATIO, SCALE, SIZE, STD, ChainJob, ChainReady

Step = Callable[[NDArray[Any], NDArray[Any]], object]
"""Reads one image and writes another."""


def crop_box(height: int, width: int, scale: tuple[float, float], ratio: tuple[float, float]) -> tuple[int, ...]:
    """Return top, left, height, width of a random crop; torchvision's rule."""
    logs = math.log(ratio[0]), math.log(ratio[1])
    for _ in range(10):
        area = height * width * random.uniform(*scale)
        aspect = math.exp(random.uniform(*logs))
        w, h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if w <= width and h <= height:
            return int(random.random() * (height - h + 1)), int(random.random() * (width - w + 1)), h, w
    side = min(height, width)
    return (height - side) // 2, (width - side) // 2, side, side


def normalizer(
    height: int, width: int, mean: tuple[float, ...], std: tuple[float, ...]
) -> Callable[[NDArray[Any], NDArray[Any]], None]:
    """Return a function from an image, uint8 HWC, to float32 CHW: planes first, then alpha * plane + beta for each.

    The fastest of seven ways that were tried; ``dnn.blobFromImage`` takes ten times as long.
    """
    planes = [np.empty((height, width), np.uint8) for _ in range(3)]
    lines = [(1 / (255 * s), -m / s) for m, s in zip(mean, std, strict=True)]

    def step(x: NDArray[Any], y: NDArray[Any]) -> None:
        cv2.split(x, planes)
        for channel, (alpha, beta) in enumerate(lines):
            plane = planes[channel]
            cv2.addWeighted(plane, alpha, plane, 0.0, beta, dst=y[channel], dtype=cv2.CV_32F)

    return step


def by_hand(job: ChainJob, to_floats_with: Callable[..., Step] = normalizer) -> ChainReady:
    """Write the chain as an expert does: every step into a buffer of its thread, the last into the batch."""
    out = np.zeros((BATCH, 3, SIZE, SIZE), np.float32)
    files = None if job.files is None else [np.frombuffer(file, np.uint8) for file in job.files]
    height, width = job.images.shape[1:3]
    element, center = np.ones((3, 3), np.uint8), ((SIZE - 1) / 2, (SIZE - 1) / 2)
    start = 0

    def make() -> Callable[[int], object]:
        a, b = np.empty((SIZE, SIZE, 3), np.uint8), np.empty((SIZE, SIZE, 3), np.uint8)
        to_floats = to_floats_with(SIZE, SIZE, MEAN, STD)

        def one(i: int) -> None:
            index = (start + i) % len(job.images)
            source = job.images[index]
            if files is not None:
                source = cv2.imdecode(files[index], cv2.IMREAD_COLOR_RGB)  # it takes no buffer
            top, left, h, w = crop_box(height, width, SCALE, RATIO)
            cv2.resize(source[top : top + h, left : left + w], (SIZE, SIZE), dst=a, interpolation=cv2.INTER_LINEAR)
            now, other = a, b
            if random.random() < 0.5:
                cv2.flip(now, 1, dst=other)
                now, other = other, now
            if job.opening:
                cv2.morphologyEx(now, cv2.MORPH_OPEN, element, dst=other)
                now, other = other, now
            if job.turned:
                matrix = cv2.getRotationMatrix2D(center, random.uniform(-DEGREES, DEGREES), 1.0)
                cv2.warpAffine(
                    now, matrix, (SIZE, SIZE), dst=other, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
                )
                alpha, beta = random.uniform(1 - LIGHT, 1 + LIGHT), 255 * random.uniform(-LIGHT, LIGHT)
                cv2.addWeighted(other, alpha, other, 0.0, beta, dst=now)
            to_floats(now, out[i])

        return one

    pools: list[ThreadPoolExecutor] = []
    batch = spread(BATCH, job.threads, make, pools)

    def run(batches: int) -> None:
        nonlocal start
        for _ in range(batches):
            batch()
            start += BATCH

    return ChainReady(run, close=lambda: [pool.shutdown() for pool in pools])


def by_hand_with_numpy(job: ChainJob) -> ChainReady:
    """Do the same, but normalise with NumPy and copy to planes, as most people do."""
    return by_hand(job, numpy_normalizer)


def numpy_normalizer(height: int, width: int, mean: tuple[float, ...], std: tuple[float, ...]) -> Step:
    """Return what :func:`normalizer` returns, in NumPy into a buffer that is reused."""
    floats = np.empty((height, width, 3), np.float32)
    factor = (1 / (255 * np.array(std))).astype(np.float32)
    offset = (np.array(mean) / np.array(std)).astype(np.float32)

    def step(x: NDArray[Any], y: NDArray[Any]) -> None:
        np.multiply(x, factor, out=floats)
        np.subtract(floats, offset, out=floats)
        y[...] = floats.transpose(2, 0, 1)

    return step


CHAINS = {"by hand": by_hand, "by hand, NumPy normalises": by_hand_with_numpy}
