"""The fast path for plain JPEG files: libjpeg-turbo through simplejpeg.

*Plain* covers nearly every photograph: Huffman-coded, 8 bits, grey or three colours. Any other file, and any file that
libjpeg warns about, is left to Pillow, so which files are rejected, and why, does not depend on the path. Without
scaling the pixels equal Pillow's bit for bit: both use libjpeg's accurate transform and its smooth colour upsampling.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import simplejpeg
from numpy.typing import NDArray

MAGIC = b"\xff\xd8\xff"
"""The first bytes of every JPEG file."""

_SCALES = (8, 4, 2)
"""Divisors of the size at which libjpeg decodes with less work; its other divisors save nothing."""

_MAX_SEGMENTS = 1000
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})  # baseline, extended, progressive; all Huffman-coded
_OTHER_FRAMES = frozenset(range(0xC3, 0xD0)) - {0xC4, 0xC8, 0xCC}  # lossless, hierarchical, arithmetic
_APP1, _START_OF_SCAN = 0xE1, 0xDA


@dataclass(frozen=True)
class Header:
    """The header of a plain JPEG file; *tagged*: it may hold an orientation (EXIF or XMP)."""

    height: int
    width: int
    components: int
    tagged: bool


def read_header(raw: bytes) -> Header | None:
    """Return the header of a plain JPEG file, or None for any other file."""
    frame: tuple[int, int, int] | None = None
    tagged = False
    place = 2
    for _ in range(_MAX_SEGMENTS):
        segment = raw[place : place + 10]
        if len(segment) < 10 or segment[0] != 0xFF:
            return None
        marker = segment[1]
        if marker == _START_OF_SCAN:
            return None if frame is None else Header(*frame, tagged)
        if marker in _OTHER_FRAMES:
            return None
        if marker in _FRAMES:
            precision, components = segment[4], segment[9]
            if frame is not None or precision != 8 or components not in (1, 3):
                return None
            frame = int.from_bytes(segment[5:7], "big"), int.from_bytes(segment[7:9], "big"), components
        tagged = tagged or marker == _APP1
        place += 2 + int.from_bytes(segment[2:4], "big")
    return None


def read_pixels(raw: bytes, header: Header, min_side: int | None) -> NDArray[np.uint8] | None:
    """Decode a plain JPEG file to uint8 [H, W, 1 or 3], or return None if libjpeg reports an error or a warning.

    With *min_side* the image may be decoded at 1/2, 1/4 or 1/8 of its size: see :func:`scale_for`.
    """
    scale = scale_for(header, min_side)
    try:
        pixels: NDArray[np.uint8] = simplejpeg.decode_jpeg(
            raw,
            "GRAY" if header.components == 1 else "RGB",
            fastdct=False,
            fastupsample=False,
            min_height=header.height // scale if scale > 1 else 0,
            min_width=header.width // scale if scale > 1 else 0,
            strict=True,
        )
    except ValueError:
        return None
    return pixels


def scale_for(header: Header, min_side: int | None) -> int:
    """Return the divisor of the sides: 8, 4 or 2 if the shorter side keeps *min_side* pixels, else 1.

    Both sides and the margins of the central square must be multiples of it. Otherwise pixels would shift by a fraction
    of a pixel relative to the scene, which costs five times as much accuracy as the scaling itself.
    """
    if min_side is None:
        return 1
    shorter, longer = sorted((header.height, header.width))
    for scale in _SCALES:
        aligned = shorter % scale == 0 and longer % scale == 0 and (longer - shorter) % (2 * scale) == 0
        if aligned and shorter >= scale * min_side:
            return scale
    return 1
