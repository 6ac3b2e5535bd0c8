"""The data set ``idx``: images and labels in the files of MNIST and its kin, compressed with gzip or not."""

from __future__ import annotations

import gzip
import math
import re
import shutil
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from flowerablate import DataContext, DataError, Samples
from flowerablate.contracts import SPLITS
from flowerablate.data.archives import MAX_BYTES, MAX_FILES
from flowerablate.errors import message_of
from flowerablate.files import open_file

from ..folders.folder_names import part_of
from .array_labels import labels_of
from .pixel_arrays import images_of
from .unpacked import ImageOrigin, ImageWriter, place_of, unpacked_once

_NAME = re.compile(
    r"(?P<prefix>.*?)[-_.]?(?P<kind>images|labels)[-_.]idx(?P<axes>[13])[-_.]?ubyte(?P<gzip>\.gz)?", re.I
)
_AXES = {"images": 3, "labels": 1}
_UBYTE = 8
_CHUNK = 1 << 20


@dataclass(frozen=True)
class IdxName:
    """What a name says: the *collection* a file is of, such as ``emnist-letters``, its *part* and its *kind*."""

    collection: str
    part: str
    kind: str


def idx_name(name: str) -> IdxName | None:
    """Return what the file *name* says, or None if it is not that of an IDX file of images or labels."""
    match = _NAME.fullmatch(name)
    if not match or _AXES[match["kind"].lower()] != int(match["axes"]):
        return None
    words = [word for word in re.split(r"[-_.]", match["prefix"]) if word]
    part = ("test" if words[-1].lower() == "t10k" else part_of(words[-1])) if words else ""
    return IdxName("-".join(words[:-1] if part else words), part, match["kind"].lower())


def reads_idx(path: Path) -> bool:
    """Whether *path* is an IDX file of images or labels, or a folder with both."""
    if path.is_file():
        return idx_name(path.name) is not None
    try:
        return {name.kind for name in _files(path)} == set(_AXES)
    except OSError:  # a folder that cannot be listed, or none
        return False


def build(context: DataContext, *, path: str, class_names: Sequence[str]) -> Samples:
    """Return the images of the IDX files at *path*: a folder, or any one of the files of images and labels in it.

    Files named ``train`` and ``t10k`` (or ``test``) are the official parts. *class_names*: of the labels 0, 1 and so
    on; empty: the numbers. Raises :class:`DataError` for a file that lacks its other half, is damaged or not of bytes.
    """
    place = place_of(context, path, "idx")
    if not place.exists():
        raise DataError(f"no file or folder {place}; check the path (a relative path begins at the study's folder)")
    pairs = _pairs(place)
    names = tuple(class_names)
    if len(set(names)) < len(names):
        raise DataError("two classes have the same name in dataset.class_names; give each its own")

    def unpack(writer: ImageWriter) -> None:
        writer.classes = names
        writer.read_as.append(f"files: {', '.join(images.name for images, _ in pairs.values())}, with labels")
        for part, (images, labels) in pairs.items():
            _unpack(writer, part, images, labels, names)

    files = [file for pair in pairs.values() for file in pair]
    return unpacked_once(context, files, {"class_names": list(names), "parts": list(pairs)}, unpack)


def _files(folder: Path) -> dict[IdxName, Path]:
    """Return the IDX files directly in *folder*; one that is there with and without gzip is taken without."""
    paths = sorted((each for each in folder.iterdir() if each.is_file()), key=lambda each: (each.suffix == ".gz", each))
    found: dict[IdxName, Path] = {}
    for path in paths:
        if name := idx_name(path.name):
            found.setdefault(name, path)
    return found


def _pairs(place: Path) -> dict[str, tuple[Path, Path]]:
    """Return the files of images and labels of each part."""
    folder = place if place.is_dir() else place.parent
    found = _files(folder)
    chosen = None if place.is_dir() else idx_name(place.name)
    if chosen is None and not place.is_dir():
        raise DataError(f"{place} is not named like an IDX file, such as train-images-idx3-ubyte.gz; rename it")
    collections = sorted({name.collection for name in found if chosen is None or name.collection == chosen.collection})
    if len(collections) > 1:
        raise DataError(f"{folder} holds several data sets ({', '.join(collections[:8])}); give a file of one of them")
    pairs = {}
    for part in (*SPLITS, ""):
        halves = [found.get(IdxName(collections[0], part, kind)) for kind in _AXES] if collections else []
        images, labels = halves or (None, None)
        if images and labels:
            pairs[part] = (images, labels)
        elif one := images or labels:
            other = "labels" if images else "images"
            raise DataError(f"{one} has no file of {other} beside it; put it there, under the name that belongs to it")
    if "" in pairs and len(pairs) > 1:
        raise DataError(f"{folder}: {pairs[''][0].name} names no part of the split, and others do; rename or remove it")
    if not pairs:
        raise DataError(f"{folder} holds no IDX files, such as train-images-idx3-ubyte.gz; give another folder")
    return pairs


