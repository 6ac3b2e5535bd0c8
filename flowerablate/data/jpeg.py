"""The fast way into plain JPEG files: libjpeg-turbo through simplejpeg, and nothing that it is not sure of.

*Plain* is what nearly every photograph is: Huffman-coded, 8 bits, grey or three colours. Anything else, and any file
that libjpeg warns about, is left to Pillow, so that what is refused, and why, does not depend on the way taken. Without
scaling the pixels are Pillow's to the bit: both use libjpeg's accurate transform and its smooth colour upsampling.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import simplejpeg
from numpy.typing import NDArray

MAGIC = b"\xff\xd8\xff"
"""What every JPEG file begins with."""

_SCALES = (8, 4, 2)
"""Divisors of the size at which libjpeg decodes with less work; it has others, which save nothing."""

_MOST_SEGMENTS = 1000
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})  # baseline, extended, progressive; all Huffman-coded
_OTHER_FRAMES = frozenset(range(0xC3, 0xD0)) - {0xC4, 0xC8, 0xCC}  # lossless, hierarchical, arithmetic
_APP1, _START_OF_SCAN = 0xE1, 0xDA


@dataclass(frozen=True)
class Header:
    """What a plain JPEG file says before its pixels; *tagged*: it may hold an orientation (EXIF or XMP)."""

    height: int
    width: int
    components: int
    tagged: bool


def read_header(raw: bytes) -> Header | None:
    """Return the header of a plain JPEG file, or None for any other."""
    frame: tuple[int, int, int] | None = None
    tagged = False
    place = 2
    for _ in range(_MOST_SEGMENTS):
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


def read_pixels(raw: bytes, header: Header, at_least: int | None) -> NDArray[np.uint8] | None:
    """Decode a plain JPEG file to uint8 [H, W, 1 or 3], or return None if libjpeg has anything to say against it.

    With *at_least* the image may come at 1/2, 1/4 or 1/8 of its size: see :func:`scale_for`.
    """
    scale = scale_for(header, at_least)
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


def scale_for(header: Header, at_least: int | None) -> int:
    """Return by how much the sides are divided: 8, 4 or 2, if the shorter one keeps *at_least* pixels, else 1.

    Both sides must be multiples of it, and so must the margins of the central square. Otherwise the part of the scene
    that a pixel shows would move by a fraction of a pixel, which costs five times the accuracy that the scaling does.
    """
    if at_least is None:
        return 1
    shorter, longer = sorted((header.height, header.width))
    for scale in _SCALES:
        aligned = shorter % scale == 0 and longer % scale == 0 and (longer - shorter) % (2 * scale) == 0
        if aligned and shorter >= scale * at_least:
            return scale
    return 1
