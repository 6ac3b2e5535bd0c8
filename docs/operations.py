"""Writes operations.md from the registered components and from what the native core says of itself.

python docs/operations.py           # writes the file
python docs/operations.py --check   # exit status 1 if the file says something else
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from components import parameters

from flowerablate import BatchOp, NativeOp
from flowerablate._native import op_names, op_params
from flowerablate.contracts import StepContext, StepSpec
from flowerablate.discovery import discover

if TYPE_CHECKING:
    from flowerablate._native import ParamDeclaration

DOCUMENT = Path(__file__).parent / "reference" / "operations.md"

KINDS = {
    "geometry": "Geometry",
    "morphology": "Morphology",
    "threshold": "Threshold",
    "intensity": "Intensity",
    "filter": "Filters",
    "color": "Color",
    "noise": "Noise",
    "erasing": "Erasing",
    "batch": "Whole batches",
    "policy": "Policies",
}

HEAD = """# Steps

Every step that comes with flowerablate, written by `python docs/operations.py` from the components themselves.
`flowerablate list step NAME` prints the same parameters in the terminal. To add a step, see [write a
plugin](../how-to/plugins.md).

**Equal to** says what a step is tested against (`tests/native`). *Exactly* means every value; *n levels* is the
largest difference, of 255. Each step is also tested against a slow NumPy twin (`tests/reference`). It gives the
same bytes on every instruction set and with any number of threads. Random steps have the distribution of the other
library, not its draws.

**Random** steps are drawn again for each image in each epoch. They act in training only and leave the image
unchanged in evaluation, unless the text says what stands in for them. **Deterministic** steps act in training and
evaluation. If such a step has a `probability` below 1, it becomes random in this sense: it changes that fraction of
the training images, and none in evaluation. `flowerablate explain` shows what was drawn.

**16 bits** says whether a step takes the images of a study with `[input] bits = 16`. Put `to_8_bits` before the
others. Steps work on 1, 3 and 4 channels (`channel_shuffle`, `hue` and `saturation` not on 1, which has no colour).
Of 4 channels, a step on colours leaves the fourth unchanged.
"""

NATIVE = """## Native ops

