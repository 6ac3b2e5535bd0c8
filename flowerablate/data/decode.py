"""Decodes an image file of any mode and format that Pillow reads, DICOM and HEIC, with one clear error for all others.

Plain JPEG files take a faster path (:mod:`.jpeg`) to the same pixels; Pillow reads all others and decides what to
reject. DICOM and HEIC have libraries of their own (:mod:`.dicom`, :mod:`.heif`). Warnings of these libraries are never
printed, and any number of threads may decode concurrently. (libtiff, which Pillow calls for compressed TIFF files,
writes a line to stderr when such a file is corrupt; Pillow cannot turn that off.)
"""

from __future__ import annotations

import errno
import io
import logging
import re
import warnings
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError, features

from ..errors import DataError, message_of
from ..files import open_file
from . import dicom, jpeg
from .file_kinds import HEAD, MissingDecoderError, UnusableError, check_size, is_avif, is_dicom, is_heif
from .heif import open_heif
from .memory_share import reserve

Bits: TypeAlias = Literal[8, 16]

MAX_PIXELS = 178_956_970
"""Width times height above which a file counts as a decompression bomb; Pillow raises at the same size."""

_TO_LOAD, _TO_LOAD_OTHERS = {"WEBP": 20, "JPEG2000": 16, "AVIF": 12}, 5
"""Bytes per pixel that Pillow takes to load a file: four in most modes, and what the reader of its format needs."""

_AT_ONCE = 1 << 22
"""Pixels of an image above which it is converted in strips."""

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

# Without a handler, Pillow's log records about malformed files would reach stderr through logging.lastResort.
logging.getLogger("PIL").addHandler(logging.NullHandler())


