"""Steps that keep the size: flips and warps."""

from __future__ import annotations

import flowerablate as fa

from .sizes import KIND, check_fill

_SAMPLING = (
    fa.Param(
        "border",
        "reflect101",
        "what fills the area outside the image (names as in OpenCV)",
        choices=("constant", "edge", "reflect", "reflect101", "wrap"),
    ),
    fa.Param("interpolation", "bilinear", "bilinear, or the nearest pixel", choices=("bilinear", "nearest")),
    fa.Param("fill", 0.0, "value of a constant border; 16-bit images need values up to 65535", low=0.0, high=65535.0),
)


def _sampling(step: str, border: str, interpolation: str, fill: float, probability: float) -> dict[str, float | str]:
    """Return the parameters of all warps; raises :class:`StudyError` for a *fill* that the border would not use."""
    check_fill(step, border, fill)
    return {"border": border, "interpolation": interpolation, "fill": fill, "probability": probability}


def build_horizontal_flip(context: fa.StepContext, *, probability: float) -> fa.NativeOp:
    """Return the native op."""
    return fa.NativeOp("horizontal_flip", {"probability": probability})


def build_vertical_flip(context: fa.StepContext, *, probability: float) -> fa.NativeOp:
    """Return the native op."""
    return fa.NativeOp("vertical_flip", {"probability": probability})


def build_rotate(
    context: fa.StepContext, *, degrees: float, border: str, interpolation: str, fill: float, probability: float
) -> fa.NativeOp:
    """Return the native op; raises :class:`StudyError` for a fill that is not used."""
    sampling = _sampling("rotate", border, interpolation, fill, probability)
    return fa.NativeOp("rotate", {"degrees": degrees, **sampling})


def build_affine(
    context: fa.StepContext,
    *,
    degrees: tuple[float, ...],
    scale: tuple[float, ...],
    shift_x: tuple[float, ...],
    shift_y: tuple[float, ...],
    shear_x: tuple[float, ...],
    shear_y: tuple[float, ...],
    border: str,
    interpolation: str,
    fill: float,
    probability: float,
) -> fa.NativeOp:
    """Return the native op; raises :class:`StudyError` for a range that is not a pair or an unused fill."""
    ranges = {
        "degrees": degrees,
        "scale": scale,
        "shift_x": shift_x,
        "shift_y": shift_y,
        "shear_x": shear_x,
        "shear_y": shear_y,
    }
    params: dict[str, float | str] = {}
    for name, values in ranges.items():
        params[f"{name}_low"], params[f"{name}_high"] = fa.low_and_high(f"step 'affine': {name}", values)
    sampling = _sampling("affine", border, interpolation, fill, probability)
    return fa.NativeOp("affine", {**params, **sampling})


def build_perspective(
    context: fa.StepContext, *, distortion: float, border: str, interpolation: str, fill: float, probability: float
) -> fa.NativeOp:
    """Return the native op; raises :class:`StudyError` for a fill that is not used."""
    sampling = _sampling("perspective", border, interpolation, fill, probability)
    return fa.NativeOp("perspective", {"distortion": distortion, **sampling})


def build_elastic(
    context: fa.StepContext,
    *,
    alpha: float,
    sigma: float,
    border: str,
    interpolation: str,
    fill: float,
    probability: float,
) -> fa.NativeOp:
    """Return the native op; raises :class:`StudyError` for a fill that is not used."""
    sampling = _sampling("elastic", border, interpolation, fill, probability)
    return fa.NativeOp("elastic", {"alpha": alpha, "sigma": sigma, **sampling})


SPECS = (
    fa.StepSpec(
        name="horizontal_flip",
        summary="Mirror left and right at random.",
        kind=KIND,
        random=True,
        params=(fa.Param.probability(0.5),),
        build=build_horizontal_flip,
    ),
    fa.StepSpec(
        name="vertical_flip",
        summary="Mirror top and bottom at random.",
        kind=KIND,
        random=True,
        params=(fa.Param.probability(0.5),),
        build=build_vertical_flip,
    ),
    fa.StepSpec(
        name="rotate",
        summary="Rotate about the centre by a random angle; the size stays.",
        kind=KIND,
        random=True,
        params=(
            fa.Param("degrees", 15.0, "the angle is uniform between -degrees and +degrees", low=0.0, high=180.0),
            *_SAMPLING,
            fa.Param.probability(),
        ),
        build=build_rotate,
    ),
    fa.StepSpec(
        name="affine",
        summary="Rotate, scale, shift and shear at random (torchvision's RandomAffine; angles counter-clockwise).",
        kind=KIND,
        random=True,
        params=(
            fa.Param("degrees", (-15.0, 15.0), "minimum and maximum angle, counter-clockwise", low=-180.0, high=180.0),
            fa.Param("scale", (0.9, 1.1), "minimum and maximum magnification", low=0.05, high=20.0),
            fa.Param("shift_x", (-0.1, 0.1), "shift to the right, as a fraction of the width", low=-2.0, high=2.0),
            fa.Param("shift_y", (-0.1, 0.1), "shift downwards, as a fraction of the height", low=-2.0, high=2.0),
            fa.Param("shear_x", (0.0, 0.0), "shear along the x axis, in degrees", low=-75.0, high=75.0),
            fa.Param("shear_y", (0.0, 0.0), "shear along the y axis, in degrees", low=-75.0, high=75.0),
            *_SAMPLING,
            fa.Param.probability(),
        ),
        build=build_affine,
    ),
    fa.StepSpec(
        name="perspective",
        summary="View the image from a random angle (torchvision's RandomPerspective).",
        kind=KIND,
        random=True,
        params=(
            fa.Param("distortion", 0.3, "a corner moves by up to this fraction of half a side", low=0.0, high=1.0),
            *_SAMPLING,
            fa.Param.probability(0.5),
        ),
        build=build_perspective,
    ),
    fa.StepSpec(
        name="elastic",
        summary="Distort the image by smoothed noise (Simard et al. 2003).",
        kind=KIND,
        random=True,
        params=(
            fa.Param("alpha", 100.0, "displacement of pixels: this times the noise, in pixels", low=0.0, high=10000.0),
            fa.Param(
                "sigma",
                8.0,
                "standard deviation of the Gaussian that smooths the noise, in pixels",
                low=0.5,
                high=200.0,
            ),
            *_SAMPLING,
            fa.Param.probability(0.5),
        ),
        build=build_elastic,
    ),
)