def _unpack(writer: ImageWriter, part: str, images: Path, labels: Path, names: Sequence[str]) -> None:
    scratch = writer.root / ".scratch"
    scratch.mkdir()
    pixels = _array(images, 3, scratch)
    texts = labels_of(_array(labels, 1, scratch), names, str(labels))
    if len(pixels) != len(texts):
        raise DataError(f"{images} has {len(pixels):,} images, and {labels.name} {len(texts):,} labels; get them again")
    writer.total += len(texts)
    for place, image in enumerate(images_of(pixels, "auto", str(images))):
        writer.write_pixels(f"{part}/{place:06}" if part else f"{place:06}", image, ImageOrigin(texts[place], part))
    shutil.rmtree(scratch)


def _array(path: Path, axes: int, scratch: Path) -> Any:
    """Return the array in the IDX file at *path*, uint8 with so many *axes*, mapped into memory."""
    try:
        with open_file(path) as raw:
            if raw.read(2) != b"\x1f\x8b":
                return _mapped(path, axes, path.stat().st_size, path)
            raw.seek(0)
            unpacked = scratch / path.name
            with gzip.open(raw) as source, unpacked.open("wb") as target:
                shape = _shape(source.read(4 + 4 * axes), axes, path)
                _copy(source, target, math.prod(shape), path)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path} is cut or damaged ({message_of(error)}); get it again") from error
    return _memory_map(unpacked, shape, 0)


def _mapped(path: Path, axes: int, available: int, what: Path) -> Any:
    with open_file(path) as file:
        shape = _shape(file.read(4 + 4 * axes), axes, what)
    start, size = 4 + 4 * axes, math.prod(shape)
    if start + size != available:
        raise _other_size(what, shape, available - start)
    return _memory_map(path, shape, start)


def _memory_map(path: Path, shape: tuple[int, ...], offset: int) -> Any:
    if not math.prod(shape):
        return np.zeros(shape, np.uint8)
    with open_file(path) as file:
        return np.memmap(file, np.uint8, "r", offset, shape)


def _shape(head: bytes, axes: int, path: Path) -> tuple[int, ...]:
    """Return the shape that the *head* of an IDX file announces."""
    if len(head) < 4 or head[:2] != b"\0\0":
        raise DataError(f"{path} is no IDX file: it does not begin with two zeros; get it again")
    if head[2] != _UBYTE or head[3] != axes:
        kind = "images" if axes == 3 else "labels"
        raise DataError(
            f"{path} says that it holds type {head[2]:#04x} in {head[3]} axes; {kind} must be bytes (type 0x08) "
            f"in {axes}"
        )
    if len(head) < 4 + 4 * axes:
        raise DataError(f"{path} is cut within its header; get it again")
    shape = tuple(int.from_bytes(head[at : at + 4], "big") for at in range(4, len(head), 4))
    if shape[0] > MAX_FILES or math.prod(shape) > MAX_BYTES:
        raise DataError(f"{path} announces {' x '.join(map(str, shape))} bytes, more than is read; get it again")
    return shape


def _copy(source: Any, target: IO[bytes], size: int, path: Path) -> None:
    copied = 0
    while chunk := source.read(_CHUNK):
        copied += len(chunk)
        if copied > size:
            raise DataError(f"{path} goes on after the {size:,} bytes that its header announces; get it again")
        target.write(chunk)
    if copied < size:
        raise DataError(f"{path} is cut: its header announces {size:,} bytes, and it has {copied:,}; get it again")


def _other_size(path: Path, shape: tuple[int, ...], available: int) -> DataError:
    announced = f"{' x '.join(map(str, shape))} = {math.prod(shape):,} bytes"
    return DataError(
        f"{path} is cut or damaged: its header announces {announced}, and it has {available:,}; get it again"
    )
