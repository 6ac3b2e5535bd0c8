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
    own = (_folder(), _table(), _arrays(), _idx(), _arrow(), _webdataset())
    for spec in (*own, _flowers(), _flowers102(), _chest_xray(), _findings(), _synthetic()):
        register(spec)


def _folder() -> fa.DatasetSpec:
    def build(context: fa.DataContext, **params: Any) -> fa.Samples:
        from .folders.folder import build

        return build(context, **params)

    def reads(path: Path) -> bool:
        from flowerablate.data.archives import is_archive

        from .containers.container_kinds import is_container
        from .tables.metadata_files import metadata_files

        return (not metadata_files(path) if path.is_dir() else is_archive(path)) and not is_container(path)

    return fa.DatasetSpec(
        name="folder",
        summary="Images in one subfolder per class, within train/ and test/ or not; a folder, or an archive of it.",
        params=(
            fa.Param("path", "", f"the folder or archive; {_PATH}"),
            *_reading(),
            fa.Param("classes", (), 'classes to use, such as ["daisy", "roses"]; empty: all'),
            fa.Param(
                "label_from", "", "regular expression whose first group in the path of an image is its class: cat.0.jpg"
            ),
        ),
        build=build,
        reads=reads,
    )


def _reading() -> tuple[fa.Param, ...]:
    return (
        fa.Param("level", 0, "how many folders down the classes are; 0: found out, or asked", low=0, high=9),
        fa.Param("within", "", "take only what is in folders of this name, such as images beside masks; empty: all"),
    )


def _table() -> fa.DatasetSpec:
    def build(context: fa.DataContext, **params: Any) -> fa.Samples:
        from .tables.label_table import build

        return build(context, **params)

    def reads(path: Path) -> bool:
        from .containers.arrow import reads_arrow
        from .tables.metadata_files import metadata_files
        from .tables.table_rows import SUFFIXES

        if path.is_file():
            return path.suffix.lower() in SUFFIXES and not reads_arrow(path)
        return path.is_dir() and bool(metadata_files(path))

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


def _arrays() -> fa.DatasetSpec:
    def build(context: fa.DataContext, **params: Any) -> fa.Samples:
        from .containers.arrays import build

        return build(context, **params)

    def reads(path: Path) -> bool:
        from .containers.arrays import reads_arrays

        return reads_arrays(path)

    found = "empty: found out by its name"
    return fa.DatasetSpec(
        name="arrays",
        summary="NumPy arrays of images and labels: an NPZ file, such as those of MedMNIST, or NPY files.",
        params=(
            fa.Param("path", "", f"the NPZ file, or an NPY file with the others beside it, or their folder; {_PATH}"),
            fa.Param("images", "", f"array of the images, [N, H, W], [N, H, W, C] or [N, C, H, W]; {found}"),
            fa.Param("labels", "", f"array of the labels, [N], or one-hot [N, classes]; {found}"),
            fa.Param("group", "", f"array of the groups that a split must not separate, [N]; {found}, or none"),
            fa.Param(
                "channels",
                "auto",
                "where the channels are, if the shape does not tell: first is [N, C, H, W], last [N, H, W, C]",
                choices=("auto", "first", "last"),
            ),
            fa.Param("class_names", (), "names of the labels 0, 1, ...; empty: an array class_names, or the numbers"),
        ),
        build=build,
        reads=reads,
    )


def _idx() -> fa.DatasetSpec:
    def build(context: fa.DataContext, **params: Any) -> fa.Samples:
        from .containers.idx import build

        return build(context, **params)

    def reads(path: Path) -> bool:
        from .containers.idx import reads_idx

        return reads_idx(path)

    return fa.DatasetSpec(
        name="idx",
        summary="IDX files, as those of MNIST, Fashion-MNIST and EMNIST, with gzip or without.",
        params=(
            fa.Param("path", "", f"one of the files, or their folder; {_PATH}"),
            fa.Param("class_names", (), "names of the labels 0, 1, ...; empty: the numbers"),
        ),
        build=build,
        reads=reads,
    )


def _arrow() -> fa.DatasetSpec:
    def build(context: fa.DataContext, **params: Any) -> fa.Samples:
        from .containers.arrow import build

        return build(context, **params)

    def reads(path: Path) -> bool:
        from .containers.arrow import reads_arrow

        return reads_arrow(path)

    found = "empty: found out"
    return fa.DatasetSpec(
        name="arrow",
        summary="Parquet files with the images in them, or a folder saved by the library datasets (Hugging Face).",
        params=(
            fa.Param("path", "", f"a Parquet or Arrow file, a folder of Parquet files, or a saved one; {_PATH}"),
            fa.Param("image", "", f"column with the bytes of the image; {found}"),
            fa.Param("label", "", f"column with the class of the image; {found}"),
            fa.Param("group", "", f"column with the group that a split must not separate; {found}, -: none"),
            fa.Param("split", "", "column with the official part; empty: the names of files, else found out; -: none"),
            fa.Param("class_names", (), "names of the labels 0, 1, ...; empty: those in the file, or the values"),
        ),
        build=build,
        reads=reads,
    )


def _webdataset() -> fa.DatasetSpec:
    def build(context: fa.DataContext, **params: Any) -> fa.Samples:
        from .containers.webdataset_tars import build

        return build(context, **params)

    def reads(path: Path) -> bool:
        from .containers.tar_samples import reads_samples

        return reads_samples(path)

    return fa.DatasetSpec(
        name="webdataset",
        summary="Tar files of samples, as webdataset writes them: 0001.jpg with 0001.cls, 0001.json or 0001.txt.",
        params=(
            fa.Param("path", "", f"a tar file, a folder of them, or a pattern such as train-{{000..009}}.tar; {_PATH}"),
            fa.Param("image", "", "field of the image, such as left.png; empty: the only one"),
            fa.Param("label", "", "field of the class, or key of the field json; empty: cls, json or txt"),
            fa.Param("group", "", "field, or key of json, of the group that a split must not separate; empty: none"),
        ),
        build=build,
        reads=reads,
    )


def _flowers() -> fa.DatasetSpec:
    def build(context: fa.DataContext, **params: Any) -> fa.Samples:
        from .public.flower_photos import build

        return build(context, **params)

    return fa.DatasetSpec(
        name="flowers",
        summary="Photographs of five kinds of flowers, fetched once (229 MB), or an archive with a folder per class.",
        params=(
            fa.Param("path", "", f"a local archive or folder instead of the download; {_PATH}"),
            *_reading(),
            fa.Param("classes", (), 'classes to use, such as ["daisy", "roses"]; empty: all'),
            fa.Param("url", FLOWER_PHOTOS, "address of the archive"),
            fa.Param(
                "sha256", "", "checksum of the archive; empty: that of the public archive, or none for a local path"
            ),
        ),
        build=build,
    )


def _flowers102() -> fa.DatasetSpec:
    def build(context: fa.DataContext, path: str) -> fa.Samples:
        from .public.flowers102 import build

        return build(context, path=path)

    def reads(path: Path) -> bool:
        from .public.flowers102 import is_flowers102

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
        from .public.chest_xray import build

        return build(context, **params)

    def reads(path: Path) -> bool:
        from .folders.places import unwrapped
        from .public.chest_xray import is_chest_xray

        return path.is_dir() and unwrapped(path, is_chest_xray) is not None

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
        from .public.findings import build

        return build(context, **params)

    def reads(path: Path) -> bool:
        from .public.findings import has_findings

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
        from .drawn.synthetic import build

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
