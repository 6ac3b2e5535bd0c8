"""The rung ``inputs``: images behind every step, to be looked at, and whether anything is left to see."""

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
_LEAST_SPREAD = 1.0
"""Standard deviation of grey levels (of 255) below which an image is empty."""


def check(bench: Bench) -> Rung:
    """Write the images, as they are drawn in the first epoch, and look for steps that wipe them out."""
    images = StudyImages(bench.pipeline, bench.assembler)
    shown = sample_images(images, bench.seed, count=_SHOWN)
    with replacing(bench.out / FILE) as file:
        file.write(step_sheet(shown))
    emptied: dict[str, int] = {}
    for strip in shown.strips:
        spreads = [float(np.asarray(Image.open(io.BytesIO(one.content)).convert("L")).std()) for one in strip.frames]
        empty = next(
            (one.step for one, spread in zip(strip.frames, spreads, strict=True) if spread < _LEAST_SPREAD), ""
        )
        if empty:
            emptied[empty] = emptied.get(empty, 0) + 1
    faults = {}
    for step, number in emptied.items():
        faults[f"behind {step!r}, {number} of {len(shown.strips)} images are empty"] = (
            "take away the files that show nothing"
            if step == "original"
            else f"weaken the step {step!r}, or leave it out"
        )
    if not shown.strips:
        faults["no image could be shown"] = "look at what is said of the files: " + "; ".join(shown.remarks[-1:])
    steps = [one.step for one in shown.strips[0].frames[1:]] if shown.strips else []
    seen = (
        f"{len(shown.strips)} images, as files and behind {', '.join(steps) or 'no step'}",
        f"look at them in {bench.out / FILE}",
    )
    figures = {"images": len(shown.strips), "empty": sum(emptied.values())}
    return judged("inputs", seen, faults, figures, (FILE,))
