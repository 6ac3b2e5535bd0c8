"""albumentations: its transforms one image at a time, without Compose around a single one; Python threads."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # it would ask the network at import

import albumentations as A  # noqa: N812
import cv2
import numpy as np

from . import Job, Ready
from .chain_job import DEGREES, LIGHT, MEAN, RATIO, SCALE, SIZE, STD, ChainJob, ChainReady, in_workers

DISTRIBUTIONS = ("albumentations",)
INTERPOLATION = {"bilinear": cv2.INTER_LINEAR, "area": cv2.INTER_AREA, "bicubic": cv2.INTER_CUBIC}

cv2.setNumThreads(1)


def _ready(job: Job, transform: Callable[[], Any], floats: bool = False) -> Ready:
    made: list[Any] = [None] * len(job.batch)

    def make() -> Callable[[int], object]:
        apply = transform()

        def one(i: int) -> None:
            made[i] = apply(image=job.batch[i])["image"]

        return one

    def read() -> Any:
        return np.stack(made).transpose(0, 3, 1, 2) if floats else np.stack(made)

    return Ready(job.per_image(make), read)


def morphology(job: Job, op: str, size: int, shape: str) -> Ready:
    if op not in ("dilate", "erode") or shape != "ellipse":
        raise NotImplementedError  # it has the ellipse only
    operation = {"dilate": "dilation", "erode": "erosion"}[op]
    return _ready(job, lambda: A.Morphological(scale=(size, size), operation=operation, p=1))


def rotate(job: Job, degrees: float) -> Ready:
    limit = (-degrees, degrees)
    return _ready(job, lambda: A.Rotate(limit=limit, border_mode=cv2.BORDER_REFLECT, p=1))


def random_resized_crop(job: Job, size: int, scale: tuple[float, float], ratio: tuple[float, float]) -> Ready:
    return _ready(job, lambda: A.RandomResizedCrop(size=(size, size), scale=scale, ratio=ratio, p=1))


def resize(job: Job, size: int, interpolation: str, antialias: bool = False) -> Ready:
    if antialias:
        raise NotImplementedError
    return _ready(job, lambda: A.Resize(size, size, interpolation=INTERPOLATION[interpolation], p=1))


def hsv_jitter(job: Job, hue: float, saturation: float, value: float) -> Ready:
    return _ready(job, lambda: A.HueSaturationValue(hue, saturation, value, p=1))


def brightness_contrast(job: Job, brightness: float, contrast: float) -> Ready:
    return _ready(job, lambda: A.RandomBrightnessContrast(brightness, contrast, p=1))


def gaussian_blur(job: Job, size: int, sigma: float) -> Ready:
    return _ready(job, lambda: A.GaussianBlur(blur_limit=(size, size), sigma_limit=(sigma, sigma), p=1))


def box_blur(job: Job, size: int) -> Ready:
    return _ready(job, lambda: A.Blur(blur_limit=(size, size), p=1))


def median_blur(job: Job, size: int) -> Ready:
    return _ready(job, lambda: A.MedianBlur(blur_limit=(size, size), p=1))


def clahe(job: Job, clip_limit: float, tiles: int) -> Ready:
    return _ready(job, lambda: A.CLAHE(clip_limit=(clip_limit, clip_limit), tile_grid_size=(tiles, tiles), p=1))


def equalize(job: Job) -> Ready:
    return _ready(job, lambda: A.Equalize(mode="cv", by_channels=True, p=1))


def horizontal_flip(job: Job) -> Ready:
    return _ready(job, lambda: A.HorizontalFlip(p=1))


def vertical_flip(job: Job) -> Ready:
    return _ready(job, lambda: A.VerticalFlip(p=1))


def normalize(job: Job, mean: tuple[float, ...], std: tuple[float, ...]) -> Ready:
    to_planes = A.ToTensorV2(p=1)  # only a view; the copy to planes is what a DataLoader's collate does
    floats = np.empty((len(job.batch), 3, *job.batch.shape[1:3]), np.float32)

    def make() -> Callable[[int], object]:
        apply = A.Normalize(mean=mean, std=std, p=1)

        def one(i: int) -> None:
            floats[i] = to_planes(image=apply(image=job.batch[i])["image"])["image"].numpy()

        return one

    return Ready(job.per_image(make), lambda: floats)


def posterize(job: Job, bits: int) -> Ready:
    return _ready(job, lambda: A.Posterize(num_bits=(bits, bits), p=1))


def solarize(job: Job, threshold: int) -> Ready:
    return _ready(job, lambda: A.Solarize(threshold_range=(threshold / 255, threshold / 255), p=1))


def invert(job: Job) -> Ready:
    return _ready(job, lambda: A.InvertImg(p=1))


def grey(job: Job) -> Ready:
    return _ready(job, lambda: A.ToGray(p=1))


def gaussian_noise(job: Job, std: float) -> Ready:
    fraction = std / 255
    return _ready(job, lambda: A.GaussNoise(std_range=(fraction, fraction), p=1))


def cutout(job: Job, size: int) -> Ready:
    side = (size, size)
    return _ready(
        job, lambda: A.CoarseDropout(num_holes_range=(1, 1), hole_height_range=side, hole_width_range=side, p=1)
    )


def affine(job: Job, degrees: float, translate: float, scale: tuple[float, float], shear: float) -> Ready:
    settings: dict[str, Any] = {
        "rotate": (-degrees, degrees),
        "translate_percent": (-translate, translate),
        "scale": scale,
        "shear": {"x": (-shear, shear), "y": (0, 0)},
        "border_mode": cv2.BORDER_REFLECT,
    }
    return _ready(job, lambda: A.Affine(**settings, p=1))


def perspective(job: Job, distortion: float) -> Ready:
    return _ready(job, lambda: A.Perspective(scale=(distortion / 2, distortion / 2), p=1))


def salt_pepper(job: Job, amount: float) -> Ready:
    return _ready(job, lambda: A.SaltAndPepper(amount=(amount, amount), p=1))


def unsharp(job: Job, size: int, sigma: float, amount: float) -> Ready:
    settings: dict[str, Any] = {"blur_limit": (size, size), "sigma_limit": (sigma, sigma), "alpha": (amount, amount)}
    return _ready(job, lambda: A.UnsharpMask(**settings, threshold=0, p=1))


def elastic(job: Job, alpha: float, sigma: float) -> Ready:
    return _ready(job, lambda: A.ElasticTransform(alpha=alpha, sigma=sigma, p=1))


OPERATIONS: dict[str, Callable[..., Ready]] = {
    function.__name__: function
    for function in (
        morphology, rotate, random_resized_crop, resize, hsv_jitter, brightness_contrast, gaussian_blur, box_blur,
        median_blur, clahe, equalize, horizontal_flip, vertical_flip, normalize, posterize, solarize, invert, grey,
        gaussian_noise, cutout, affine, perspective, salt_pepper, unsharp, elastic,
    )
}  # fmt: skip


def in_loader(job: ChainJob) -> ChainReady:
    """Compose in a DataLoader with workers; the opening is OpenCV's in a Lambda, faster than two of its own steps."""
    element = np.ones((3, 3), np.uint8)
    light = {"brightness_limit": LIGHT, "contrast_limit": LIGHT}

    def opened(image: Any, **_: Any) -> Any:
        return cv2.morphologyEx(image, cv2.MORPH_OPEN, element)

    steps = [A.RandomResizedCrop(size=(SIZE, SIZE), scale=SCALE, ratio=RATIO, p=1), A.HorizontalFlip(p=0.5)]
    steps += [A.Lambda(image=opened, p=1)] if job.opening else []
    if job.turned:
        steps.append(A.Rotate(limit=(-DEGREES, DEGREES), border_mode=cv2.BORDER_REFLECT, p=1))
        steps.append(A.RandomBrightnessContrast(**light, p=1))
    compose = A.Compose([*steps, A.Normalize(mean=MEAN, std=STD), A.ToTensorV2()])
    files = None if job.files is None else [np.frombuffer(file, np.uint8) for file in job.files]

    def load(index: int) -> Any:
        return job.images[index] if files is None else cv2.imdecode(files[index], cv2.IMREAD_COLOR_RGB)

    def treat(image: Any) -> Any:
        return compose(image=image)["image"]

    return in_workers(job, load, treat, lambda _: cv2.setNumThreads(1))


CHAINS = {"2 workers": in_loader}
