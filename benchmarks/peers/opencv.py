"""OpenCV, an operation at a time: ``dst=`` everywhere, its own threads off, Python threads over the images."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from . import Job, Ready, opencv_chains
from .opencv_chains import Step, crop_box, normalizer

DISTRIBUTIONS = ("opencv-python-headless", "opencv-python", "opencv-contrib-python")
SHAPES = {"rectangle": cv2.MORPH_RECT, "ellipse": cv2.MORPH_ELLIPSE, "cross": cv2.MORPH_CROSS}
MORPHOLOGY = {"erode": cv2.MORPH_ERODE, "dilate": cv2.MORPH_DILATE, "open": cv2.MORPH_OPEN, "close": cv2.MORPH_CLOSE}
INTERPOLATION = {"bilinear": cv2.INTER_LINEAR, "area": cv2.INTER_AREA, "bicubic": cv2.INTER_CUBIC}

cv2.setNumThreads(1)


def _ready(
    job: Job,
    make: Callable[[], Step],
    size: tuple[int, int] | None = None,
) -> Ready:
    count, height, width, channels = job.batch.shape
    out = np.zeros((count, *(size or (height, width)), channels), np.uint8)

    def make_one() -> Callable[[int], object]:
        step = make()
        return lambda i: step(job.batch[i], out[i])

    return Ready(job.per_image(make_one), lambda: out)


def morphology(job: Job, op: str, size: int, shape: str) -> Ready:
    element = cv2.getStructuringElement(SHAPES[shape], (size, size))
    if op == "dilate":
        return _ready(job, lambda: lambda x, y: cv2.dilate(x, element, dst=y))
    if op == "erode":
        return _ready(job, lambda: lambda x, y: cv2.erode(x, element, dst=y))
    kind = MORPHOLOGY[op]
    return _ready(job, lambda: lambda x, y: cv2.morphologyEx(x, kind, element, dst=y))


def rotate(job: Job, degrees: float) -> Ready:
    height, width = job.batch.shape[1:3]
    center = ((width - 1) / 2, (height - 1) / 2)

    def step(x: NDArray[Any], y: NDArray[Any]) -> None:
        matrix = cv2.getRotationMatrix2D(center, random.uniform(-degrees, degrees), 1.0)
        cv2.warpAffine(x, matrix, (width, height), dst=y, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)

    return _ready(job, lambda: step)


def random_resized_crop(job: Job, size: int, scale: tuple[float, float], ratio: tuple[float, float]) -> Ready:
    height, width = job.batch.shape[1:3]

    def step(x: NDArray[Any], y: NDArray[Any]) -> None:
        top, left, h, w = crop_box(height, width, scale, ratio)
        cv2.resize(x[top : top + h, left : left + w], (size, size), dst=y, interpolation=cv2.INTER_LINEAR)

    return _ready(job, lambda: step, (size, size))


def resize(job: Job, size: int, interpolation: str, antialias: bool = False) -> Ready:
    kind = INTERPOLATION[interpolation]
    if antialias:
        raise NotImplementedError
    return _ready(job, lambda: lambda x, y: cv2.resize(x, (size, size), dst=y, interpolation=kind), (size, size))


def hsv_jitter(job: Job, hue: float, saturation: float, value: float) -> Ready:
    height, width = job.batch.shape[1:3]

    def make() -> Step:
        hsv = np.empty((height, width, 3), np.uint8)
        ramp = np.arange(256, dtype=np.float32)
        table = np.empty((1, 256, 3), np.uint8)

        def step(x: NDArray[Any], y: NDArray[Any]) -> None:
            cv2.cvtColor(x, cv2.COLOR_RGB2HSV, dst=hsv)
            table[0, :, 0] = (ramp + random.uniform(-hue, hue)) % 180
            table[0, :, 1] = np.clip(ramp + random.uniform(-saturation, saturation), 0, 255)
            table[0, :, 2] = np.clip(ramp + random.uniform(-value, value), 0, 255)
            cv2.LUT(hsv, table, dst=hsv)
            cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB, dst=y)

        return step

    return _ready(job, make)


def brightness_contrast(job: Job, brightness: float, contrast: float) -> Ready:
    def step(x: NDArray[Any], y: NDArray[Any]) -> None:  # faster than a table; convertScaleAbs would fold negatives
        alpha = random.uniform(1 - contrast, 1 + contrast)
        cv2.addWeighted(x, alpha, x, 0.0, 255 * random.uniform(-brightness, brightness), dst=y)

    return _ready(job, lambda: step)


def gaussian_blur(job: Job, size: int, sigma: float) -> Ready:
    border = cv2.BORDER_REFLECT_101
    return _ready(job, lambda: lambda x, y: cv2.GaussianBlur(x, (size, size), sigma, dst=y, borderType=border))


def box_blur(job: Job, size: int) -> Ready:
    return _ready(job, lambda: lambda x, y: cv2.blur(x, (size, size), dst=y))


def median_blur(job: Job, size: int) -> Ready:
    return _ready(job, lambda: lambda x, y: cv2.medianBlur(x, size, dst=y))


def clahe(job: Job, clip_limit: float, tiles: int) -> Ready:
    height, width = job.batch.shape[1:3]

    def make() -> Step:
        equalizer = cv2.createCLAHE(clip_limit, (tiles, tiles))
        lab, light = np.empty((height, width, 3), np.uint8), np.empty((height, width), np.uint8)

        def step(x: NDArray[Any], y: NDArray[Any]) -> None:
            cv2.cvtColor(x, cv2.COLOR_RGB2LAB, dst=lab)
            cv2.extractChannel(lab, 0, dst=light)
            equalizer.apply(light, dst=light)
            cv2.insertChannel(light, lab, 0)
            cv2.cvtColor(lab, cv2.COLOR_LAB2RGB, dst=y)

        return step

    return _ready(job, make)


def equalize(job: Job) -> Ready:
    return _per_plane(job, lambda plane: cv2.equalizeHist(plane, dst=plane))


def horizontal_flip(job: Job) -> Ready:
    return _ready(job, lambda: lambda x, y: cv2.flip(x, 1, dst=y))


def vertical_flip(job: Job) -> Ready:
    return _ready(job, lambda: lambda x, y: cv2.flip(x, 0, dst=y))


def normalize(job: Job, mean: tuple[float, ...], std: tuple[float, ...]) -> Ready:
    count, height, width, channels = job.batch.shape
    out = np.zeros((count, channels, height, width), np.float32)

    def make() -> Callable[[int], object]:
        step = normalizer(height, width, mean, std)
        return lambda i: step(job.batch[i], out[i])

    return Ready(job.per_image(make), lambda: out)


def posterize(job: Job, bits: int) -> Ready:
    mask = np.arange(256, dtype=np.uint8) & np.uint8(0xFF << (8 - bits) & 0xFF)
    return _ready(job, lambda: lambda x, y: cv2.LUT(x, mask, dst=y))


def solarize(job: Job, threshold: int) -> Ready:
    ramp = np.arange(256)
    table = np.where(ramp >= threshold, 255 - ramp, ramp).astype(np.uint8)
    return _ready(job, lambda: lambda x, y: cv2.LUT(x, table, dst=y))


def invert(job: Job) -> Ready:
    return _ready(job, lambda: lambda x, y: cv2.bitwise_not(x, dst=y))


def grey(job: Job) -> Ready:
    height, width = job.batch.shape[1:3]

    def make() -> Step:
        plane = np.empty((height, width), np.uint8)

        def step(x: NDArray[Any], y: NDArray[Any]) -> None:
            cv2.cvtColor(x, cv2.COLOR_RGB2GRAY, dst=plane)
            cv2.cvtColor(plane, cv2.COLOR_GRAY2RGB, dst=y)

        return step

    return _ready(job, make)


def threshold(job: Job, value: int) -> Ready:
    return _ready(job, lambda: lambda x, y: cv2.threshold(x, value, 255, cv2.THRESH_BINARY, dst=y))


def _per_plane(job: Job, treat: Callable[[NDArray[Any]], object]) -> Ready:
    """Process each channel separately, in place; for functions that take grey images only."""
    height, width = job.batch.shape[1:3]

    def make() -> Step:
        planes = [np.empty((height, width), np.uint8) for _ in range(3)]

        def step(x: NDArray[Any], y: NDArray[Any]) -> None:
            cv2.split(x, planes)
            for plane in planes:
                treat(plane)
            cv2.merge(planes, dst=y)

        return step

    return _ready(job, make)


def otsu(job: Job) -> Ready:
    kind = cv2.THRESH_BINARY | cv2.THRESH_OTSU
    return _per_plane(job, lambda plane: cv2.threshold(plane, 0, 255, kind, dst=plane))


def adaptive_threshold(job: Job, method: str, size: int, offset: float) -> Ready:
    rule = cv2.ADAPTIVE_THRESH_MEAN_C if method == "mean" else cv2.ADAPTIVE_THRESH_GAUSSIAN_C
    kind = cv2.THRESH_BINARY
    return _per_plane(job, lambda plane: cv2.adaptiveThreshold(plane, 255, rule, kind, size, offset, dst=plane))


def gaussian_noise(job: Job, std: float) -> Ready:
    height, width = job.batch.shape[1:3]

    def make() -> Step:
        noise = np.empty((height, width, 3), np.int16)

        def step(x: NDArray[Any], y: NDArray[Any]) -> None:
            cv2.randn(noise, 0, std)
            cv2.add(x, noise, dst=y, dtype=cv2.CV_8U)

        return step

    return _ready(job, make)


def cutout(job: Job, size: int) -> Ready:
    height, width = job.batch.shape[1:3]

    def step(x: NDArray[Any], y: NDArray[Any]) -> None:
        np.copyto(y, x)
        top, left = random.randrange(height - size), random.randrange(width - size)
        y[top : top + size, left : left + size] = 0

    return _ready(job, lambda: step)


def affine(job: Job, degrees: float, translate: float, scale: tuple[float, float], shear: float) -> Ready:
    height, width = job.batch.shape[1:3]

    def step(x: NDArray[Any], y: NDArray[Any]) -> None:
        angle = random.uniform(-degrees, degrees)
        matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, random.uniform(*scale))
        matrix[0, 1] += math.tan(math.radians(random.uniform(-shear, shear)))
        matrix[:, 2] += [random.uniform(-translate, translate) * width, random.uniform(-translate, translate) * height]
        cv2.warpAffine(x, matrix, (width, height), dst=y, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)

    return _ready(job, lambda: step)


def perspective(job: Job, distortion: float) -> Ready:
    height, width = job.batch.shape[1:3]
    corners = np.float32([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]])
    inwards = np.float32([[1, 1], [-1, 1], [-1, -1], [1, -1]]) * np.float32([width, height]) * (distortion / 2)

    def make() -> Step:
        rng = np.random.default_rng(1)

        def step(x: NDArray[Any], y: NDArray[Any]) -> None:
            moved = corners + inwards * rng.random((4, 2), np.float32)
            matrix = cv2.getPerspectiveTransform(corners, moved)
            cv2.warpPerspective(x, matrix, (width, height), dst=y, flags=cv2.INTER_LINEAR)

        return step

    return _ready(job, make)


def sobel(job: Job, size: int) -> Ready:
    height, width = job.batch.shape[1:3]

    def make() -> Step:
        dx, dy = np.empty((height, width, 3), np.float32), np.empty((height, width, 3), np.float32)

        def step(x: NDArray[Any], y: NDArray[Any]) -> None:
            cv2.Sobel(x, cv2.CV_32F, 1, 0, dst=dx, ksize=size)
            cv2.Sobel(x, cv2.CV_32F, 0, 1, dst=dy, ksize=size)
            cv2.magnitude(dx, dy, magnitude=dx)
            cv2.convertScaleAbs(dx, dst=y)

        return step

    return _ready(job, make)


OPERATIONS: dict[str, Callable[..., Ready]] = {
    function.__name__: function
    for function in (
        morphology, rotate, random_resized_crop, resize, hsv_jitter, brightness_contrast, gaussian_blur, box_blur,
        median_blur, clahe, equalize, horizontal_flip, vertical_flip, normalize, posterize, solarize, invert, grey,
        threshold, otsu, adaptive_threshold, gaussian_noise, cutout, affine, perspective, sobel,
    )
}  # fmt: skip


CHAINS = opencv_chains.CHAINS
