"""Image files inside of containers: the suffix that their first bytes ask for."""

from __future__ import annotations

import os

from flowerablate.data.file_kinds import HEAD, is_avif, is_dicom, is_heif
from flowerablate.data.tree import has_image_suffix

UNKNOWN = ".bin"

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


def image_suffix(content: bytes, name: str = "") -> str:
    """Return the suffix of the image file *content*: by its first bytes, else by its *name*, else :data:`UNKNOWN`."""
    head = content[:HEAD]
    if found := next((suffix for magic, suffix in _MAGIC.items() if head.startswith(magic)), ""):
        return found
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return ".webp"
    if is_avif(head):
        return ".avif"
    if is_heif(head):
        return ".heic"
    if is_dicom(head, f"image{UNKNOWN}"):
        return ".dcm"
    return os.path.splitext(name)[1].lower() if has_image_suffix(name) else UNKNOWN  # noqa: PTH122 - no path of a file
