"""The rung ``inputs``: writes images after every step for inspection, and checks that none becomes blank."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from ..files import replacing
from ..reading.gallery import StudyImages, sample_images
from ..report.step_sheet import step_sheet
from .bench import Bench
from .rung import Rung, judged

FILE = "inputs.png"

_SHOWN = 8
_MIN_STD = 1.0
"""Minimum standard deviation of the grey levels (0..255); below it, an image is empty."""


def check(bench: Bench) -> Rung:
    """Write images with the random draws of the first epoch, and look for steps that blank them."""
    images = StudyImages(bench.pipeline, bench.assembler)
    shown = sample_images(images, bench.seed, count=_SHOWN)
    with replacing(bench.out / FILE) as file:
        file.write(step_sheet(shown))
    emptied: dict[str, int] = {}
    for strip in shown.strips:
        stds = [float(np.asarray(Image.open(io.BytesIO(one.content)).convert("L")).std()) for one in strip.frames]
        empty = next((one.step for one, std in zip(strip.frames, stds, strict=True) if std < _MIN_STD), "")
        if empty:
            emptied[empty] = emptied.get(empty, 0) + 1
    faults = {}
    for step, number in emptied.items():
        faults[f"after {step!r}, {number} of {len(shown.strips)} images are empty"] = (
            "remove the files that show nothing" if step == "original" else f"weaken the step {step!r}, or leave it out"
        )
    if not shown.strips:
        faults["no image could be shown"] = "see the remarks on the files: " + "; ".join(shown.remarks[-1:])
    steps = [one.step for one in shown.strips[0].frames[1:]] if shown.strips else []
    seen = (
        f"{len(shown.strips)} images, original and after {', '.join(steps) or 'no step'}",
        f"look at them in {bench.out / FILE}",
    )
    values = {"images": len(shown.strips), "empty": sum(emptied.values())}
    return judged("inputs", seen, faults, values, (FILE,))
