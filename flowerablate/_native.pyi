"""The C++ core: chains of image operations, fused per picture, with keyed random numbers."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

class Chain:
    """Operations that take each picture of a batch from its source to the output in one go.

    Each op is ``(name, params, stream)``; *stream* is the unsigned 64-bit key of the step's name, from which random ops
    draw. Sizes are in pixels and square. Parameters must be given, but for those with a default, which stands in
    brackets. Ops and their parameters:

    - ``resize``: size, fit (``cover``: largest centred square, ``stretch``: whole picture, ``shorter``: shorter
      side = size), interpolation (``bilinear``, the default, ``bicubic``, ``area``, ``nearest``), antialias (bool; not
      for area and nearest)
    - ``center_crop``: size; smaller pictures are padded with zeros
    - ``random_crop``: size, padding (0), border (constant), fill (0)
    - ``random_resized_crop``: size, scale_low, scale_high, ratio_low, ratio_high, interpolation, antialias
    - ``pad``: pixels (0), to_size (0), border (constant), fill (0)
    - ``horizontal_flip``, ``vertical_flip``
    - ``rotate``: degrees (0 to 360: the angle is uniform between -degrees and degrees), border (``constant``, ``edge``,
      ``reflect``, ``reflect101``, ``wrap``), and, as all warps, interpolation (``bilinear``, the default, or
      ``nearest``) and fill (0: the value of a constant border)
    - ``affine``: degrees_low, degrees_high (0; counter-clockwise), scale_low, scale_high (1), shift_x_low,
      shift_x_high, shift_y_low, shift_y_high (0; shares of width and height), shear_x_low, shear_x_high, shear_y_low,
      shear_y_high (0; degrees), border, interpolation, fill
    - ``perspective``: distortion 0 to 1, border, interpolation, fill
    - ``elastic``: alpha (0 to 10000; how far noise of single pixels, smoothed, moves them), sigma (0.5 to 200 pixels),
      border, interpolation, fill
    - ``brightness_contrast``: brightness (largest shift, in shares of the full range), contrast (largest change of the
      factor 1), both 0 to 10
    - ``brightness``, ``contrast``, ``saturation``: low, high (factors 0 to 10); ``hue``: low, high (-0.5 to 0.5 turns)
    - ``color_jitter``: brightness, contrast, saturation (largest change of the factor 1), hue (largest shift in turns)
    - ``hsv_jitter``: hue (0 to 90; 180 is a turn), saturation, value (0 to 255): largest shifts
    - ``grey``; ``invert``; ``channel_shuffle``; ``single_channel``: channel (0 red, 1 green, 2 blue)
    - ``posterize``: bits_low, bits_high (1 to 8); ``solarize``: threshold_low, threshold_high (0 to 256)
    - ``rand_augment``: ops (1 to 8, in a row), magnitude (0 to 30), geometry, color, sharpness, histogram (bool:
      whether such ops are drawn); ``trivial_augment``: geometry, color, sharpness, histogram
    - ``morphology``: op (``erode``, ``dilate``, ``open``, ``close``, ``gradient``, ``tophat``, ``blackhat``), size 1 to
      63, shape (``rectangle``, ``cross``, ``ellipse``, ``disk``), iterations 1 to 16 [1], on (``channels``,
      ``luminance``) [channels], border (``neutral``, ``constant``, ``edge``, ``reflect``, ``reflect101``) [neutral],
      border_value, with ``constant`` only [0]
    - ``threshold``: value (one number for each channel, or one where a channel decides), channel (``each``, ``0`` to
      ``3``) [each], mode (``binary``, ``binary_inv``, ``truncate``, ``tozero``, ``tozero_inv``) [binary], output
      (``binary``, ``mask``) [binary]
    - ``otsu``: on (``luminance``, ``channels``) [luminance], mode [binary], output [binary]
    - ``adaptive_threshold``: method (``mean``, ``gaussian``), block_size odd, 3 to 127, c -255 to 255, on [luminance],
      mode (``binary``, ``binary_inv``) [binary], output [binary]; 8 bits only
    - ``to_8_bits``: low, high (0 to 65535): that window becomes 0 to 255; gives uint8. 8-bit values count as 257 times
      theirs
    - ``min_max``: per_channel (bool); ``percentile_stretch``: low, high (percent), per_channel. To the full range,
      rounded; a flat channel stays
    - ``equalize``: formula (``opencv``, ``pillow``; 16 bits: opencv only), on (``channels``, ``luminance``: Y of YCrCb)
    - ``clahe``: clip_limit (0: none), rows, columns (1 to 64) of tiles; on L of Lab of colour pictures, uint8 only
    - ``gamma``: gamma (0.01 to 100), gain (0 to 100)
    - ``random_gamma``: low, high (0.01 to 100), between which log(gamma) is uniform
    - ``box_blur``: size 1 to 63; mean of a square window
    - ``gaussian_blur``: size (odd to 63, 0: from sigma, but 63 at most), sigma (to 100 pixels, 0: from the size)
    - ``random_gaussian_blur``: size (odd to 63, 0: from the drawn sigma), sigma_low, sigma_high
    - ``median_blur``: size, odd to 63 (16 bits: to 5)
    - ``unsharp``: size, sigma (as ``gaussian_blur``), amount (0 to 100), threshold (0 to 255)
    - ``sharpness``: low, high (of the factor, 0 to 100; 0: smoothed, 1: unchanged)
    - ``sobel``: size (1, 3, 5, 7), output (``magnitude``, ``x``, ``y``)
    - ``gaussian_noise``: std_low, std_high (shares of the full range), per_channel (bool)
    - ``salt_and_pepper``: amount (share of the pixels), salt_share (of these), per_channel (bool)
    - ``random_erasing``: scale_low, scale_high, ratio_low, ratio_high, fill (``noise``, ``mean``, ``constant``), value
      (share of the full range, for ``constant``)
    - ``cutout``: holes 1 to 64, size (pixels, 0: from share), share (of the shorter side), fill, value
    - ``normalize``: mean, std (one number for each channel); must be last, and needs a float output
    - ``standardize``: per_channel (bool): by mean and standard deviation of the picture itself; must be last, too

    Every op but the last two takes ``probability`` as well (default 1): the share of pictures that it is applied to.
    Ops that change the size do not, except ``random_resized_crop``, which then takes the largest centred square.

    *dtype*, ``uint8`` or ``uint16``, is that of the pictures. *fuse* False runs every op by itself, to check by.

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
        """Return (height, width) with which a picture of that size comes out."""

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
        """Process the pictures *indices* and write them to *out*, without the GIL, on *threads* threads (0: all cores).

        Picture i is height x width x channels at ``pixels[offsets[i]:]``; *pixels* [values] may be a read-only map.
        *offsets*, *heights*, *widths* have one element for each stored picture; *indices* and *ids* one for each of the
        batch, *ids* being the sample ids that random draws are keyed by, with *seed* (64 bits) and *epoch* (32).
        *out* is uint8 (or uint16) [B, H, W, C], or float32 [B, C, H, W] in contiguous or channels-last memory:
        x * (1/255) or x * (1/65535), then (x - mean) / std where the chain ends with ``normalize``, all in float32.
        With *bfloat16* it is uint16 [B, C, H, W] and gets the bits of these numbers as bfloat16, rounded to nearest,
        halves to even. Results do not depend on threads, the composition of the batch or the instruction set.

        Raises TypeError or ValueError, before anything is written, when an argument does not fit; a picture that would
        not come out with the size of *out* is named by its index.
        """

def uniform(seed: int, stream: int, epoch: int, ids: NDArray[np.uint64], first: int, count: int) -> NDArray[np.float64]:
    """Return draws number *first* to *first + count - 1* of each sample, float64 [B, count] in [0, 1)."""

def op_names() -> list[str]:
    """Return the names of all ops, sorted."""

def simd_path() -> str:
    """Return the instruction set in use: ``baseline``, ``avx2`` or ``avx512``; FLOWERABLATE_SIMD forces one."""

def threads() -> int:
    """Return what ``threads=0`` stands for: the number of processors that this process may use."""
