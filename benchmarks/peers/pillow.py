"""Pillow: one pil at a time, Python threads; images are its own before the clock, and what is made stays so."""

from __future__ import annotations

import io
import math
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from PIL import Image, ImageChops, ImageEnhance, ImageFilter, ImageOps

from . import Job, Ready, spread
from .chain_job import BATCH, DEGREES, LIGHT, MEAN, RATIO, SCALE, SIZE, STD, ChainJob, ChainReady

DISTRIBUTIONS = ("pillow",)
Image = Image.Image
RESAMPLING = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC, "area": Image.Resampling.BOX}


def _ready(job: Job, treat: Callable[[Image], Image]) -> Ready:
    images = [Image.fromarray(pil) for pil in job.batch]
    made: list[Any] = [None] * len(images)

    def one(i: int) -> None:
        made[i] = treat(images[i])

    return Ready(job.per_image(lambda: one), lambda: np.stack([np.asarray(image) for image in made]))


def morphology(job: Job, op: str, size: int, shape: str) -> Ready:
    if shape != "rectangle" or size > 3 or op not in ("dilate", "erode"):
        raise NotImplementedError  # it has rank filters of squares only, and takes seconds for large ones
    rank = ImageFilter.MaxFilter(size) if op == "dilate" else ImageFilter.MinFilter(size)
    return _ready(job, lambda image: image.filter(rank))


def rotate(job: Job, degrees: float) -> Ready:
    bilinear = Image.Resampling.BILINEAR  # it has no reflected border: zeros are less work
    return _ready(job, lambda image: image.rotate(random.uniform(-degrees, degrees), bilinear))


def resize(job: Job, size: int, interpolation: str, antialias: bool = False) -> Ready:
    if not antialias and interpolation != "area":
        raise NotImplementedError
    kind = RESAMPLING[interpolation]
    return _ready(job, lambda image: image.resize((size, size), kind))


def brightness_contrast(job: Job, brightness: float, contrast: float) -> Ready:
    def treat(image: Image) -> Image:
        brighter = ImageEnhance.Brightness(image).enhance(random.uniform(1 - brightness, 1 + brightness))
        return ImageEnhance.Contrast(brighter).enhance(random.uniform(1 - contrast, 1 + contrast))

    return _ready(job, treat)


def box_blur(job: Job, size: int) -> Ready:
    return _ready(job, lambda image: image.filter(ImageFilter.BoxBlur(size // 2)))


def median_blur(job: Job, size: int) -> Ready:
    return _ready(job, lambda image: image.filter(ImageFilter.MedianFilter(size)))


def equalize(job: Job) -> Ready:
    return _ready(job, ImageOps.equalize)


def horizontal_flip(job: Job) -> Ready:
    return _ready(job, lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT))


def vertical_flip(job: Job) -> Ready:
    return _ready(job, lambda image: image.transpose(Image.Transpose.FLIP_TOP_BOTTOM))


def posterize(job: Job, bits: int) -> Ready:
    return _ready(job, lambda image: ImageOps.posterize(image, bits))


def solarize(job: Job, threshold: int) -> Ready:
    return _ready(job, lambda image: ImageOps.solarize(image, threshold))


def invert(job: Job) -> Ready:
    return _ready(job, ImageChops.invert)


def grey(job: Job) -> Ready:
    return _ready(job, lambda image: image.convert("L").convert("RGB"))


def threshold(job: Job, value: int) -> Ready:
    table = [255 * (i > value) for i in range(256)] * 3
    return _ready(job, lambda image: image.point(table))


OPERATIONS: dict[str, Callable[..., Ready]] = {
    function.__name__: function
    for function in (
        morphology, rotate, resize, brightness_contrast, box_blur, median_blur, equalize, horizontal_flip,
        vertical_flip, posterize, solarize, invert, grey, threshold,
    )
}  # fmt: skip


def by_hand(job: ChainJob) -> ChainReady:
    """Python threads over the images; crop and resize in one call."""
    out = np.zeros((BATCH, 3, SIZE, SIZE), np.float32)
    images = [Image.fromarray(pil) for pil in job.images] if job.files is None else []
    offset, factor = np.array(MEAN, np.float32) * 255, 1 / (255 * np.array(STD, np.float32))
    bilinear = Image.Resampling.BILINEAR
    start = 0

    def one(i: int) -> None:
        index = (start + i) % len(job.images)
        image = images[index] if job.files is None else Image.open(io.BytesIO(job.files[index])).convert("RGB")
        image = image.resize((SIZE, SIZE), bilinear, _box(*image.size))
        if random.random() < 0.5:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        if job.opening:
            image = image.filter(ImageFilter.MinFilter(3)).filter(ImageFilter.MaxFilter(3))
        if job.turned:
            image = image.rotate(random.uniform(-DEGREES, DEGREES), bilinear)
            image = ImageEnhance.Brightness(image).enhance(random.uniform(1 - LIGHT, 1 + LIGHT))
            image = ImageEnhance.Contrast(image).enhance(random.uniform(1 - LIGHT, 1 + LIGHT))
        out[i] = ((np.asarray(image) - offset) * factor).transpose(2, 0, 1)

    pools: list[ThreadPoolExecutor] = []
    batch = spread(BATCH, job.threads, lambda: one, pools)

    def run(batches: int) -> None:
        nonlocal start
        for _ in range(batches):
            batch()
            start += BATCH

    return ChainReady(run, close=lambda: [pool.shutdown() for pool in pools])


def _box(width: int, height: int) -> tuple[float, float, float, float]:
    area = width * height * random.uniform(*SCALE)
    aspect = math.exp(random.uniform(math.log(RATIO[0]), math.log(RATIO[1])))
    w, h = min(width, math.sqrt(area * aspect)), min(height, math.sqrt(area / aspect))
    left, top = random.uniform(0, width - w), random.uniform(0, height - h)
    return left, top, left + w, top + h


CHAINS = {"by hand": by_hand}
