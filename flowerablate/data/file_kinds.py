"""Tells by its first bytes which reader a file needs, and how readers say that they cannot use it."""

from __future__ import annotations

import os

HEAD = 132
"""Bytes from the beginning of a file that tell its kind."""

DICOM_SUFFIXES = frozenset({".dcm", ".dicom", ".ima"})
"""Suffixes of DICOM files, in lower case with the dot."""

_MAGIC = {
    b"\xff\xd8\xff": ".jpg",
    b"\x89PNG\r\n": ".png",
    b"GIF8": ".gif",
    b"BM": ".bmp",
    b"II*\0": ".tif",
    b"MM\0*": ".tif",
    b"\0\0\0\x0cjP  ": ".jp2",
    b"\xff\x4f\xff\x51": ".j2k",
}
_TIFF = (b"II*\0", b"MM\0*")
_HEVC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_COMMON_BRANDS = frozenset({b"mif1", b"msf1"})
_AVIF_BRANDS = frozenset({b"avif", b"avis"})


class UnusableError(Exception):
    """A file that a reader rejects; the message is the cause, without the cure."""


class MissingDecoderError(Exception):
    """A file that may be fine, but what decodes it is not installed; the message is the cause and the cure."""


def check_size(width: int, height: int, max_pixels: int) -> None:
    """Raise :class:`UnusableError` for an image without pixels, or with more than *max_pixels*."""
    if width * height > max_pixels:
        raise UnusableError(f"{width} x {height} pixels exceed the {max_pixels:,} allowed (a decompression bomb?)")
    if width * height == 0:
        raise UnusableError(f"it has no pixels ({width} x {height})")


def may_be_dicom(name: str) -> bool:
    """Whether a file of that *name* may be DICOM: by its suffix, or as it has none, or a number, such as a UID's."""
    suffix = os.path.splitext(name)[1].lower()  # noqa: PTH122 - a Path per file is slow
    return suffix in DICOM_SUFFIXES or not suffix or suffix[1:].isdecimal()


def is_dicom(head: bytes, name: str) -> bool:
    """Whether a file that begins with *head* (:data:`HEAD` bytes) is DICOM.

    Files have a preamble and ``DICM`` (PS3.10, 7.1). Two kinds count only if *name* may be that of a DICOM file: old
    ones without a preamble, which begin with an element of group 2 or 8, and those whose preamble makes them TIFF too.
    """
    if head[128:132] == b"DICM" and not head.startswith(_TIFF):
        return True
    return may_be_dicom(name) and (head[128:132] == b"DICM" or _begins_with_element(head))


def raster_suffix(head: bytes) -> str:
    """Return the usual suffix of a file that begins with *head*, of those that need no package; empty for others."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return ".webp"
    return next((suffix for magic, suffix in _MAGIC.items() if head.startswith(magic)), "")


def is_heif(head: bytes) -> bool:
    """Whether a file that begins with *head* is HEIF with HEVC, as HEIC is; AVIF is not."""
    brand = _brand(head)
    return brand in _HEVC_BRANDS or (brand in _COMMON_BRANDS and not _is_compatible_with_avif(head))


def is_avif(head: bytes) -> bool:
    """Whether a file that begins with *head* is AVIF."""
    brand = _brand(head)
    return brand in _AVIF_BRANDS or (brand in _COMMON_BRANDS and _is_compatible_with_avif(head))


def _begins_with_element(head: bytes) -> bool:
    """Whether *head* is that of an element (PS3.5, 7.1) of group 2 or 8, in either byte order, of up to 64 KiB."""
    if len(head) < 8 or head[:2] not in (b"\x02\0", b"\x08\0", b"\0\x08"):
        return False
    explicit = head[4:6].isalpha() and head[4:6].isupper()
    return explicit or (head[1] == 0 and head[6:8] == b"\0\0")


def _brand(head: bytes) -> bytes:
    return head[8:12] if head[4:8] == b"ftyp" else b""


def _is_compatible_with_avif(head: bytes) -> bool:
    end = int.from_bytes(head[:4], "big")
    return any(head[start : start + 4] in _AVIF_BRANDS for start in range(16, min(end, len(head)), 4))
