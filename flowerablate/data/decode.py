"""One image file to pixels: every mode and format that a folder of pictures may hold, and one clear error for the rest.

Pillow's warnings are never printed, and any number of threads may decode at once. (libtiff, which Pillow calls for
compressed TIFF files, writes a line of its own to stderr when such a file is corrupt; Pillow cannot turn that off.)
"""

from __future__ import annotations

import errno
import logging
import re
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from ..errors import DataError

MAX_PIXELS = 178_956_970
"""Width times height above which a file is taken for a decompression bomb; where Pillow raises, too."""

_TARGET_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
_ORIENTATION_TAG = 0x0112
_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SILENCE_PILLOW = ("ignore", None, Warning, re.compile(r"PIL\."), 0)

# Without a handler of its own, what Pillow logs about odd files would reach stderr by logging's last resort.
logging.getLogger("PIL").addHandler(logging.NullHandler())


def decode(path: Path, channels: int, *, max_pixels: int = MAX_PIXELS) -> NDArray[np.uint8]:
    """Read the image at *path* as uint8 [H, W, *channels*] (1 grey, 3 RGB, 4 RGBA), writable and contiguous.

    The EXIF orientation is applied. What lies below transparent pixels is white, as in most viewers, unless *channels*
    is 4. CMYK is converted without its colour profile. Of an animation or a multi-page file the first picture is taken.
    16-bit grey is divided by 257, so that its whole range becomes 0..255; integer and float pictures of 32 bits are
    read as 0..1 (float only), 0..255 or 0..65535, the first of these that holds all their values, and stretched from
    their minimum to their maximum where none does; NaN becomes black.

    Raises :class:`DataError` with one line that names the file, the cause and the cure, if the file is empty,
    truncated, corrupt, no image, or has more than *max_pixels* pixels; :class:`UnreachableError`, which is one, if it
    is missing or cannot be opened.
    """
    if channels not in _TARGET_MODES:
        raise ValueError(f"channels must be 1, 3 or 4, not {channels}")
    _keep_pillow_silent()
    _lift_pillow_limit(max_pixels)
    try:
        if path.stat().st_size == 0:
            raise _UnusableError("the file is empty")
        with Image.open(path) as image:
            _check_size(image.size, max_pixels)
            image.load()
            return _pixels(_upright(image), channels)
    except Exception as error:  # Pillow's readers raise almost anything on bytes that they did not expect
        if _is_unreachable(error):
            raise UnreachableError(
                f"cannot read image {path}: {_cause(error)}; check that it is there and may be read"
            ) from error
        raise DataError(
            f"cannot read image {path}: {_cause(error)}; mend or remove it, or leave such files out with --skip-bad"
        ) from error


class UnreachableError(DataError):
    """The file cannot be got at: it is missing, forbidden, or the system fails. That says nothing about the picture."""


class _UnusableError(Exception):
    """A file that we refuse before Pillow does; its text is the cause."""


def _keep_pillow_silent() -> None:
    # Not catch_warnings: that swaps a global list and is not thread-safe. A filter for Pillow alone stays for good.
    if _SILENCE_PILLOW not in warnings.filters:
        warnings.filterwarnings("ignore", module=r"PIL\.")


def _lift_pillow_limit(max_pixels: int) -> None:
    # Pillow raises above twice its limit. The limit is global; it is only ever lifted, so threads cannot disagree.
    if Image.MAX_IMAGE_PIXELS is not None and max_pixels > 2 * Image.MAX_IMAGE_PIXELS:
        Image.MAX_IMAGE_PIXELS = (max_pixels + 1) // 2


def _check_size(size: tuple[int, int], max_pixels: int) -> None:
    width, height = size
    if width * height > max_pixels:
        raise _UnusableError(
            f"{width} x {height} pixels are more than the {max_pixels:,} allowed (a decompression bomb?)"
        )
    if width * height == 0:
        raise _UnusableError(f"it has no pixels ({width} x {height})")


def _cause(error: Exception) -> str:
    if isinstance(error, _UnusableError):
        return str(error)
    if isinstance(error, UnidentifiedImageError):
        return "it is not an image, or of a format that Pillow cannot read here"
    if isinstance(error, Image.DecompressionBombError):
        return f"it has too many pixels (a decompression bomb?): {_one_line(error)}"
    if isinstance(error, MemoryError):
        return "not enough memory"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return f"truncated or corrupt ({_one_line(error)})"


def _is_unreachable(error: Exception) -> bool:
    # Pillow's own complaints carry no number, and an invalid seek comes from an offset that a corrupt file gave.
    return isinstance(error, OSError) and error.errno not in (None, errno.EINVAL)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _upright(image: Image.Image) -> Image.Image:
    # Read after loading, because Pillow's TIFF reader turns the picture itself and then drops the tag.
    try:
        orientation = image.getexif().get(_ORIENTATION_TAG, 1)
    except Exception:  # a broken EXIF block says nothing about the pixels
        return image
    method = _TRANSPOSE.get(orientation) if isinstance(orientation, int) else None
    return image if method is None else image.transpose(method)


def _pixels(image: Image.Image, channels: int) -> NDArray[np.uint8]:
    if image.mode.startswith(("I", "F")):
        image = Image.fromarray(_to_8_bits(image))
    if channels != 4 and _is_transparent(image):
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    wanted = _TARGET_MODES[channels]
    if image.mode != wanted:
        image = image.convert(wanted)
    return np.array(image, dtype=np.uint8).reshape(image.height, image.width, channels)


def _is_transparent(image: Image.Image) -> bool:
    return image.mode in ("LA", "PA", "RGBA", "RGBa") or "transparency" in image.info


def _to_8_bits(image: Image.Image) -> NDArray[np.uint8]:
    values = np.asarray(image)
    if image.mode.startswith("I;16"):
        full_range: NDArray[np.uint8] = ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)
        return full_range
    values = values.astype(np.float64)
    valid = np.isfinite(values)
    low, high = (float(values[valid].min()), float(values[valid].max())) if valid.any() else (0.0, 0.0)
    # Older Pillow reads a 16-bit PNG or PGM as 32-bit integers; such a file's range is known whatever it holds.
    known_range = image.format in ("PNG", "PPM") and image.mode == "I"
    ranges = (65535.0,) if known_range else (255.0, 65535.0) if image.mode == "I" else (1.0, 255.0, 65535.0)
    top = next((top for top in ranges if low >= 0 and high <= top), None)
    if top is not None:
        low, high = 0.0, top
    span = high - low if high > low else 1.0
    scaled = np.nan_to_num((values - low) * 255.0 / span, nan=0.0, posinf=255.0, neginf=0.0)
    pixels: NDArray[np.uint8] = np.rint(scaled.clip(0.0, 255.0)).astype(np.uint8)
    return pixels
