"""NVIDIA DALI's CPU operators: a pipeline per operation, fed without a copy, run one batch at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from nvidia.dali import fn, types
from nvidia.dali.pipeline import Pipeline

from . import Job, Ready
from .chain_job import BATCH, DEGREES, LIGHT, MEAN, RATIO, SCALE, SIZE, STD, ChainJob, ChainReady

DISTRIBUTIONS = ("nvidia-dali-cuda120", "nvidia-dali-cuda130", "nvidia-dali-cuda110")
MODES = {"bilinear": types.INTERP_LINEAR, "bicubic": types.INTERP_CUBIC}


def _ready(job: Job, treat: Callable[[Any], Any]) -> Ready:
    count = len(job.batch)
    pipeline = Pipeline(
        count, job.threads, None, seed=1, exec_pipelined=False, exec_async=False, prefetch_queue_depth=1
    )
    with pipeline:
        source = fn.external_source(source=lambda: job.batch, layout="HWC", no_copy=True, batch=True)
        pipeline.set_outputs(treat(source))
    pipeline.build()
    made: list[Any] = []

    def run() -> None:
        made[:] = pipeline.run()

    return Ready(run, lambda: np.stack([np.asarray(made[0].at(i)) for i in range(count)]))


def rotate(job: Job, degrees: float) -> Ready:
    def treat(x: Any) -> Any:  # it has no reflected border: constant is less work
        return fn.rotate(x, angle=fn.random.uniform(range=(-degrees, degrees)), keep_size=True, fill_value=0)

    return _ready(job, treat)


def random_resized_crop(job: Job, size: int, scale: tuple[float, float], ratio: tuple[float, float]) -> Ready:
    settings: dict[str, Any] = {"size": (size, size), "random_area": scale, "random_aspect_ratio": ratio}
    return _ready(job, lambda x: fn.random_resized_crop(x, **settings))


def resize(job: Job, size: int, interpolation: str, antialias: bool = False) -> Ready:
    mode = MODES.get(interpolation)
    if mode is None:
        raise NotImplementedError
    return _ready(job, lambda x: fn.resize(x, size=(size, size), interp_type=mode, antialias=antialias))


def hsv_jitter(job: Job, hue: float, saturation: float, value: float) -> Ready:
    def treat(x: Any) -> Any:
        return fn.hsv(
            x,
            hue=fn.random.uniform(range=(-2 * hue, 2 * hue)),
            saturation=fn.random.uniform(range=(1 - saturation / 255, 1 + saturation / 255)),
            value=fn.random.uniform(range=(1 - value / 255, 1 + value / 255)),
        )

    return _ready(job, treat)


def brightness_contrast(job: Job, brightness: float, contrast: float) -> Ready:
    def treat(x: Any) -> Any:
        return fn.brightness_contrast(
            x,
            brightness_shift=fn.random.uniform(range=(-brightness, brightness)),
            contrast=fn.random.uniform(range=(1 - contrast, 1 + contrast)),
            contrast_center=0.0,
        )

    return _ready(job, treat)


def gaussian_blur(job: Job, size: int, sigma: float) -> Ready:
    return _ready(job, lambda x: fn.gaussian_blur(x, window_size=size, sigma=sigma))


def clahe(job: Job, clip_limit: float, tiles: int) -> Ready:
    return _ready(job, lambda x: fn.clahe(x, tiles_x=tiles, tiles_y=tiles, clip_limit=clip_limit, luma_only=True))


def equalize(job: Job) -> Ready:
    return _ready(job, fn.equalize)


def horizontal_flip(job: Job) -> Ready:
    return _ready(job, lambda x: fn.flip(x, horizontal=1))


def vertical_flip(job: Job) -> Ready:
    return _ready(job, lambda x: fn.flip(x, horizontal=0, vertical=1))


def normalize(job: Job, mean: tuple[float, ...], std: tuple[float, ...]) -> Ready:
    means, stds = [255 * m for m in mean], [255 * s for s in std]
    return _ready(
        job, lambda x: fn.crop_mirror_normalize(x, mean=means, std=stds, output_layout="CHW", dtype=types.FLOAT)
    )


def cutout(job: Job, size: int) -> Ready:
    height, width = job.batch.shape[1:3]

    def treat(x: Any) -> Any:
        corner = fn.random.uniform(range=(0.0, 1.0 - size / min(height, width)), shape=[2])
        return fn.erase(
            x, anchor=corner, shape=[size / height, size / width], axis_names="HW",
            normalized_anchor=True, normalized_shape=True, fill_value=0,
        )  # fmt: skip

    return _ready(job, treat)


def gaussian_noise(job: Job, std: float) -> Ready:
    return _ready(job, lambda x: fn.noise.gaussian(x, stddev=std))


OPERATIONS: dict[str, Callable[..., Ready]] = {
    function.__name__: function
    for function in (
        rotate, random_resized_crop, resize, hsv_jitter, brightness_contrast, gaussian_blur, clahe, equalize,
        horizontal_flip, vertical_flip, normalize, cutout, gaussian_noise,
    )
}  # fmt: skip


def pipeline(job: ChainJob) -> ChainReady:
    """Run one pipeline for the chain. It has no opening on the CPU, so OpenCV's is called from it."""
    start = 0
    files = None if job.files is None else [np.frombuffer(file, np.uint8) for file in job.files]

    def source() -> Any:
        nonlocal start
        first, start = start, start + BATCH
        if files is None:
            first %= len(job.images) - BATCH + 1
            return job.images[first : first + BATCH]
        return [files[i % len(files)] for i in range(first, first + BATCH)]

    whole = Pipeline(BATCH, job.threads, None, seed=1, exec_pipelined=False, exec_async=False, prefetch_queue_depth=1)
    with whole:
        if files is None:
            x = fn.external_source(source=source, layout="HWC", no_copy=True, batch=True)
        else:
            x = fn.decoders.image(fn.external_source(source=source, no_copy=True, batch=True), output_type=types.RGB)
        x = fn.random_resized_crop(x, size=(SIZE, SIZE), random_area=SCALE, random_aspect_ratio=RATIO)
        flipped = fn.random.coin_flip()
        if job.opening or job.turned:
            x = fn.flip(x, horizontal=flipped)
        if job.opening:
            x = fn.python_function(x, function=_opened, output_layouts="HWC")
        if job.turned:
            x = fn.rotate(x, angle=fn.random.uniform(range=(-DEGREES, DEGREES)), keep_size=True, fill_value=0)
            x = fn.brightness_contrast(
                x,
                brightness_shift=fn.random.uniform(range=(-LIGHT, LIGHT)),
                contrast=fn.random.uniform(range=(1 - LIGHT, 1 + LIGHT)),
            )
        x = fn.crop_mirror_normalize(
            x,
            mean=[255 * m for m in MEAN],
            std=[255 * s for s in STD],
            output_layout="CHW",
            dtype=types.FLOAT,
            mirror=0 if job.opening or job.turned else flipped,
        )
        whole.set_outputs(x)
    whole.build()

    def run(batches: int) -> None:
        for _ in range(batches):
            whole.run()

    return ChainReady(run)


def _opened(image: Any) -> Any:
    import cv2

    return cv2.morphologyEx(np.asarray(image), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))


CHAINS = {"pipeline": pipeline}
