"""First-party data sets: any folder of images, public ones, tables of images, and flowers drawn on the spot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import flowerablate as fa

from .addresses import FLOWER_PHOTOS

_PATH = "a relative path is read from the study's own folder"


@fa.hookimpl
def flowerablate_register(register: Any) -> None:
    """Register the data sets of this plugin."""
    for spec in (_folder(), _table(), _flowers(), _flowers102(), _chest_xray(), _findings(), _synthetic()):
        register(spec)


def _folder() -> fa.DatasetSpec:
    def build(context: fa.DataContext, path: str) -> fa.Samples:
        from .folder import build

        return build(context, path)

    return fa.DatasetSpec(
        name="folder",
        summary="Images in one subfolder per class, or in train/ and test/ (and val/) above that.",
        params=(fa.Param("path", "", f"the folder; {_PATH}"),),
        build=build,
        reads=Path.is_dir,
    )


def _table() -> fa.DatasetSpec:
    def build(context: fa.DataContext, **params: str) -> fa.Samples:
        from .label_table import build

        return build(context, **params)

    def reads(path: Path) -> bool:
        from .table_rows import SUFFIXES

        return path.is_file() and path.suffix.lower() in SUFFIXES

    return fa.DatasetSpec(
        name="table",
        summary="A CSV, TSV or Parquet file of paths and labels, if wanted with groups and an official split.",
        params=(
            fa.Param("path", "", f"the table; {_PATH}"),
            fa.Param("image", "path", "the column with the image's path"),
            fa.Param("label", "label", "the column with its class"),
            fa.Param("group", "", "the column with what must not be on two sides of a split, such as the patient"),
            fa.Param("split", "", "the column with the official part: train, val or test"),
            fa.Param("folder", "", "the folder of the images; empty: that of the table"),
        ),
        build=build,
        reads=reads,
    )


def _flowers() -> fa.DatasetSpec:
    def build(context: fa.DataContext, **params: Any) -> fa.Samples:
        from .flower_photos import build

        return build(context, **params)

    def reads(path: Path) -> bool:
        from flowerablate.data.archives import is_archive

        return is_archive(path)

    return fa.DatasetSpec(
        name="flowers",
        summary="Photographs of five kinds of flowers, fetched once (229 MB); or any archive with a folder per class.",
        params=(
            fa.Param("path", "", f"a local archive or folder instead of the download; {_PATH}"),
            fa.Param("classes", (), 'those to use, such as ["daisy", "roses"]; empty: all'),
            fa.Param("url", FLOWER_PHOTOS, "where the archive is fetched"),
            fa.Param("sha256", "", "the archive's checksum; empty: that of the public one, and none for a local path"),
        ),
        build=build,
        reads=reads,
    )


def _flowers102() -> fa.DatasetSpec:
    def build(context: fa.DataContext, path: str) -> fa.Samples:
        from .flowers102 import build

        return build(context, path=path)

    def reads(path: Path) -> bool:
        from .flowers102 import is_flowers102

        return is_flowers102(path)

    return fa.DatasetSpec(
        name="flowers102",
        summary="102 kinds of flowers of Oxford, fetched once through torchvision (345 MB), with the official split.",
        params=(fa.Param("path", "", f"a folder with jpg/ and the .mat files instead of the download; {_PATH}"),),
        build=build,
        reads=reads,
    )


def _chest_xray() -> fa.DatasetSpec:
    def build(context: fa.DataContext, **params: str) -> fa.Samples:
        from .chest_xray import build

        return build(context, **params)

    def reads(path: Path) -> bool:
        from .chest_xray import is_chest_xray

        return is_chest_xray(path)

    return fa.DatasetSpec(
        name="chest-xray",
        summary="X-rays NORMAL and PNEUMONIA in train/, val/ and test/, by patients, with the official split.",
        params=(
            fa.Param("path", "", f"the folder, or the archive; {_PATH}"),
            fa.Param(
                "validation",
                "redrawn",
                "redrawn: by patients, from the training part and the 16 images of val; official: these 16",
                choices=("redrawn", "official"),
            ),
            fa.Param(
                "patients",
                "series",
                "series: person1_bacteria and person1_virus are two patients; number: they are one",
                choices=("series", "number"),
            ),
        ),
        build=build,
        reads=reads,
    )


def _findings() -> fa.DatasetSpec:
    def build(context: fa.DataContext, **params: str) -> fa.Samples:
        from .findings import build

        return build(context, **params)

    def reads(path: Path) -> bool:
        from .findings import has_findings

        return has_findings(path)

    return fa.DatasetSpec(
        name="findings",
        summary="X-rays with a table of findings, as ChestX-ray14 of the NIH: one finding against none, by patients.",
        params=(
            fa.Param("path", "", f"the table, or its folder with the images anywhere below; {_PATH}"),
            fa.Param("finding", "Effusion", "what the X-rays of class 1 have, perhaps among others"),
            fa.Param("against", "No Finding", "what those of class 0 have, and nothing else"),
        ),
        build=build,
        reads=reads,
    )


def _synthetic() -> fa.DatasetSpec:
    def build(context: fa.DataContext, **params: Any) -> fa.Samples:
        from .synthetic import build

        return build(context, **params)

    return fa.DatasetSpec(
        name="synthetic-flowers",
        summary="Roses and daisies drawn by this plugin, with salt noise that an opening removes.",
        params=(
            fa.Param("images", 1200, "number of images, half of them of each class", low=10, high=1_000_000),
            fa.Param("size", 72, "side of the stored images, pixels", low=16, high=1024),
            fa.Param("seed", 0, "another seed gives other flowers", low=0),
            fa.Param("noise", 1.0, "strength of the salt noise; 0 is none, 1 the usual amount", low=0.0, high=4.0),
        ),
        build=build,
    )
