"""A whole chain of twins, and helpers that run the core on a list of images."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import color, filter, geometry, intensity, morphology, noise, threshold, warps
from .philox import Draws

Op = tuple[str, Mapping[str, Any], int]

TWINS: dict[str, Callable[..., Any]] = {
    "resize": geometry.resize,
    "center_crop": geometry.center_crop,
    "random_resized_crop": geometry.random_resized_crop,
    "horizontal_flip": geometry.horizontal_flip,
    "vertical_flip": geometry.vertical_flip,
    "random_crop": geometry.random_crop,
    "pad": geometry.pad,
    "rotate": warps.rotate,
    "affine": warps.affine,
    "perspective": warps.perspective,
    "elastic": warps.elastic,
    "brightness_contrast": color.brightness_contrast,
    "brightness": color.brightness,
    "channel_shuffle": color.channel_shuffle,
    "color_jitter": color.color_jitter,
    "contrast": color.contrast,
    "grey": color.grey,
    "hsv_jitter": color.hsv_jitter,
    "hue": color.hue,
    "invert": color.invert,
    "posterize": color.posterize,
    "saturation": color.saturation,
    "single_channel": color.single_channel,
    "solarize": color.solarize,
    "morphology": morphology.morphology,
    "threshold": threshold.threshold,
    "otsu": threshold.otsu,
    "adaptive_threshold": threshold.adaptive_threshold,
    "box_blur": filter.box_blur,
    "gaussian_blur": filter.gaussian_blur,
    "random_gaussian_blur": filter.random_gaussian_blur,
    "median_blur": filter.median_blur,
    "unsharp": filter.unsharp,
    "sharpness": filter.sharpness,
    "sobel": filter.sobel,
    "gaussian_noise": noise.gaussian_noise,
    "salt_and_pepper": noise.salt_and_pepper,
    "random_erasing": noise.random_erasing,
    "cutout": noise.cutout,
    "normalize": color.normalize,
    "to_8_bits": intensity.to_8_bits,
    "min_max": intensity.min_max,
    "percentile_stretch": intensity.percentile_stretch,
    "equalize": intensity.equalize,
    "clahe": intensity.clahe,
    "gamma": intensity.gamma,
    "random_gamma": intensity.random_gamma,
    "standardize": intensity.standardize,
}


def twin(ops: Sequence[Op], image: NDArray[np.uint8], *, seed: int, epoch: int, sample: int) -> NDArray[Any]:
    """What the core must give for one image, as HWC bytes or (after normalize) CHW floats."""
    for name, params, stream in ops:
        function, draws = TWINS[name], Draws(seed, stream, epoch, sample)
        takes = inspect.signature(function).parameters
        if "probability" in params and "probability" not in takes:  # every op has one; few twins take it
            if draws.uniform(0) >= params["probability"]:
                continue
            params = {key: value for key, value in params.items() if key != "probability"}
        image = function(image, **params, draws=draws) if "draws" in takes else function(image, **params)
    return image


def pack(images: Sequence[NDArray[np.uint8]]) -> dict[str, NDArray[Any]]:
    """Lay images behind each other, as ``Chain.run`` wants them; the ids are the positions."""
    sizes = [image.size for image in images]
    return {
        "pixels": np.concatenate([image.ravel() for image in images] or [np.empty(0, np.uint8)]),
        "offsets": np.cumsum([0, *sizes])[:-1].astype(np.int64),
        "heights": np.array([image.shape[0] for image in images], np.int32),
        "widths": np.array([image.shape[1] for image in images], np.int32),
        "indices": np.arange(len(images), dtype=np.int64),
        "ids": np.arange(len(images), dtype=np.uint64),
    }


def run(
    ops: Sequence[Op],
    images: Sequence[NDArray[np.uint8]],
    *,
    floats: bool = False,
    channels_last: bool = False,
    seed: int = 0,
    epoch: int = 0,
    threads: int = 0,
    fuse: bool = True,
) -> NDArray[Any]:
    """Run the core on *images*, ids 0, 1, ...: uint8 or uint16 [B, H, W, C], or float32 [B, C, H, W]."""
    from flowerablate import _native

    channels, pixel_type = images[0].shape[2], images[0].dtype
    chain = _native.Chain(ops, channels, dtype=pixel_type.name, fuse=fuse)
    height, width = chain.output_size(*images[0].shape[:2])
    out: NDArray[Any]
    if not floats:
        out = np.empty((len(images), height, width, channels), chain.output_dtype)
    elif channels_last:
        out = np.empty((len(images), height, width, channels), np.float32).transpose(0, 3, 1, 2)
    else:
        out = np.empty((len(images), channels, height, width), np.float32)
    chain.run(**pack(images), out=out, seed=seed, epoch=epoch, threads=threads)
    return out
