"""The images that are timed: photographs of a folder, or drawn ones that look enough like them."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

Batch = NDArray[np.uint8]
SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}


def images(count: int, height: int, width: int, folder: Path | None, seed: int = 0) -> Batch:
    """Return *count* different RGB images, uint8 [count, height, width, 3].

    From *folder* (searched with its subfolders, in sorted order) scaled to cover the size and cut at the centre; where
    it holds too few, they are used again, mirrored. Without a folder they are drawn: smooth fields, edges and grain.
    """
    if folder is None:
        return np.stack([_drawn(np.random.default_rng((seed, i)), height, width) for i in range(count)])
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise SystemExit(f"error: {folder} holds no images")
    step = max(1, len(paths) // count)  # at equal distances, so that every class is included
    chosen = paths[::step][:count]
    batch = np.empty((count, height, width, 3), np.uint8)
    for i in range(count):
        if i < len(chosen):
            with Image.open(chosen[i]) as image:
                batch[i] = np.asarray(ImageOps.fit(image.convert("RGB"), (width, height)))
        else:
            batch[i] = batch[i - len(chosen)][:, ::-1]
    return batch


def as_jpeg(batch: Batch, quality: int = 90) -> list[bytes]:
    """Return the images as JPEG files in memory (4:2:0, as cameras and web sites write them)."""
    files = []
    for image in batch:
        file = io.BytesIO()
        Image.fromarray(image).save(file, "JPEG", quality=quality)
        files.append(file.getvalue())
    return files


def _drawn(rng: np.random.Generator, height: int, width: int) -> Batch:
    field = np.zeros((height, width, 3), np.float32)
    for cells in (3, 7, 19, 53):  # coarse to fine, ever fainter, like the spectrum of a photograph
        small = Image.fromarray(rng.integers(0, 256, (cells, cells, 3), np.uint8))
        field += np.asarray(small.resize((width, height), Image.Resampling.BICUBIC), np.float32) / cells**0.7
    field *= 255.0 / field.max()
    y, x = np.mgrid[:height, :width]
    for _ in range(6):  # some discs with sharp edges
        cy, cx, radius = rng.integers(0, height), rng.integers(0, width), rng.integers(8, height // 4)
        field[(y - cy) ** 2 + (x - cx) ** 2 < radius**2] *= rng.uniform(0.4, 1.4, 3).astype(np.float32)
    field += rng.normal(0, 4, field.shape)
    drawn: Batch = np.clip(field, 0, 255).astype(np.uint8)
    return drawn
