"""Steps that move pixels: resize, crops, flip and rotation, run by the native core.

Wherever a step has a ``size``, the default 0 stands for the ``image_size`` of the study.
"""

from __future__ import annotations

from flowerablate import NativeOp, Param, StepContext, StepSpec, StudyError, hookimpl
from flowerablate.contracts import Register

KIND = "geometry"

_SIZE = Param("size", 0, "side of the result in pixels; 0 means the study's image_size", low=0, high=4096)
_ANTIALIAS = Param("antialias", True, "filter before shrinking, as Pillow does; without it, shrinking is rougher")


def _probability(default: float) -> Param:
    return Param("probability", default, "share of the pictures that are changed", low=0.0, high=1.0)


@hookimpl
def flowerablate_register_step(register: Register) -> None:
    """Register the geometric steps."""
    register(
        StepSpec(
            name="resize",
            summary="Bring every picture to one size, bilinearly.",
            kind=KIND,
            params=(
                _SIZE,
                Param(
                    "fit",
                    "cover",
                    "cover: the largest centred square; stretch: the whole picture, distorted; "
                    "shorter: keep the aspect, shorter side = size",
                    choices=("cover", "stretch", "shorter"),
                ),
                _ANTIALIAS,
            ),
            build=build_resize,
        )
    )
    register(
        StepSpec(
            name="center_crop",
            summary="Cut the central square; smaller pictures are padded with zeros.",
            kind=KIND,
            params=(_SIZE,),
            build=build_center_crop,
        )
    )
    register(
        StepSpec(
            name="random_resized_crop",
            summary="Cut a random part and bring it to one size (torchvision's RandomResizedCrop).",
            kind=KIND,
            random=True,
            params=(
                _SIZE,
                Param("scale", (0.35, 1.0), "lowest and highest share of the area that is cut", low=0.01, high=1.0),
                Param("ratio", (0.75, 1.333), "lowest and highest width / height of the cut", low=0.05, high=20.0),
                _ANTIALIAS,
                Param(
                    "evaluation",
                    "resize",
                    "in evaluation, or in training without this step: resize the largest centred square, or "
                    "center_crop (for pictures stored a little larger than size)",
                    choices=("resize", "center_crop"),
                ),
            ),
            build=build_random_resized_crop,
            stand_in=build_crop_stand_in,
        )
    )
    register(
        StepSpec(
            name="horizontal_flip",
            summary="Mirror left and right at random.",
            kind=KIND,
            random=True,
            params=(_probability(0.5),),
            build=build_horizontal_flip,
        )
    )
    register(
        StepSpec(
            name="rotate",
            summary="Rotate about the centre by a random angle, bilinearly; the size stays.",
            kind=KIND,
            random=True,
            params=(
                Param("degrees", 15.0, "the angle is uniform between -degrees and +degrees", low=0.0, high=180.0),
                Param(
                    "border",
                    "reflect101",
                    "what fills the corners (constant: black; names as in OpenCV)",
                    choices=("constant", "edge", "reflect", "reflect101", "wrap"),
                ),
                _probability(1.0),
            ),
            build=build_rotate,
        )
    )


def build_resize(context: StepContext, *, size: int, fit: str, antialias: bool) -> NativeOp:
    """Return the native op; ``size`` 0 means ``context.image_size``."""
    return NativeOp("resize", {"size": _side(context, size), "fit": fit, "antialias": antialias})


def build_center_crop(context: StepContext, *, size: int) -> NativeOp:
    """Return the native op; ``size`` 0 means ``context.image_size``."""
    return NativeOp("center_crop", {"size": _side(context, size)})


def build_random_resized_crop(
    context: StepContext,
    *,
    size: int,
    scale: tuple[float, ...],
    ratio: tuple[float, ...],
    antialias: bool,
    evaluation: str,
) -> NativeOp:
    """Return the native op; raises :class:`StudyError` where scale or ratio is not a pair with the lower number first.

    *evaluation* concerns only the stand-in.
    """
    scale_low, scale_high = _pair("scale", scale, "[0.35, 1.0]")
    ratio_low, ratio_high = _pair("ratio", ratio, "[0.75, 1.333]")
    return NativeOp(
        "random_resized_crop",
        {
            "size": _side(context, size),
            "scale_low": scale_low,
            "scale_high": scale_high,
            "ratio_low": ratio_low,
            "ratio_high": ratio_high,
            "antialias": antialias,
        },
    )


def build_crop_stand_in(
    context: StepContext,
    *,
    size: int,
    scale: tuple[float, ...],
    ratio: tuple[float, ...],
    antialias: bool,
    evaluation: str,
) -> NativeOp:
    """Return what stands for the random crop where nothing is random; always exactly ``size`` pixels.

    Resizing the largest centred square shows the whole object whatever the size of the stored picture, and is the
    default. torchvision's recipes store pictures about 1.14 times larger and cut the centre, which comes closer to
    the magnification seen in training; ``evaluation = "center_crop"`` does so. Scale and ratio have no part in either.
    """
    if evaluation == "center_crop":
        return build_center_crop(context, size=size)
    return build_resize(context, size=size, fit="cover", antialias=antialias)


def build_horizontal_flip(context: StepContext, *, probability: float) -> NativeOp:
    """Return the native op."""
    return NativeOp("horizontal_flip", {"probability": probability})


def build_rotate(context: StepContext, *, degrees: float, border: str, probability: float) -> NativeOp:
    """Return the native op."""
    return NativeOp("rotate", {"degrees": degrees, "border": border, "probability": probability})


def _side(context: StepContext, size: int) -> int:
    return size or context.image_size


def _pair(name: str, values: tuple[float, ...], example: str) -> tuple[float, float]:
    if len(values) != 2 or values[0] > values[1]:
        raise StudyError(
            f"step 'random_resized_crop': {name} must be two numbers, the lower one first, such as {example}, "
            f"not {list(values)}"
        )
    return values[0], values[1]
