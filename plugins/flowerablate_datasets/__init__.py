"""First-party data sets: folders and tables of images, public data sets, and synthetic flowers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import flowerablate as fa

from .addresses import FLOWER_PHOTOS

_PATH = "a relative path begins at the study's folder"


@fa.hookimpl
def flowerablate_register(register: Any) -> None:
    """Register the data sets of this plugin."""
    for spec in (_folder(), _table(), _flowers(), _flowers102(), _chest_xray(), _findings(), _synthetic()):
        register(spec)


def _folder() -> fa.DatasetSpec:
    def build(context: fa.DataContext, **params: Any) -> fa.Samples:
        from .folder import build
        from .layout_model import LayoutChoice

        return build(context, params.pop("path"), choice=LayoutChoice(**params))

    def reads(path: Path) -> bool:
        from flowerablate.data.archives import is_archive

        from .metadata_files import metadata_files

        return not metadata_files(path) if path.is_dir() else is_archive(path)

    return fa.DatasetSpec(
        name="folder",
        summary="Images in one subfolder per class, within train/ and test/ or not; a folder, or an archive of it.",
        params=(
            fa.Param("path", "", f"the folder or archive; {_PATH}"),
            *_layout(),
        ),
        build=build,
        reads=reads,
    )


def _layout() -> tuple[fa.Param, ...]:
    return (
        fa.Param("level", 0, "how many folders down the classes are; 0: found out, or asked", low=0, high=9),
        fa.Param("classes", (), 'classes to use, such as ["daisy", "roses"]; empty: all'),
        fa.Param(
            "parts",
            (),
            'folders that are parts of the split, such as ["train", "test=Week 2"]; ["none"]: none; empty: found out',
        ),
        fa.Param("within", "", "a folder in it to read alone, with / between names; empty: all"),
    )


def _table() -> fa.DatasetSpec:
    def build(context: fa.DataContext, **params: Any) -> fa.Samples:
        from .label_table import build

        return build(context, **params)

    def reads(path: Path) -> bool:
        from .metadata_files import metadata_files
        from .table_rows import SUFFIXES

        return path.suffix.lower() in SUFFIXES if path.is_file() else path.is_dir() and bool(metadata_files(path))

    found = "empty: found out"
    return fa.DatasetSpec(
        name="table",
        summary="A CSV, TSV, JSON lines or Parquet file of images and labels, or a folder with metadata.jsonl.",
        params=(
            fa.Param("path", "", f"the table, or a folder with metadata.csv or metadata.jsonl; {_PATH}"),
            fa.Param("image", "", f"column with the path or name of the image; {found}"),
            fa.Param("label", "", f"column with the class of the image; {found}"),
            fa.Param("one_hot", (), "instead of a label, the columns of the classes, one of which is 1 in each row"),
            fa.Param("group", "", f"column with the group that a split must not separate; {found}, -: none"),
            fa.Param("split", "", f"column with the official part (train, val, test); {found}, -: none"),
            fa.Param("folder", "", "folder of the images; empty: that of the table"),
        ),
        build=build,
        reads=reads,
    )


def _flowers() -> fa.DatasetSpec:
    def build(context: fa.DataContext, **params: Any) -> fa.Samples:
        from .flower_photos import build

        return build(context, **params)

    return fa.DatasetSpec(
        name="flowers",
        summary="Photographs of five kinds of flowers, fetched once (229 MB), or an archive with a folder per class.",
        params=(
            fa.Param("path", "", f"a local archive or folder instead of the download; {_PATH}"),
            *_layout(),
            fa.Param("url", FLOWER_PHOTOS, "address of the archive"),
            fa.Param(
                "sha256", "", "checksum of the archive; empty: that of the public archive, or none for a local path"
            ),
        ),
        build=build,
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
        summary="Oxford's 102 kinds of flowers, fetched once by torchvision (345 MB), with the official split.",
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
        from .places import first_fitting

        return path.is_dir() and first_fitting(path, is_chest_xray) is not None

    return fa.DatasetSpec(
        name="chest-xray",
        summary="X-rays in train/, val/ and test/, NORMAL against PNEUMONIA, by patients, with the official split.",
        params=(
            fa.Param("path", "", f"the folder, or the archive; {_PATH}"),
            fa.Param(
                "validation",
                "redrawn",
                "redrawn: drawn by patients from the training part and the 16 images of val; official: these 16",
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
        summary="X-rays with a table of findings, like NIH ChestX-ray14: one finding against none, by patients.",
        params=(
            fa.Param("path", "", f"the table, or its folder, with the images anywhere below; {_PATH}"),
            fa.Param("finding", "Effusion", "finding of the X-rays of class 1, which may have others"),
            fa.Param("against", "No Finding", "the only finding of the X-rays of class 0"),
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
            fa.Param("images", 1300, "number of images, half of them in each class", low=10, high=1_000_000),
            fa.Param("size", 36, "side of the stored images, pixels", low=16, high=1024),
            fa.Param("seed", 0, "seed of the drawing", low=0),
            fa.Param("noise", 1.0, "strength of the salt noise; 0 is none, 1 the usual amount", low=0.0, high=1.5),
        ),
        build=build,
    )
