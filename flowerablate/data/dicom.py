"""Reads the first frame of a DICOM file through pydicom, which is loaded with the first such file.

Only the elements that say how pixels are stored and shown are read, so nothing that identifies a patient is in memory
here, nor in an error. What pydicom says of a file is not passed on for the same reason: errors have words of our own.
"""

from __future__ import annotations

import re
import warnings
import zlib
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..files import open_file
from .file_kinds import MissingDecoderError, UnusableError, check_size
from .grey_levels import LOOK_UP_TABLES, grey_levels
from .memory_share import reserve

if TYPE_CHECKING:
    from pydicom.dataset import FileDataset
    from pydicom.uid import UID

_Taken = ParamSpec("_Taken")
_Returned = TypeVar("_Returned")

_TO_SHOW = 24
"""Bytes per pixel that it takes to decode and to show an image: values as stored, and twice as float64."""

_GREY = ("MONOCHROME1", "MONOCHROME2")
_COLOUR = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
_PALETTE = "PALETTE COLOR"
_PALETTES = tuple(
    f"{kind}{colour}PaletteColorLookupTable{part}"
    for colour in ("Red", "Green", "Blue")
    for kind, part in (("", "Descriptor"), ("", "Data"), ("Segmented", "Data"))
)
_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
_OF_FRAMES = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")
_READ = (
    *("Modality", "SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration", "NumberOfFrames"),
    *("Rows", "Columns", "BitsAllocated", "BitsStored", "PixelRepresentation", "PixelPresentation"),
    *LOOK_UP_TABLES,
    *_PALETTES,
    *_OF_FRAMES,
)
"""Keywords of the elements that are read, besides the pixels."""

_DEFLATED = "1.2.840.10008.1.2.1.99"
_RLE = "1.2.840.10008.1.2.5"
_JPEG_EXTENDED = "1.2.840.10008.1.2.4.51"
_INSTALL = "pip install 'pylibjpeg[all]'"
_SILENCE = ("ignore", None, Warning, re.compile(r"pydicom\."), 0)
_BYTES_PER_PIXEL = 16
"""Bytes that a deflated file may have for each allowed pixel: three samples of 32 bits, and the header."""


def require_pydicom() -> None:
    """Load pydicom and keep it silent; raise :class:`MissingDecoderError` if it is not installed."""
    try:
        import pydicom.pixels.processing  # noqa: F401 - pydicom 3 has it, version 2 has not
    except ImportError:
        raise MissingDecoderError(
            "DICOM needs pydicom 3 or newer: pip install 'flowerablate[dicom]', or convert such files to PNG"
        ) from None
    if _SILENCE not in warnings.filters:  # not catch_warnings, which is not thread-safe
        warnings.filterwarnings("ignore", module=r"pydicom\.")


def _in_own_words(read: Callable[_Taken, _Returned]) -> Callable[_Taken, _Returned]:
    """Let *read* raise an :class:`UnusableError`, which keeps no trace of what it came from, where pydicom fails."""

    @wraps(read)
    def reading(*args: _Taken.args, **kwargs: _Taken.kwargs) -> _Returned:
        try:
            return read(*args, **kwargs)
        except (UnusableError, MissingDecoderError, MemoryError):
            raise
        except OSError as error:
            if error.errno is not None:
                raise
            cause = type(error).__name__
        except Exception as error:  # pydicom raises almost anything on malformed files
            cause = type(error).__name__
        raise UnusableError(f"it is a truncated or corrupt DICOM file ({cause})")

    return reading


@_in_own_words
def read_pixels(path: Path, bits: Literal[8, 16], max_pixels: int) -> NDArray[Any]:
    """Return the first frame of the DICOM file at *path* as a viewer shows it.

    Grey images are [H, W], uint8 or, for *bits* 16, uint16, as :func:`.grey_levels.grey_levels` says. Colour images
    (RGB, YBR, palettes) are uint8 [H, W, 3]; of more than 8 bits, the upper 8 are kept.

    Raises :class:`UnusableError` with the cause for a file without an image, with more than *max_pixels* pixels, that
    is truncated or corrupt, or of a kind that pydicom cannot read; :class:`MissingDecoderError` if a package is lacking
    that could; and OSError if the file cannot be read.
    """
    require_pydicom()
    with open_file(path) as file:
        refuse_bombs(file, path, max_pixels)
        header = _header(file)
        interpretation = str(header.get("PhotometricInterpretation", "")).strip()
        if "Rows" not in header or "Columns" not in header:
            raise UnusableError("it is a DICOM file without an image")
        check_size(int(header.Columns), int(header.Rows), max_pixels)
        reserve(int(header.Columns) * int(header.Rows) * _TO_SHOW)
        if interpretation not in (*_GREY, *_COLOUR, _PALETTE):
            raise UnusableError(f"its photometric interpretation {interpretation[:16]!a} is not supported")
        stored = _first_frame(file, header)
        if interpretation in _GREY:
            return grey_levels(stored, header, bits)
        return _colours(stored, header, interpretation)


@_in_own_words
def pillow_mode(path: Path) -> str:
    """Return Pillow's name for pixels like those of the DICOM file at *path*: L or, for more than 8 bits, I;16; RGB."""
    require_pydicom()
    with open_file(path) as file:
        header = _header(file)
        if str(header.get("PhotometricInterpretation", "")).strip() not in _GREY:
            return "RGB"
        return "I;16" if int(header.get("BitsStored", 16)) > 8 else "L"


