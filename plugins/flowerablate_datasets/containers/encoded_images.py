"""Image files inside of containers: the suffix that their first bytes ask for."""

from __future__ import annotations

import os

from flowerablate.data.file_kinds import HEAD, is_avif, is_dicom, is_heif, raster_suffix
from flowerablate.data.tree import has_image_suffix

UNKNOWN = ".bin"


def image_suffix(content: bytes, name: str = "") -> str:
    """Return the suffix of the image file *content*: by its first bytes, else by its *name*, else :data:`UNKNOWN`."""
    head = content[:HEAD]
    if found := raster_suffix(head):
        return found
    if is_avif(head):
        return ".avif"
    if is_heif(head):
        return ".heic"
    if is_dicom(head, f"image{UNKNOWN}"):
        return ".dcm"
    return os.path.splitext(name)[1].lower() if has_image_suffix(name) else UNKNOWN  # noqa: PTH122 - no path of a file
