"""A step that adds salt and pepper, with a feature that cannot matter: whether the specks are mirrored first."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

import flowerablate as fa
from flowerablate.contracts import Register


@fa.hookimpl
def flowerablate_register(register: Register) -> None:
    """Register the step ``specks``."""
    register(
        fa.StepSpec(
            name="specks",
            summary="Salt and pepper in training and in tests, keyed by what is in the image.",
            params=(
                fa.Param("share", 0.2, "fraction of the pixels that become black or white", low=0.0, high=1.0),
                fa.Param("mirror", True, "mirror the specks left to right before they are added", off=False),
            ),
            build=_build,
        )
    )


def _build(context: fa.StepContext, share: float, mirror: bool) -> fa.PythonOp:
    return fa.PythonOp(lambda images, draws: np.stack([_specked(image, share, mirror) for image in images]))


def _specked(image: NDArray[np.uint8], share: float, mirror: bool) -> NDArray[np.uint8]:
    key = int.from_bytes(hashlib.blake2b(image.tobytes(), digest_size=8).digest(), "little")
    draws = np.random.default_rng(key).random((*image.shape[:2], 1))
    draws = draws[:, ::-1] if mirror else draws
    return np.where(draws < share / 2, 0, np.where(draws < share, 255, image)).astype(np.uint8)
