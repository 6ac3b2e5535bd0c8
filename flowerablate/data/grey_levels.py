"""From the stored values of a grey DICOM image to what a viewer shows: PS3.3, C.11.1 (modality) and C.11.2 (window)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pydicom import Dataset

LOOK_UP_TABLES = (
    *("ModalityLUTSequence", "RescaleSlope", "RescaleIntercept", "RescaleType"),
    *("VOILUTSequence", "WindowCenter", "WindowWidth", "VOILUTFunction"),
    *("PixelPaddingValue", "PixelPaddingRangeLimit"),
)
"""Keywords of the elements that say how values are shown."""

HOUNSFIELD = (-1024.0, 3071.0)
"""Range of a CT image without a window, in Hounsfield units: the 12 bits that scanners have."""

_FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")
_TABLE_BITS = 16
_NARROW_BITS = 12


def grey_levels(stored: NDArray[Any], header: Dataset, bits: Literal[8, 16]) -> NDArray[Any]:
    """Return the *stored* values, [H, W], as grey levels: uint8, 0 to 255, or for *bits* 16 uint16, 0 to 65535.

    The values pass the modality LUT (a table, or slope and intercept), then the first VOI LUT or window of the file.
    A window maps its range to all grey levels, by its function. Without one, this range is shown:

    - CT: -1024 to 3071 Hounsfield units;
    - up to 16 bits: all values that the stored bits can hold. So it is the same for all images of a device. If a file
      claims 16 bits and no value needs more than 12, those that 12 bits can hold;
    - more than 16 bits, and floats: from the smallest to the largest value of the image.

    ``MONOCHROME1`` is inverted. Padding is black, and NaN.
    """
    whole = stored.dtype.kind in "iu"
    padding = _padding(stored, header) if whole else None
    depth = int(header.BitsStored) if whole else 0
    if not whole or depth > _TABLE_BITS:
        shown = _shown(stored, header, bits, _extremes(_modality(stored, header), padding))
    else:
        low, high = _holds(depth, bool(header.PixelRepresentation))
        stored = np.clip(stored, low, high)
        ends = _ends(stored, padding, header, (low, high))
        if stored.size <= high - low:
            shown = _shown(stored, header, bits, ends)
        else:  # each possible value once; negative ones index from the end
            values = np.concatenate([np.arange(high + 1), np.arange(low, 0)]).astype(np.int32)
            shown = _shown(values, header, bits, ends)[stored]
    if padding is not None:
        shown[padding] = 0
    return shown


def _shown(values: NDArray[Any], header: Dataset, bits: Literal[8, 16], ends: tuple[float, float]) -> NDArray[Any]:
    """Map stored *values* of any shape; *ends*: what is black and white if there is no window."""
    from pydicom.pixels.processing import apply_windowing

    white = 2**bits - 1
    values = _modality(values, header)
    if _has_voi_lut(header):
        levels = _looked_up(values, header) * white
    elif (window := _window(header, bits)) is not None:
        levels = apply_windowing(values, window)
    else:
        low, high = ends
        levels = (values - low) * (white / (high - low if high > low else 1.0))
    if str(header.PhotometricInterpretation).strip() == "MONOCHROME1":
        levels = white - levels
    levels = np.nan_to_num(levels, nan=0.0, posinf=white, neginf=0.0)
    grey: NDArray[Any] = np.rint(levels.clip(0, white)).astype(np.uint8 if bits == 8 else np.uint16)
    return grey


def _modality(values: NDArray[Any], header: Dataset) -> NDArray[Any]:
    """Return the output of the modality LUT (PS3.3, C.11.1), float64."""
    from pydicom.pixels.processing import apply_modality_lut

    if not header.get("ModalityLUTSequence") and None in (header.get("RescaleSlope"), header.get("RescaleIntercept")):
        return values.astype(np.float64)
    exact = values.astype(np.int64) if values.dtype.kind in "iu" else values
    return apply_modality_lut(exact, header).astype(np.float64)


def _holds(depth: int, signed: bool) -> tuple[int, int]:
    """Return the lowest and the highest value that *depth* bits hold."""
    return (-(2 ** (depth - 1)), 2 ** (depth - 1) - 1) if signed else (0, 2**depth - 1)


def _ends(
    stored: NDArray[Any], padding: NDArray[np.bool_] | None, header: Dataset, possible: tuple[int, int]
) -> tuple[float, float]:
    """Return what is black and white without a window, in the units of the modality LUT."""
    if header.get("ModalityLUTSequence"):
        return 0.0, float(2 ** int(header.ModalityLUTSequence[0].LUTDescriptor[2]) - 1)
    unit = str(header.get("RescaleType") or ("HU" if header.get("Modality") == "CT" else "")).strip()
    if unit == "HU" and header.get("RescaleSlope") is not None:
        return HOUNSFIELD
    if possible[1] - possible[0] + 1 == 2**_TABLE_BITS:
        low, high = _extremes(stored, padding)
        narrow = _holds(_NARROW_BITS, low < 0)
        if narrow[0] <= low and high <= narrow[1]:
            possible = narrow
    ends = _modality(np.array(possible), header)
    return float(ends.min()), float(ends.max())


def _extremes(values: NDArray[Any], padding: NDArray[np.bool_] | None) -> tuple[float, float]:
    counted = values if padding is None else values[~padding]
    counted = counted[np.isfinite(counted)]
    return (float(counted.min()), float(counted.max())) if counted.size else (0.0, 0.0)


def _padding(stored: NDArray[Any], header: Dataset) -> NDArray[np.bool_] | None:
    """Return which values are padding (PS3.3, C.7.5.1.1.2), or None if there are none."""
    if header.get("PixelPaddingValue") is None:
        return None
    limit = header.get("PixelPaddingRangeLimit")
    ends = [int(header.PixelPaddingValue), int(header.PixelPaddingValue if limit is None else limit)]
    kind = np.iinfo(stored.dtype)
    # Its type may be said wrongly: a negative value is then written as one above all that can be stored, or vice versa.
    low, high = sorted((each - kind.min) % (kind.max - kind.min + 1) + kind.min for each in ends)
    padding = (stored >= low) & (stored <= high)
    return padding if padding.any() else None


def _has_voi_lut(header: Dataset) -> bool:
    tables = header.get("VOILUTSequence")
    return bool(tables) and None not in (tables[0].get("LUTDescriptor"), tables[0].get("LUTData"))


def _looked_up(values: NDArray[np.float64], header: Dataset) -> NDArray[np.float64]:
    """Return what the first VOI LUT makes of *values* (PS3.3, C.11.2.1.1), from 0 to 1."""
    from pydicom.pixels.processing import apply_voi

    table = header.VOILUTSequence[0]
    entries, first, depth = (int(each) for each in table.LUTDescriptor)
    places = np.clip(np.rint(values), first, first + (entries or 2**16) - 1).astype(np.int32)
    # pydicom keeps places in the type of the entries, in which those above 255 would come round if that had 8 bits.
    table.LUTDescriptor = [entries, first, 16]
    looked_up: NDArray[np.float64] = apply_voi(places, header) / float(2**depth - 1)
    table.LUTDescriptor = [entries, first, depth]
    return looked_up


def _window(header: Dataset, bits: int) -> Dataset | None:
    """Return the first window, for pydicom to map to 0 to 2**bits - 1, or None if there is none that is valid."""
    from pydicom import Dataset

    centre, width = (_first(header.get(name)) for name in ("WindowCenter", "WindowWidth"))
    function = str(header.get("VOILUTFunction") or "LINEAR").strip().upper()
    if function not in _FUNCTIONS:
        function = "LINEAR"
    if not math.isfinite(centre) or not math.isfinite(width) or width <= 0:
        return None
    window = Dataset()
    window.PhotometricInterpretation = "MONOCHROME2"
    window.BitsStored, window.PixelRepresentation = bits, 0
    window.add_new("WindowCenter", "FD", centre)  # as the text that they are in files, they may be too long for pydicom
    window.add_new("WindowWidth", "FD", width)
    # LINEAR is defined from a width of 1; values of small units, such as those of PET, have narrower windows.
    window.VOILUTFunction = "LINEAR_EXACT" if function == "LINEAR" and width < 1 else function
    return window


def _first(value: Any) -> float:
    """Return the first of the numbers of an element, NaN if it has none."""
    if value is None or value == "":
        return math.nan
    return float(value if isinstance(value, int | float | str) else value[0])