def refuse_bombs(file: BinaryIO, path: Path, max_pixels: int) -> None:
    """Raise :class:`UnusableError` if *file*, at *path*, is deflated (PS3.5, A.5) and comes to too many bytes.

    pydicom inflates such a file as a whole. *max_pixels*: how many pixels it may have, each of some bytes.
    """
    from pydicom.filereader import read_file_meta_info

    if _DEFLATED.encode() not in file.read(4096):
        return
    meta = read_file_meta_info(path)
    if meta.get("TransferSyntaxUID") != _DEFLATED:
        return
    file.seek(132 + 12 + int(meta.FileMetaInformationGroupLength))
    limit = max_pixels * _BYTES_PER_PIXEL + (1 << 20)
    inflater, total, rest = zlib.decompressobj(-zlib.MAX_WBITS), 0, b""
    while total <= limit and not inflater.eof and (rest or (rest := file.read(1 << 16))):
        total += len(inflater.decompress(rest, 1 << 20))
        rest = inflater.unconsumed_tail
    if total > limit:
        raise UnusableError(f"it is deflated, and comes to more than {limit:,} bytes (a decompression bomb?)")


def _header(file: BinaryIO) -> FileDataset:
    """Return the elements that are read, but for the pixels; what is said of the first frame alone comes first."""
    from pydicom import dcmread

    file.seek(0)
    header = dcmread(file, stop_before_pixels=True, force=True, specific_tags=list(_READ))
    for keyword in _OF_FRAMES:
        groups = header.get(keyword)
        for name in ("PixelValueTransformationSequence", "FrameVOILUTSequence"):
            if groups and groups[0].get(name):
                header.update({each.tag: each for each in groups[0][name].value[0]})
    return header


def _first_frame(file: BinaryIO, header: FileDataset) -> NDArray[Any]:
    """Decode the first frame, [H, W] or [H, W, 3]."""
    syntax = _syntax(header)
    others = _require_decoder(syntax, int(header.get("BitsStored", 0)))
    try:
        return _decoded(file, syntax)
    except RuntimeError:  # what decodes compressed frames has failed
        if not others:
            raise
    raise UnusableError(
        f"it is truncated or corrupt, or its compression ({syntax.name}) is of a kind that needs another decoder "
        f"({_INSTALL})"
    )


def _decoded(file: BinaryIO, syntax: UID) -> NDArray[Any]:
    """Decode the first frame; of a file that keeps to the standard, only its bytes are read."""
    from pydicom import dcmread
    from pydicom.pixels.utils import pixel_array

    if syntax != _DEFLATED:
        try:
            return pixel_array(file, index=0, transfer_syntax_uid=syntax)
        except (AttributeError, KeyError, ValueError):
            pass  # elements may be encoded in another way than the file says, which reading all of it finds out
    file.seek(0)
    whole = dcmread(file, force=True, specific_tags=[*_READ, *_PIXELS])
    whole.file_meta.TransferSyntaxUID = syntax
    return pixel_array(whole, index=0)


def _syntax(header: FileDataset) -> UID:
    """Return how the pixels are encoded; of a file that does not say so, as its elements are."""
    from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

    implicit, little = header.original_encoding
    guess = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian if little else ExplicitVRBigEndian
    return UID(header.file_meta.get("TransferSyntaxUID") or guess)


def _require_decoder(syntax: UID, depth: int) -> bool:
    """Return whether there are packages that decode more of *syntax*.

    Raises :class:`UnusableError` if nothing can decode it, :class:`MissingDecoderError` if only such a package could.
    """
    from pydicom.pixels.decoders.base import get_decoder

    name = syntax.name if syntax.name != str(syntax) else "of an unknown kind"
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError:
        raise UnusableError(f"its transfer syntax ({name}) is not supported by this pydicom") from None
    complete = decoder.is_native or syntax == _RLE or "pylibjpeg" in decoder.available_plugins
    if not decoder.is_available or (not complete and syntax == _JPEG_EXTENDED and depth > 8):
        raise MissingDecoderError(
            f"its compression ({name}) needs another decoder: {_INSTALL}, or convert such files to PNG"
        )
    return not complete


def _colours(stored: NDArray[Any], header: FileDataset, interpretation: str) -> NDArray[np.uint8]:
    depth = int(header.BitsStored)
    if interpretation == _PALETTE:
        stored, depth = _through_palette(stored, header)
    if stored.ndim != 3 or stored.shape[2] < 3:
        raise UnusableError("its colours have no three samples in each pixel")
    colours = stored[..., :3]
    return np.ascontiguousarray(colours if depth == 8 else colours >> max(depth - 8, 0), dtype=np.uint8)


def _through_palette(stored: NDArray[Any], header: FileDataset) -> tuple[NDArray[Any], int]:
    """Return the colours of palette indices, [H, W, 3], and their bits (PS3.3, C.7.6.3.1.5)."""
    from pydicom.pixels.processing import apply_color_lut

    entries, first, _ = (int(each) for each in header.RedPaletteColorLookupTableDescriptor)
    entries = entries or 2**16
    # pydicom keeps indices in the type of the entries, in which large ones would come round.
    colours = apply_color_lut(np.clip(stored, first, first + entries - 1), header)
    if colours.dtype == np.uint8 and entries > 256:
        raise UnusableError(f"a palette of {entries} colours of 8 bits is not supported")
    # Some writers say 16 bits, and write 8.
    return colours, 8 if colours.dtype == np.uint8 or colours.max(initial=0) < 256 else 16
