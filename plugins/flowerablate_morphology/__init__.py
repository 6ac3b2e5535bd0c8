"""Erosion, dilation, opening and closing, run by the native core and equal to OpenCV's bit for bit.

``morphology`` is one step whose operation is a parameter; ``erode``, ``dilate``, ``open`` and ``close`` are the same
operations under their own names. All are of the kind ``morphology``, so that a study can disable them as one.
"""

from __future__ import annotations

from functools import partial

from flowerablate import NativeOp, Param, StepContext, StepSpec, StudyError, hookimpl
from flowerablate.contracts import Register

KIND = "morphology"

_OPERATIONS = {
    "erode": "Erosion: each pixel becomes the minimum under the element; bright specks vanish.",
    "dilate": "Dilation: each pixel becomes the maximum under the element; dark specks vanish.",
    "open": "Opening, erosion then dilation: removes bright details smaller than the element.",
    "close": "Closing, dilation then erosion: removes dark details smaller than the element.",
}

_SIZE = Param("size", 3, "side of the structuring element in pixels", low=1, high=63)
_SHAPE = Param(
    "shape",
    "rectangle",
    "shape of the structuring element: ellipse is OpenCV's, disk scikit-image's (odd sizes only)",
    choices=("rectangle", "cross", "ellipse", "disk"),
)


@hookimpl
def flowerablate_register_step(register: Register) -> None:
    """Register ``morphology`` and its four operations."""
    register(
        StepSpec(
            name="morphology",
            summary="Erosion, dilation, opening or closing with a flat structuring element.",
            kind=KIND,
            params=(
                Param("op", "open", "the operation; opening removes bright specks", choices=tuple(_OPERATIONS)),
                _SIZE,
                _SHAPE,
            ),
            build=build_morphology,
        )
    )
    for op, summary in _OPERATIONS.items():
        register(
            StepSpec(
                name=op, summary=summary, kind=KIND, params=(_SIZE, _SHAPE), build=partial(build_morphology, op=op)
            )
        )


def build_morphology(context: StepContext, *, op: str, size: int, shape: str) -> NativeOp:
    """Return the native op; raises :class:`StudyError` for a disk of even size, which has no centre pixel."""
    if shape == "disk" and size % 2 == 0:
        raise StudyError(f"step {op!r}: a disk needs an odd size, not {size}; use {size + 1}, or shape 'ellipse'")
    return NativeOp("morphology", {"op": op, "size": size, "shape": shape})