The steps above are made of the ops of `flowerablate._native`. Plugins name one in a `NativeOp`. The core declares
all of this itself (`_native.op_params`). A parameter without a default must be given. Each op takes `probability`
as well (default 1), the fraction of the images that it is applied to, except `normalize` and `standardize`, which
must be the last of a chain. Ops that change the size take only 1, except `random_resized_crop`, which then takes
the largest centred square. Draw 0 decides whether an op is applied; the numbers of the others begin with 1.
"""

_GREY_CUT = (
    "rounded instead of cut: 2 levels up to a factor of 2, above that as many as the factor, by which their cut grey "
    "value is multiplied"
)

EQUAL = {
    "resize": "bilinear with antialias: Pillow, 1 level; bicubic with antialias: Pillow, 2 levels where it begins with "
    "the rows (before version 13 always; since then not always where the height shrinks more than the width); "
    "bilinear without: torchvision, 2 levels; area: OpenCV, 1 level; nearest: Pillow, exactly",
    "center_crop": "torchvision's `center_crop`, exactly",
    "random_crop": "distribution of torchvision's `RandomCrop`",
    "random_resized_crop": "distribution of the boxes of torchvision's `RandomResizedCrop`; resampling as `resize`",
    "pad": "OpenCV's `copyMakeBorder`, exactly",
    "horizontal_flip": "`numpy.flip`, exactly",
    "vertical_flip": "`numpy.flip`, exactly",
    "rotate": "OpenCV's `warpAffine`, 1 level",
    "affine": "the matrix is that of torchvision's `RandomAffine` but for the sense of the angle; "
    "pixels: the twin, 1 level",
    "perspective": "OpenCV's `warpPerspective`, all but 2 pixels in a thousand within 1 level",
    "elastic": "the twin, 1 level",
    "threshold": "OpenCV's `threshold`, exactly",
    "otsu": "OpenCV's `threshold` with `THRESH_OTSU`, exactly, ties too",
    "adaptive_threshold": "OpenCV's `adaptiveThreshold`, exactly",
    "normalize": "torchvision's `to_dtype` and `normalize`, exactly in float32",
    "standardize": "TensorFlow's `per_image_standardization`, 2e-5",
    "standardize_dataset": "`normalize` with the exact mean and standard deviation of the training images",
    "min_max": "OpenCV's `normalize` with `NORM_MINMAX`, exactly (all channels together); each by itself: "
    "torchvision's and Pillow's autocontrast, rounded instead of cut",
    "percentile_stretch": "the twin, exactly",
    "equalize": "OpenCV's `equalizeHist`, or with its formula Pillow's `equalize` and torchvision's, exactly",
    "clahe": "OpenCV's `createCLAHE`, exactly; of colours on its L of Lab, exactly",
    "gamma": "torchvision's `adjust_gamma`, rounded instead of cut: 1 level",
    "random_gamma": "the twin, exactly",
    "to_8_bits": "the twin, exactly; the full window is division by 257, rounded",
    "box_blur": "OpenCV's `blur`, exactly; for sizes that are powers of two 1 level",
    "gaussian_blur": "torchvision and SciPy, 1 level; sizes and sigmas follow from each other as in OpenCV",
    "random_gaussian_blur": "as `gaussian_blur` with the drawn sigma",
    "median_blur": "OpenCV's `medianBlur`, exactly",
    "unsharp": "OpenCV's `addWeighted` of the image and its blur, 1 level",
    "sharpness": "torchvision's `adjust_sharpness`, 1 level",
    "sobel": "OpenCV's `Sobel` in float32, its absolute value or length rounded and saturated, exactly",
    "grey": "OpenCV's `RGB2GRAY`, exactly",
    "single_channel": "NumPy indexing, exactly",
    "invert": "Pillow's `invert`, exactly",
    "posterize": "Pillow's `posterize`, exactly",
    "solarize": "Pillow's `solarize`, exactly",
    "channel_shuffle": "the twin, exactly; all six orders equally frequent",
    "brightness": "torchvision's `adjust_brightness` and Pillow, rounded instead of cut: 1 level",
    "contrast": f"torchvision's `adjust_contrast` and Pillow, {_GREY_CUT}",
    "saturation": f"torchvision's `adjust_saturation` and Pillow, {_GREY_CUT}",
    "hue": "torchvision's `adjust_hue`, 1 level",
    "color_jitter": "its four changes one after the other, exactly",
    "hsv_jitter": "albumentations' `HueSaturationValue` without OpenCV's rounding of HSV to 8 bits: "
    "6 levels, less than 1 on average",
    "brightness_contrast": "the twin, exactly",
    "gaussian_noise": "the twin, exactly; tested to be normal, with the standard deviation asked for and without "
    "a pattern",
    "salt_and_pepper": "the twin, exactly",
    "random_erasing": "the twin, exactly; areas and ratios between their bounds as in torchvision's `RandomErasing`",
    "cutout": "the twin, exactly",
    "mixup": "the formula in NumPy, 1e-5; fractions are tested to follow the Beta distribution",
    "cutmix": "the formula in NumPy, 1e-5; a label changes by the fraction of pixels that really changed",
    "rand_augment": "the operations and magnitudes of torchvision's `RandAugment`",
    "trivial_augment": "the operations and magnitudes of torchvision's `TrivialAugmentWide`",
}
"""What each step is tested against; the tests that say so are in tests/native and tests/plugins."""

_MORPHOLOGY = (
    "OpenCV's `morphologyEx`, exactly, for every shape, size and border that it has (even sizes with the "
    "anchor `opencv`, or with the second pass mirrored); `disk`: scikit-image's element"
)


def document() -> str:
    """Return the text of operations.md."""
    components = discover(None, strict=True).registry.slot("step").values()
    specs = [component.spec for component in components]
    return "\n".join([HEAD, *_overview(specs), *_chapters(specs), *_native_ops()])


def _overview(specs: list[StepSpec]) -> list[str]:
    rows = ["| kind | steps |", "|---|---|"]
    anchors = _anchors(specs)
    for kind, title in KINDS.items():
        names = ", ".join(f"[{spec.name}](#{anchors[spec.name]})" for spec in specs if spec.kind == kind)
        rows.append(f"| [{title}](#{anchors[title]}), `--disable kind:{kind}` | {names} |")
    return [*rows, ""]


def _anchors(specs: list[StepSpec]) -> dict[str, str]:
    """Return the anchor of each heading: its words with hyphens, and a number behind the second of the same name."""
    anchors: dict[str, str] = {}
    for kind, title in KINDS.items():
        for heading in (title, *(spec.name for spec in specs if spec.kind == kind)):
            words = heading.lower().replace(" ", "-")
            anchors[heading] = f"{words}-1" if words in anchors.values() else words
    return anchors


def _chapters(specs: list[StepSpec]) -> list[str]:
    unknown = {spec.kind for spec in specs} - set(KINDS)
    if unknown:
        raise SystemExit(f"docs/operations.py: no place for steps of the kinds {sorted(unknown)}; add them to KINDS")
    lines: list[str] = []
    for kind, title in KINDS.items():
        lines += [f"## {title}", ""]
        for spec in specs:
            if spec.kind == kind:
                lines += _chapter(spec)
    return lines


def _chapter(spec: StepSpec) -> list[str]:
    lines = [f"### {spec.name}", "", spec.summary, "", f"- {_behaviour(spec)}", f"- Equal to: {_equal(spec)}."]
    return [*lines, "", *parameters(spec.params)]


def _equal(spec: StepSpec) -> str:
    if spec.kind == "morphology":
        return _MORPHOLOGY
    if spec.name not in EQUAL:
        raise SystemExit(f"docs/operations.py: say in EQUAL what the step {spec.name!r} is tested against")
    return EQUAL[spec.name]


def _behaviour(spec: StepSpec) -> str:
    op = _built(spec, channels=3)
    if isinstance(op, BatchOp):
        return "Random; changes finished images and their labels, in training only. Any number of bits."
    parts = ["Random" if spec.random else "Deterministic"]
    if spec.stand_in is not None:
        chosen = any(param.name == "evaluation" for param in spec.params)
        stand_in = f"`{_built(spec, channels=3, stand_in=True).op}`" + (", unless set otherwise" if chosen else "")
        parts.append(f"in evaluation and when disabled: {stand_in}")
    return "; ".join(parts) + f". 16 bits: {_sixteen_bits(spec)}."


def _sixteen_bits(spec: StepSpec) -> str:
    op = _built(spec, 3)
    assert isinstance(op, NativeOp)
    channels = [count for dtype, count in op_params(op.op)["formats"] if dtype == "uint16"]
    return {(): "no", (1,): "grey images only"}.get(tuple(channels), "yes")


def _built(spec: StepSpec, channels: int, *, stand_in: bool = False) -> NativeOp | BatchOp:
    defaults = {param.name: param.default for param in spec.params}
    build = spec.stand_in if stand_in else spec.build
    assert build is not None
    op = build(StepContext(image_size=64, channels=channels), **defaults)
    assert isinstance(op, NativeOp | BatchOp)
    return op


def _native_ops() -> list[str]:
    lines = [NATIVE]
    for name in op_names():
        op = op_params(name, channels=4, dtype="uint16")
        draws = "as many as the size asks for" if op["draws"] is None else str(op["draws"])
        pixels = ", and numbers for single pixels" if op["draws_pixels"] else ""
        lines += [f"### Op `{name}`", "", f"Draws: {draws}{pixels}. Images: {_formats(op['formats'])}.", ""]
        params = [param for param in op["params"] if param["name"] != "probability"]
        if params:
            lines += ["| parameter | type | default | range | meaning |", "|---|---|---|---|---|"]
            lines += [f"| {' | '.join(_native_row(name, param))} |" for param in params]
            lines.append("")
    return lines


def _formats(formats: tuple[tuple[str, int], ...]) -> str:
    wide = [channels for dtype, channels in formats if dtype == "uint16"]
    return {0: "8 bits", 1: "8 bits; 16 bits of one channel"}.get(len(wide), "8 and 16 bits")


def _native_row(name: str, param: ParamDeclaration) -> tuple[str, ...]:
    text = ", ".join(param["choices"])
    if param["min"] is not None:
        narrow = next(other for other in op_params(name, 1)["params"] if other["name"] == param["name"])
        lower = "" if narrow["max"] == param["max"] else f" (8 bits, or one channel: {narrow['max']:g})"
        text = f"{param['min']:g} to {param['max']:g}{lower}" + ("; odd" if param["odd"] else "")
    for other, words in ((param["not_above"], "not above"), (param["below"], "below")):
        text += f"; {words} `{other}`" if other else ""
    meaning = param["meaning"]
    if param["when"]:
        meaning += f"; with {param['when'][0]} {' or '.join(param['when'][1])} only"
    kind = param["type"] if param["type"] != "tuple" else "tuple, one number for each channel"
    if param["count_when"]:
        kind += f" with {param['count_when'][0]} {' or '.join(param['count_when'][1])}, else one number"
    default = "" if param["default"] is None else f"`{json.dumps(param['default'])}`"
    return f"`{param['name']}`", kind, default, text, meaning


def main() -> None:
    """Write the document, or compare it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    text = document()
    if not parser.parse_args().check:
        DOCUMENT.write_text(text, encoding="utf-8")
    elif DOCUMENT.read_text(encoding="utf-8") != text:
        sys.exit("docs/reference/operations.md is out of date; run: python docs/operations.py")


if __name__ == "__main__":
    main()
