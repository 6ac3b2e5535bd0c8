"""Opens HEIC and HEIF files, as telephones write them, through pillow-heif, which is loaded with the first of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO

from .file_kinds import MissingDecoderError

if TYPE_CHECKING:
    from PIL import Image


def open_heif(file: BinaryIO) -> Image.Image:
    """Open the HEIF *file*; its primary image is decoded, at 8 bits and upright, when it is loaded.

    Raises :class:`MissingDecoderError` without pillow-heif.
    """
    try:
        from pillow_heif import HeifImageFile
    except ImportError:
        raise MissingDecoderError(
            "HEIC needs pillow-heif: pip install 'flowerablate[heic]', or convert such files to JPEG"
        ) from None
    opened: Callable[[BinaryIO], Image.Image] = HeifImageFile
    return opened(file)
