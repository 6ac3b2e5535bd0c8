"""Facts about one file, read once: its header, digests, and a small grey image to compare with others."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...errors import DataError, without_cure
from ...files import content_of
from ..decode import UnreachableError, decode, stored_as

SIDE = 32
"""Side of the small grey image, pixels."""

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as Pillow weighs it
_GREY_TOLERANCE = 3
"""Grey levels by which the channels of a grey image may differ after JPEG."""

_STANDARD_SUM = 3685
"""Sum of the luminance quantisation table K.1 of ITU-T T.81, which libjpeg uses as it stands at quality 50."""


@dataclass(frozen=True)
class Look:
    """Facts about a readable file.

    *content* and *pixels* are digests of the bytes, and of the decoded RGB image with its shape. *thumbnail* is a
    grey image, uint8 [SIDE, SIDE], squeezed to a square. *brightness* and *contrast*: mean and standard deviation of
    the grey values, 0 to 255. *quality*: estimated JPEG quality, 0 for other files. *grey*: no colour.
    """

    content: bytes
    pixels: bytes
    thumbnail: NDArray[np.uint8]
    height: int
    width: int
    file_bytes: int
    mode: str
    quality: float
    brightness: float
    contrast: float
    grey: bool


def look_at(path: Path) -> Look | str:
    """Return the facts about a file, or one line that says why it cannot be read.

    A file that is missing or may not be opened raises :class:`.decode.UnreachableError`.
    """
    try:
        pixels = decode(path, 3)
        raw = content_of(path)
        mode, tables = stored_as(path)
    except UnreachableError:
        raise
    except DataError as error:
        return without_cure(str(error).removeprefix(f"cannot read image {path}: "))
    height, width, _ = pixels.shape
    grey = pixels @ _LUMA
    return Look(
        content=hashlib.blake2b(raw, digest_size=16).digest(),
        pixels=hashlib.blake2b(pixels.data, digest_size=16, salt=f"{height}x{width}".encode()[:16]).digest(),
        thumbnail=_shrunk(grey),
        height=height,
        width=width,
        file_bytes=len(raw),
        mode=mode,
        quality=_quality(tables[0]) if tables.get(0) else 0.0,
        brightness=float(grey.mean()),
        contrast=float(grey.std()),
        grey=_is_grey(pixels),
    )


def _quality(table: Any) -> float:
    """Return libjpeg's quality, 1 to 100, for which the luminance *table* is a scaled copy of the standard table."""
    scale = 100.0 * float(sum(table)) / _STANDARD_SUM
    return min(100.0, (200.0 - scale) / 2 if scale <= 100 else 5000.0 / scale)


def _shrunk(grey: NDArray[np.float32]) -> NDArray[np.uint8]:
    image = Image.fromarray(grey.astype(np.uint8)).resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(image)


def _is_grey(pixels: NDArray[np.uint8]) -> bool:
    sparse = pixels[::2, ::2].astype(np.int16)
    return int(np.abs(sparse - sparse[..., :1]).max(initial=0)) <= _GREY_TOLERANCE
