"""The C++ core: chains of image operations, fused per image, with keyed random numbers."""

from collections.abc import Mapping, Sequence
from typing import Literal, TypedDict

import numpy as np
from numpy.typing import NDArray

class ParamDeclaration(TypedDict):
    """A parameter of an op, for images of some format."""

    name: str
    meaning: str
    type: Literal["bool", "int", "float", "str", "tuple"]
    """``tuple``: of *count* numbers."""
    default: bool | int | float | str | None
    """None: the parameter must be given."""
    min: int | float | None
    max: int | float | None
    """Inclusive bounds, of each number of a tuple; None for what is no number."""
    choices: tuple[str, ...]
    """The words that a str may be; empty for other types."""
    odd: bool
    """Whether even numbers are refused; 0 is allowed where *min* is 0."""
    count: int | None
    """How many numbers a tuple has: one for each channel."""
    when: tuple[str, tuple[str, ...]] | None
    """(another parameter, its choices) with which this one is taken; elsewhere it is refused. None: always."""
    count_when: tuple[str, tuple[str, ...]] | None
    """(another parameter, its choices) with which *count* holds; elsewhere it is 1. None: always."""
    not_above: str | None
    """A parameter that must not be smaller than this one."""
    below: str | None
    """A parameter that must be larger than this one."""

class OpDeclaration(TypedDict):
    """What an op takes and draws."""

    params: tuple[ParamDeclaration, ...]
    draws: int | None
    """The maximum number of a draw, besides that of ``probability``; None: it depends on the size of the image."""
    draws_pixels: bool
    """Whether it draws numbers for single pixels, too."""
    formats: tuple[tuple[Literal["uint8", "uint16"], int], ...]
    """(dtype, channels) of the images that it takes."""
    last: bool
    """Whether it must be the last op of a chain, and needs a float output."""

class Chain:
    """Operations that take each image of a batch from its source to the output in one go.

    Each op is ``(name, params, stream)``; *stream* is the unsigned 64-bit key of the step's name, from which random ops
    draw. ``op_names()`` tells the names, ``op_params(name)`` the parameters; the table "Native ops" of
    ``docs/reference/operations.md`` is made of them. *channels* is 1, 3 or 4.

    *dtype*, ``uint8`` or ``uint16``, is that of the images. *fuse* False runs every op by itself, to check by.

    Raises ValueError or TypeError that names the op, the parameter, what it was and what is allowed.
    """

    def __init__(
        self,
        ops: Sequence[tuple[str, Mapping[str, bool | int | float | str | Sequence[int | float | str]], int]],
        channels: int,
        *,
        dtype: str = "uint8",
        fuse: bool = True,
    ) -> None: ...
    @property
    def dtype(self) -> str:
        """``uint8`` or ``uint16``: what *pixels* must be."""

    @property
    def output_dtype(self) -> str:
        """``uint8`` or ``uint16``: what *out* must be if it is not float."""

    def explain(
        self, height: int, width: int, id: int, *, seed: int, epoch: int
    ) -> list[tuple[str, bool, dict[str, bool | int | float | str | list[float]]]]:
        """Return (op, whether it is applied, the values that it drew) of each op for sample *id* of that size.

        Numbers of single pixels, such as those of noise, are not among the values; they depend on the same keys.
        """

    def output_size(self, height: int, width: int) -> tuple[int, int]:
        """Return (height, width) with which an image of that size comes out."""

    def run(
        self,
        pixels: NDArray[np.uint8] | NDArray[np.uint16],
        offsets: NDArray[np.int64],
        heights: NDArray[np.int32],
        widths: NDArray[np.int32],
        indices: NDArray[np.int64],
        ids: NDArray[np.uint64],
        out: NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.float32],
        *,
        seed: int,
        epoch: int,
        threads: int = 0,
        bfloat16: bool = False,
    ) -> None:
        """Process the images *indices* and write them to *out*, without the GIL, on *threads* threads (0: all cores).

        Image i is height x width x channels at ``pixels[offsets[i]:]``; *pixels* [values] may be a read-only map.
        *offsets*, *heights*, *widths* have one element for each stored image; *indices* and *ids* one for each of the
        batch, *ids* being the sample ids that random draws are keyed by, with *seed* (64 bits) and *epoch* (32).
        *out* is uint8 (or uint16) [B, H, W, C], or float32 [B, C, H, W] in contiguous or channels-last memory:
        x * (1/255) or x * (1/65535), then (x - mean) / std where the chain ends with ``normalize``, all in float32.
        With *bfloat16* it is uint16 [B, C, H, W] and gets the bits of these numbers as bfloat16, rounded to nearest,
        halves to even. Results do not depend on threads, the composition of the batch or the instruction set.

        Raises TypeError or ValueError, before anything is written, when an argument does not fit; an image that would
        not come out with the size of *out* is named by its index.
        """

def uniform(seed: int, stream: int, epoch: int, ids: NDArray[np.uint64], first: int, count: int) -> NDArray[np.float64]:
    """Return draws number *first* to *first + count - 1* of each sample, float64 [B, count] in [0, 1)."""

def op_names() -> list[str]:
    """Return the names of all ops, sorted."""

def op_params(name: str, channels: int = 3, dtype: str = "uint8") -> OpDeclaration:
    """Return what the op declares for images of so many channels of that dtype; the op reads its values by the same.

    Raises ValueError for an unknown name, and for channels and dtypes that there are not; TypeError for other types.
    """

def simd_path() -> str:
    """Return the instruction set in use: ``baseline``, ``avx2`` or ``avx512``; FLOWERABLATE_SIMD forces one."""

def threads() -> int:
    """Return what ``threads=0`` stands for: the number of processors that this process may use."""