@overload
def decode(
    path: Path,
    channels: int,
    *,
    bits: Literal[8] = 8,
    min_side: int | None = None,
    max_pixels: int = MAX_PIXELS,
) -> NDArray[np.uint8]: ...
@overload
def decode(
    path: Path, channels: int, *, bits: Bits, min_side: int | None = None, max_pixels: int = MAX_PIXELS
) -> NDArray[Any]: ...
def decode(
    path: Path, channels: int, *, bits: Bits = 8, min_side: int | None = None, max_pixels: int = MAX_PIXELS
) -> NDArray[Any]:
    """Read the image at *path* as [H, W, *channels*] (1 grey, 3 RGB, 4 RGBA), writable and contiguous.

    *bits* 8 returns uint8, 16 returns uint16. The EXIF orientation is applied. Transparent pixels are blended with
    white, as in most viewers, unless *channels* is 4. CMYK is converted without its colour profile. For an animation or
    a multi-page file the first image is used. 16-bit grey keeps its values at 16 bits and is divided by 257 at 8 bits,
    so its full range becomes 0..255; 8-bit images are multiplied by 257 at 16 bits (16-bit colour too: Pillow reads
    its upper 8 bits). Integer and float images of 32 bits are read as 0..1 (float only), 0..255 or 0..65535, the first
    of these that holds all their values; if none does, they are stretched from their minimum to their maximum. NaN
    becomes black. DICOM is shown as a viewer shows it: see :func:`.dicom.read_pixels`.

    *min_side*, for images that are shrunk afterwards: a plain JPEG whose sides are divisible may be decoded at 1/2, 1/4
    or 1/8 of its size, which is faster, as long as its shorter side keeps *min_side* pixels. Other files are decoded at
    full size.

    Raises :class:`DataError` with one line that names the file, the cause and the cure if the file is empty, truncated,
    corrupt, not an image, or has more than *max_pixels* pixels; its subclass :class:`UnreachableError` if it is
    missing, cannot be opened, or needs a package that is not installed.
    """
    if channels not in _TARGET_MODES:
        raise ValueError(f"channels must be 1, 3 or 4, not {channels}")
    if bits not in (8, 16):
        raise ValueError(f"bits must be 8 or 16, not {bits}")
    if min_side is not None and min_side < 1:
        raise ValueError(f"min_side must be 1 or more, not {min_side}")
    _keep_pillow_silent()
    _lift_pillow_limit(max_pixels)
    try:
        head, pixels = _plain_jpeg(path, channels, min_side, max_pixels)
        if pixels is not None:
            return _deepened(pixels, bits)
        if is_dicom(head, path.name):
            return _shown(dicom.read_pixels(path, bits, max_pixels), channels, bits)
        with open_file(path) as file, _opened(file, head) as image:
            check_size(*image.size, max_pixels)
            to_load = _TO_LOAD.get(image.format or "", _TO_LOAD_OTHERS)
            reserve(image.width * image.height * (to_load + channels * bits // 8))
            image.load()
            return _pixels(_upright(image), channels, bits)
    except MissingDecoderError as error:
        raise UnreachableError(f"cannot read image {path}: {error}") from None
    except Exception as error:  # Pillow's readers raise almost anything on malformed input
        if _is_unreachable(error):
            raise UnreachableError(
                f"cannot read image {path}: {_cause(error)}; check that it exists and is readable"
            ) from error
        raise DataError(
            f"cannot read image {path}: {_cause(error)}; repair or remove it, or skip such files (skip-bad)"
        ) from error


def stored_as(path: Path) -> tuple[str, dict[int, Any]]:
    """Return Pillow's name for the pixel format of the file at *path*, such as ``RGB``, and its JPEG tables, if any.

    Raises :class:`DataError` as :func:`decode` does, and what Pillow raises.
    """
    with open_file(path) as file:
        head = file.read(HEAD)
    try:
        if is_dicom(head, path.name):
            return dicom.pillow_mode(path), {}
        with open_file(path) as file, _opened(file, head) as image:
            return image.mode, getattr(image, "quantization", {})
    except MissingDecoderError as error:
        raise UnreachableError(f"cannot read image {path}: {error}") from None
    except UnusableError as error:
        raise DataError(f"cannot read image {path}: {error}") from None


class UnreachableError(DataError):
    """The file cannot be accessed: it is missing, forbidden, the system failed, or no package is there that decodes it.

    The image itself may be fine.
    """


def _opened(file: BinaryIO, head: bytes) -> Image.Image:
    if is_heif(head):
        return open_heif(file)
    if is_avif(head) and not ("avif" in features.modules and features.check("avif")):
        raise MissingDecoderError("AVIF needs Pillow 11.3 or newer: pip install --upgrade pillow")
    return Image.open(file)


def _plain_jpeg(
    path: Path, channels: int, min_side: int | None, max_pixels: int
) -> tuple[bytes, NDArray[np.uint8] | None]:
    """Return how the file begins, and of a plain JPEG its pixels, uint8 [H, W, channels]; None for any other file."""
    with open_file(path) as file:
        head = file.read(HEAD)
        if not head:
            raise UnusableError("the file is empty")
        if not head.startswith(jpeg.MAGIC):
            return head, None
        raw = head + file.read()
    return head, _of_jpeg(raw, channels, min_side, max_pixels)


def _of_jpeg(raw: bytes, channels: int, min_side: int | None, max_pixels: int) -> NDArray[np.uint8] | None:
    header = jpeg.read_header(raw)
    if header is None or not 0 < header.height * header.width <= max_pixels:
        return None
    method = None
    if header.tagged:
        with Image.open(io.BytesIO(raw)) as image:
            method = _turn(image)
    reserve(header.height * header.width * (header.components + channels) // jpeg.scale_for(header, min_side) ** 2)
    pixels = jpeg.read_pixels(raw, header, min_side)
    if pixels is None or (method is None and pixels.shape[2] == channels):
        return pixels
    stored = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    return _pixels(stored if method is None else stored.transpose(method), channels, 8)


def _keep_pillow_silent() -> None:
    # Not catch_warnings, which swaps a global list and is not thread-safe. A filter for Pillow alone stays installed.
    if _SILENCE_PILLOW not in warnings.filters:
        warnings.filterwarnings("ignore", module=r"PIL\.")


def _lift_pillow_limit(max_pixels: int) -> None:
    # Pillow raises above twice its limit. The limit is global; it is only ever raised, so threads cannot conflict.
    if Image.MAX_IMAGE_PIXELS is not None and max_pixels > 2 * Image.MAX_IMAGE_PIXELS:
        Image.MAX_IMAGE_PIXELS = (max_pixels + 1) // 2


def _cause(error: Exception) -> str:
    if isinstance(error, UnusableError):
        return str(error)
    if isinstance(error, UnidentifiedImageError):
        return "it is not an image, or its format is not supported by this Pillow"
    if isinstance(error, Image.DecompressionBombError):
        return f"it has too many pixels (a decompression bomb?): {message_of(error)}"
    if isinstance(error, MemoryError):
        return "not enough memory"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return f"truncated or corrupt ({message_of(error)})"


def _is_unreachable(error: Exception) -> bool:
    # Pillow's own errors carry no errno, and an invalid seek comes from an offset in a corrupt file.
    return isinstance(error, OSError) and error.errno not in (None, errno.EINVAL)


def _turn(image: Image.Image) -> Image.Transpose | None:
    try:
        orientation = image.getexif().get(_ORIENTATION_TAG, 1)
    except Exception:  # a broken EXIF block says nothing about the pixels
        return None
    return _TRANSPOSE.get(orientation) if isinstance(orientation, int) else None


def _upright(image: Image.Image) -> Image.Image:
    # Read after loading, because Pillow's TIFF reader turns the image itself and then drops the tag.
    method = _turn(image)
    return image if method is None else image.transpose(method)


def _pixels(image: Image.Image, channels: int, bits: Bits) -> NDArray[Any]:
    if image.mode.startswith(("I", "F")):
        grey = _full_range(image, bits)
        if bits == 16:
            return _as_channels(grey, channels)
        image = Image.fromarray(grey)
    rows = max(1, _AT_ONCE // image.width)
    if rows >= image.height:
        return _deepened(_converted(image, channels), bits)
    pixels = np.empty((image.height, image.width, channels), np.uint8 if bits == 8 else np.uint16)
    for top in range(0, image.height, rows):  # a conversion of the whole would take its memory several times
        strip = image.crop((0, top, image.width, min(top + rows, image.height)))
        pixels[top : top + rows] = _deepened(_converted(strip, channels), bits)
    return pixels


def _converted(image: Image.Image, channels: int) -> NDArray[np.uint8]:
    if channels != 4 and _is_transparent(image):
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    wanted = _TARGET_MODES[channels]
    if image.mode != wanted:
        image = image.convert(wanted)
    return np.array(image, dtype=np.uint8).reshape(image.height, image.width, channels)


def _shown(pixels: NDArray[Any], channels: int, bits: Bits) -> NDArray[Any]:
    """Bring what a reader shows, grey [H, W] at *bits* bits or colour [H, W, 3] at 8, to *channels* and *bits*."""
    if pixels.ndim == 2 and bits == 16:
        return _as_channels(pixels, channels)
    return _pixels(Image.fromarray(pixels), channels, bits)


def _deepened(pixels: NDArray[np.uint8], bits: Bits) -> NDArray[Any]:
    return pixels if bits == 8 else pixels * np.uint16(257)


def _as_channels(grey: NDArray[np.uint16], channels: int) -> NDArray[np.uint16]:
    pixels = np.repeat(grey[..., None], channels, axis=2)
    if channels == 4:
        pixels[..., 3] = 65535
    return pixels


def _is_transparent(image: Image.Image) -> bool:
    return image.mode in ("LA", "PA", "RGBA", "RGBa") or "transparency" in image.info


def _full_range(image: Image.Image, bits: Bits) -> NDArray[Any]:
    """Scale grey values of more than 8 bits to 0..255 or 0..65535; [H, W]."""
    values = np.asarray(image)
    dtype, white = (np.uint8, 255.0) if bits == 8 else (np.uint16, 65535.0)
    if image.mode.startswith("I;16"):
        return values.astype(np.uint16) if bits == 16 else ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)
    values = values.astype(np.float64)
    valid = np.isfinite(values)
    low, high = (float(values[valid].min()), float(values[valid].max())) if valid.any() else (0.0, 0.0)
    # Older Pillow reads a 16-bit PNG or PGM as 32-bit integers; the range of such a file is known.
    known_range = image.format in ("PNG", "PPM") and image.mode == "I"
    ranges = (65535.0,) if known_range else (255.0, 65535.0) if image.mode == "I" else (1.0, 255.0, 65535.0)
    top = next((top for top in ranges if low >= 0 and high <= top), None)
    if top is not None:
        low, high = 0.0, top
    span = high - low if high > low else 1.0
    scaled = np.nan_to_num((values - low) * white / span, nan=0.0, posinf=white, neginf=0.0)
    pixels: NDArray[Any] = np.rint(scaled.clip(0.0, white)).astype(dtype)
    return pixels
