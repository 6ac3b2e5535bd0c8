"""Writes small DICOM files for tests, through pydicom, and finds those that pydicom brings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pydicom = pytest.importorskip("pydicom", minversion="3.0.1")

from pydicom.dataset import Dataset, FileMetaDataset  # noqa: E402
from pydicom.uid import ExplicitVRLittleEndian, generate_uid  # noqa: E402

SHIPPED = Path(pydicom.__file__).parent / "data" / "test_files"
"""The folder of the files that are inside pydicom's wheel."""

NAME = "Sekret^Zoe"
"""The name of every patient, which must not be found anywhere."""


def dataset(pixels: np.ndarray, stored: int = 16, **elements: Any) -> Dataset:
    """An image as the elements of a file: *pixels* [H, W], [frames, H, W] or [H, W, 3], of *stored* bits."""
    held, coloured = 8 * pixels.dtype.itemsize, pixels.ndim == 3 and pixels.shape[-1] == 3
    made = Dataset()
    made.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    made.SOPInstanceUID = generate_uid()
    made.PatientName, made.PatientBirthDate, made.AccessionNumber = NAME, "19000101", "ACC4711"
    made.Modality = "OT"
    made.SamplesPerPixel = 3 if coloured else 1
    if coloured:
        made.PlanarConfiguration = 0
    elif pixels.ndim == 3:
        made.NumberOfFrames = pixels.shape[0]
    made.PhotometricInterpretation = "RGB" if coloured else "MONOCHROME2"
    made.Rows, made.Columns = pixels.shape[:2] if coloured else pixels.shape[-2:]
    made.BitsAllocated, made.BitsStored = held, min(stored, held)
    made.HighBit = made.BitsStored - 1
    made.PixelRepresentation = int(pixels.dtype.kind == "i")
    made.PixelData = pixels.tobytes() + b"\0" * (pixels.nbytes % 2)
    made["PixelData"].VR = "OB" if held == 8 else "OW"
    for name, value in elements.items():
        setattr(made, name, value)
    return made


def written(path: Path, made: Dataset, *, syntax: str = ExplicitVRLittleEndian, preamble: bool = True) -> Path:
    """Write *made* to *path*, with its folder; without *preamble*, as files of before 1993 are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not preamble:
        made.save_as(path, implicit_vr=True, little_endian=True, enforce_file_format=False)
        return path
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = syntax
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    made.save_as(path, enforce_file_format=True)
    return path


def image(path: Path, pixels: np.ndarray | None = None, stored: int = 12, **elements: Any) -> Path:
    """Write a grey image of *stored* bits; see :func:`dataset`."""
    if pixels is None:
        pixels = np.arange(48, dtype=np.uint16).reshape(6, 8) * 80
    return written(path, dataset(pixels, stored, **elements))


def table(first: int, depth: int, entries: list[int]) -> Dataset:
    """A look-up table as an item of a sequence."""
    item = Dataset()
    item.add_new("LUTDescriptor", "SS" if first < 0 else "US", [len(entries), first, depth])
    item.add_new("LUTData", "US", entries)
    return item
