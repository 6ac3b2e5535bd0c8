"""First-party data sets: any folder of pictures, and roses and daisies that are drawn on the spot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import flowerablate as fa


@fa.hookimpl
def flowerablate_register_dataset(register: Any) -> None:
    """Register ``folder`` and ``synthetic-flowers``."""
    register(
        fa.DatasetSpec(
            name="folder",
            summary="Pictures in one subfolder per class, or in train/ and test/ (and val/) above that.",
            params=(fa.Param("path", "", "the folder; a relative path is read from the study's own folder"),),
            build=_build_folder,
            reads=Path.is_dir,
        )
    )
    register(
        fa.DatasetSpec(
            name="synthetic-flowers",
            summary="Roses and daisies drawn by this plugin, with salt noise that an opening removes.",
            params=(
                fa.Param("images", 1200, "number of pictures, half of them of each class", low=10, high=1_000_000),
                fa.Param("size", 72, "side of the stored pictures, pixels", low=16, high=1024),
                fa.Param("seed", 0, "another seed gives other flowers", low=0),
                fa.Param("noise", 1.0, "strength of the salt noise; 0 is none, 1 the usual amount", low=0.0, high=4.0),
            ),
            build=_build_synthetic,
        )
    )


def _build_folder(context: fa.DataContext, path: str) -> fa.Samples:
    from .folder import build

    return build(context, path)


def _build_synthetic(context: fa.DataContext, images: int, size: int, seed: int, noise: float) -> fa.Samples:
    from .synthetic import build

    return build(context, images=images, size=size, seed=seed, noise=noise)
