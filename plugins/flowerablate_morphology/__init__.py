"""Erosion, dilation and their combinations, run by the native core and equal to OpenCV's bit for bit.

With elements of even size, openings, closings and hats are those of OpenCV where ``anchor`` is ``opencv``; by default
they do not shift the image.

``morphology`` is one step whose operation is a parameter; ``erode``, ``dilate``, ``open``, ``close``, ``gradient``,
``tophat`` and ``blackhat`` are the same operations under their own names. All are of the kind ``morphology``, so that a
study can disable them together.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import flowerablate as fa

if TYPE_CHECKING:
    from flowerablate.contracts import Register

KIND = "morphology"

_OPERATIONS = {
    "erode": "Erosion: each pixel becomes the minimum under the element; bright specks vanish.",
    "dilate": "Dilation: each pixel becomes the maximum under the element; dark specks vanish.",
    "open": "Opening, erosion then dilation: removes bright details smaller than the element.",
    "close": "Closing, dilation then erosion: removes dark details smaller than the element.",
    "gradient": "Morphological gradient, dilation minus erosion: shows outlines.",
    "tophat": "Top-hat, the image minus its opening: keeps bright details smaller than the element.",
    "blackhat": "Black-hat, the closing minus the image: keeps dark details smaller than the element.",
}

_TWICE = ("open", "close", "tophat", "blackhat")
"""Operations of two passes."""

_ANCHOR = fa.Param(
    "anchor",
    "centered",
    "of even sizes, in openings, closings and hats: centered keeps the image in place; opencv shifts it by a pixel",
    choices=("centered", "opencv"),
)

_PARAMS = (
    fa.Param("size", 3, "side of the structuring element in pixels", low=1, high=63),
    fa.Param(
        "shape",
        "rectangle",
        "shape of the structuring element: ellipse is OpenCV's, disk scikit-image's (odd sizes only)",
        choices=("rectangle", "cross", "ellipse", "disk"),
    ),
    fa.Param(
        "iterations", 1, "number of repetitions; two of opening are two erosions, then two dilations", low=1, high=16
    ),
    fa.Param(
        "on",
        "channels",
        "each channel separately, or the luminance, whose change is then added to red, green and blue",
        choices=("channels", "luminance"),
    ),
    fa.Param(
        "border",
        "neutral",
        "what lies outside the image: nothing, border_value, or the image repeated or mirrored (reflect101: "
        "without its edge)",
        choices=("neutral", "constant", "edge", "reflect", "reflect101"),
    ),
    fa.Param(
        "border_value", 0, "value outside the image, for border 'constant'; 255 is white (65535 with 16 bits)", low=0
    ),
    fa.Param.probability(random=False),
)


@fa.hookimpl
def flowerablate_register(register: Register) -> None:
    """Register ``morphology`` and its operations."""
    register(
        fa.StepSpec(
            name="morphology",
            summary="Erosion, dilation, opening, closing, gradient or hats with a flat structuring element.",
            kind=KIND,
            params=(
                fa.Param("op", "open", "the operation; opening removes bright specks", choices=tuple(_OPERATIONS)),
                *_PARAMS,
                _ANCHOR,
            ),
            build=build_morphology,
        )
    )
    for op, summary in _OPERATIONS.items():
        params = (*_PARAMS, _ANCHOR) if op in _TWICE else _PARAMS
        register(
            fa.StepSpec(name=op, summary=summary, kind=KIND, params=params, build=partial(build_morphology, op=op))
        )


def build_morphology(
    context: fa.StepContext,
    *,
    op: str,
    size: int,
    shape: str,
    border: str,
    border_value: int,
    anchor: str = "centered",
    **others: Any,
) -> fa.NativeOp:
    """Return the native op.

    Raises :class:`StudyError` for a disk of even size, which has no centre pixel, and for a ``border_value`` that the
    border, or an ``anchor`` that the operation does not use.
    """
    if shape == "disk" and size % 2 == 0:
        raise fa.StudyError(f"step {op!r}: a disk needs an odd size, not {size}; use {size + 1}, or shape 'ellipse'")
    if border != "constant" and border_value != 0:
        raise fa.StudyError(
            f"step {op!r}: border_value is for border 'constant', not {border!r}; change border or remove it"
        )
    params = {"op": op, "size": size, "shape": shape, "border": border, **others}
    if border == "constant":
        params["border_value"] = border_value
    if anchor != "centered":
        if op not in _TWICE:
            raise fa.StudyError(f"step {op!r}: anchor is for {', '.join(_TWICE)}; remove it")
        params["anchor"] = anchor
    return fa.NativeOp("morphology", params)
