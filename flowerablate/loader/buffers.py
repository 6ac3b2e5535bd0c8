"""The memory of a batch, seen by torch as tensors and by the native core as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..errors import StudyError

DTYPES: tuple[torch.dtype, ...] = (torch.float32, torch.bfloat16, torch.uint8)
"""The dtypes of a batch's images: float32 or bfloat16 [B, C, H, W], or uint8 [B, H, W, C]."""


@dataclass(frozen=True)
class Shape:
    """The shape of a batch: images of *height* x *width* x *channels*, as *dtype*.

    *classes* is 0 if labels are int64 [B]; otherwise they are class probabilities, float32 [B, classes]. Raises
    :class:`StudyError` for a combination that is not supported.
    """

    height: int
    width: int
    channels: int
    dtype: torch.dtype
    channels_last: bool
    classes: int

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES:
            raise StudyError(f"dtype must be one of {', '.join(map(str, DTYPES))}, not {self.dtype}")
        if self.is_bytes and self.channels_last:
            raise StudyError("channels_last needs float batches; leave it out, uint8 batches are always [B, H, W, C]")
        if self.classes and self.dtype != torch.float32:
            raise StudyError("steps on whole batches need float32; leave them out, or use dtype=torch.float32")

    @property
    def is_bytes(self) -> bool:
        """Whether the images are uint8 [B, H, W, C]."""
        return self.dtype == torch.uint8

    @property
    def is_bfloat16(self) -> bool:
        """Whether the images are bfloat16, which NumPy and the native core see as uint16 bits."""
        return self.dtype == torch.bfloat16


class Buffer:
    """Memory for *count* samples: the tensors *images* and *labels*, and the same memory as arrays.

    *pin* uses page-locked memory, from which a GPU copies asynchronously; *shared* uses memory that another process can
    map, so a worker sends a batch without copying it.
    """

    def __init__(self, shape: Shape, count: int, *, pin: bool = False, shared: bool = False) -> None:
        self.images = _images(shape, count, pin, shared)
        if shape.classes:
            self.labels = _empty((count, shape.classes), torch.float32, pin, shared)
        else:
            self.labels = _empty((count,), torch.int64, pin, shared)
        self.image_array: NDArray[Any] = as_array(self.images)
        self.label_array: NDArray[Any] = self.labels.numpy()
        self.ids = np.empty(count, np.uint64)
        # Batch ops also need the labels before mixing, and room for two images.
        self.classes = np.empty(count if shape.classes else 0, np.int64)
        self.spare: NDArray[Any] = as_array(_images(shape, 2 if shape.classes else 0, False, False))


def as_array(images: torch.Tensor) -> NDArray[Any]:
    """View *images* as the array that the native core writes to; bfloat16, which NumPy lacks, as uint16 bits."""
    array: NDArray[Any] = (images.view(torch.int16) if images.dtype == torch.bfloat16 else images).numpy()
    return array.view(np.uint16) if images.dtype == torch.bfloat16 else array


def _images(shape: Shape, count: int, pin: bool, shared: bool) -> torch.Tensor:
    if shape.is_bytes or shape.channels_last:
        rows = _empty((count, shape.height, shape.width, shape.channels), shape.dtype, pin, shared)
        return rows if shape.is_bytes else rows.permute(0, 3, 1, 2)
    return _empty((count, shape.channels, shape.height, shape.width), shape.dtype, pin, shared)


def _empty(shape: tuple[int, ...], dtype: torch.dtype, pin: bool, shared: bool) -> torch.Tensor:
    if not shared:
        return torch.empty(shape, dtype=dtype, pin_memory=pin)
    # Tensor.share_memory_ would copy the uninitialised memory.
    storage = torch.UntypedStorage._new_shared(prod(shape) * dtype.itemsize, device="cpu")  # type: ignore[no-untyped-call]
    return torch.empty(0, dtype=dtype).set_(storage, 0, shape)  # type: ignore[call-overload, no-any-return]
