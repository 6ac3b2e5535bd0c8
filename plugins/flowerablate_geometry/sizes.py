"""Steps that change the image size: resize, crops and padding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import flowerablate as fa

if TYPE_CHECKING:
    from flowerablate.contracts import Value

KIND = "geometry"

_SIZE = fa.Param("size", 0, "side of the result in pixels; 0 means the study's image_size", low=0, high=4096)
_INTERPOLATION = fa.Param(
    "interpolation",
    "bilinear",
    "bilinear, bicubic (Pillow's), area (OpenCV's INTER_AREA) or nearest",
    choices=("bilinear", "bicubic", "area", "nearest"),
)
_ANTIALIAS = fa.Param(
    "antialias",
    True,
    "bilinear and bicubic: filter before shrinking, as Pillow does, which avoids aliasing; "
    "area always filters, nearest never does",
)
_BORDER = (
    fa.Param(
        "border",
        "constant",
        "what surrounds an image (names as in OpenCV)",
        choices=("constant", "edge", "reflect", "reflect101", "wrap"),
    ),
    fa.Param("fill", 0.0, "value of a constant border; 16-bit images need values up to 65535", low=0.0, high=65535.0),
)


def build_resize(context: fa.StepContext, *, size: int, fit: str, interpolation: str, antialias: bool) -> fa.NativeOp:
    """Return the native op; ``size`` 0 means ``context.image_size``."""
    return fa.NativeOp("resize", {"size": _side(context, size), "fit": fit, **_filter(interpolation, antialias)})


def build_center_crop(context: fa.StepContext, *, size: int) -> fa.NativeOp:
    """Return the native op; ``size`` 0 means ``context.image_size``."""
    return fa.NativeOp("center_crop", {"size": _side(context, size)})


def build_random_crop(context: fa.StepContext, *, size: int, padding: int, border: str, fill: float) -> fa.NativeOp:
    """Return the native op; ``size`` 0 means ``context.image_size``."""
    check_fill("random_crop", border, fill)
    return fa.NativeOp(
        "random_crop", {"size": _side(context, size), "padding": padding, "border": border, "fill": fill}
    )


def build_random_crop_stand_in(context: fa.StepContext, *, size: int, **_: object) -> fa.NativeOp:
    """Return the central crop of the same size, the deterministic replacement for a random crop."""
    return build_center_crop(context, size=size)


def build_pad(context: fa.StepContext, *, pixels: int, to_size: int, border: str, fill: float) -> fa.NativeOp:
    """Return the native op; *context* is not used. Raises :class:`StudyError` for a fill that is not used."""
    check_fill("pad", border, fill)
    return fa.NativeOp("pad", {"pixels": pixels, "to_size": to_size, "border": border, "fill": fill})


def build_random_resized_crop(
    context: fa.StepContext,
    *,
    size: int,
    scale: tuple[float, ...],
    ratio: tuple[float, ...],
    interpolation: str,
    antialias: bool,
    evaluation: str,
    probability: float,
) -> fa.NativeOp:
    """Return the native op; raises :class:`StudyError` if scale or ratio is not a pair with the lower number first.

    *evaluation* affects only the stand-in.
    """
    scale_low, scale_high = fa.low_and_high("step 'random_resized_crop': scale", scale)
    ratio_low, ratio_high = fa.low_and_high("step 'random_resized_crop': ratio", ratio)
    return fa.NativeOp(
        "random_resized_crop",
        {
            "size": _side(context, size),
            "scale_low": scale_low,
            "scale_high": scale_high,
            "ratio_low": ratio_low,
            "ratio_high": ratio_high,
            **_filter(interpolation, antialias),
            "probability": probability,
        },
    )


def build_crop_stand_in(
    context: fa.StepContext,
    *,
    size: int,
    scale: tuple[float, ...],
    ratio: tuple[float, ...],
    interpolation: str,
    antialias: bool,
    evaluation: str,
    probability: float,
) -> fa.NativeOp:
    """Return the deterministic replacement for the random crop; its result always has exactly ``size`` pixels.

    The default resizes the largest centred square, which shows the whole object whatever the size of the stored image.
    torchvision's recipes store images about 1.14 times larger and cut the centre, which is closer to the magnification
    in training; ``evaluation = "center_crop"`` does the same. Neither uses scale, ratio or probability.
    """
    if evaluation == "center_crop":
        return build_center_crop(context, size=size)
    return build_resize(context, size=size, fit="cover", interpolation=interpolation, antialias=antialias)


def check_fill(step: str, border: str, fill: float) -> None:
    """Raise :class:`StudyError` for a *fill* that the border would not use."""
    if border != "constant" and fill != 0:
        raise fa.StudyError(
            f"step '{step}': fill is for border 'constant', not '{border}'; change the border or remove fill"
        )


def _side(context: fa.StepContext, size: int) -> int:
    return size or context.image_size


def _filter(interpolation: str, antialias: bool) -> dict[str, Value]:
    """Return the native parameters; area and nearest do not accept ``antialias``."""
    if interpolation in ("area", "nearest"):
        return {"interpolation": interpolation}
    return {"interpolation": interpolation, "antialias": antialias}


SPECS = (
    fa.StepSpec(
        name="resize",
        summary="Resize every image to the same size.",
        kind=KIND,
        params=(
            _SIZE,
            fa.Param(
                "fit",
                "cover",
                "cover: the largest centred square; stretch: the whole image, distorted; "
                "shorter: keep the aspect ratio, shorter side = size",
                choices=("cover", "stretch", "shorter"),
            ),
            _INTERPOLATION,
            _ANTIALIAS,
        ),
        build=build_resize,
    ),
    fa.StepSpec(
        name="center_crop",
        summary="Cut the central square; smaller images are padded with zeros.",
        kind=KIND,
        params=(_SIZE,),
        build=build_center_crop,
    ),
    fa.StepSpec(
        name="random_crop",
        summary="Cut a square at a random place; smaller images are padded (torchvision's RandomCrop).",
        kind=KIND,
        random=True,
        params=(
            _SIZE,
            fa.Param("padding", 0, "pixels added around every image before the crop", low=0, high=4096),
            *_BORDER,
        ),
        build=build_random_crop,
        stand_in=build_random_crop_stand_in,
    ),
    fa.StepSpec(
        name="pad",
        summary="Add pixels around every image.",
        kind=KIND,
        params=(
            fa.Param("pixels", 4, "pixels added on every side", low=0, high=1024),
            fa.Param("to_size", 0, "then pad evenly to at least this height and width", low=0, high=4096),
            *_BORDER,
        ),
        build=build_pad,
    ),
    fa.StepSpec(
        name="random_resized_crop",
        summary="Cut out a random part and resize it (torchvision's RandomResizedCrop).",
        kind=KIND,
        random=True,
        params=(
            _SIZE,
            fa.Param(
                "scale", (0.35, 1.0), "minimum and maximum fraction of the area that is cut out", low=0.01, high=1.0
            ),
            fa.Param("ratio", (0.75, 1.333), "minimum and maximum width / height of the crop", low=0.05, high=20.0),
            _INTERPOLATION,
            _ANTIALIAS,
            fa.Param(
                "evaluation",
                "resize",
                "in evaluation, and in training without this step: resize the largest centred square, or "
                "center_crop (for images stored slightly larger than size)",
                choices=("resize", "center_crop"),
            ),
            fa.Param(
                "probability",
                1.0,
                "fraction of the images that are cropped; of the others the largest centred square is resized",
                low=0.0,
                high=1.0,
            ),
        ),
        build=build_random_resized_crop,
        stand_in=build_crop_stand_in,
    ),
)
