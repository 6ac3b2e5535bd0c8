"""The data set ``arrays``: images and labels as NumPy arrays, in an NPZ file or in NPY files side by side."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flowerablate import DataContext, DataError, Samples
from flowerablate.errors import count_of

from .array_labels import labels_of, texts_of
from .array_roles import GROUPS, IMAGES, LABELS, NAMES, PartArrays, parts_of, role_of
from .numpy_files import array_names, array_of, member
from .pixel_arrays import images_of
from .unpacked import ImageOrigin, ImageWriter, place_of, unpacked_once

SUFFIXES = (".npz", ".npy")


def reads_arrays(path: Path) -> bool:
    """Whether *path* is a file of arrays, or a folder with NPY files of images and labels."""
    if path.is_file():
        return path.suffix.lower() in SUFFIXES
    kinds = {role.kind for each in path.glob("*.npy") if (role := role_of(each.stem))}
    return {IMAGES, LABELS} <= kinds


def build(
    context: DataContext,
    *,
    path: str,
    images: str,
    labels: str,
    group: str,
    channels: str,
    class_names: Sequence[str],
) -> Samples:
    """Return the images in the arrays at *path*, an NPZ file, an NPY file with others beside it, or their folder.

    *images*, *labels* and *group* name arrays (of NPY files, without the suffix); where they are empty, the names of
    the arrays tell, and may tell parts of a split: see :func:`.array_roles.parts_of`. *channels*: see
    :func:`.pixel_arrays.images_of`. *class_names*: of the labels 0, 1 and so on; empty: an array ``class_names``, or
    the numbers. Raises :class:`DataError` for arrays that cannot be read, or in several ways.
    """
    place = place_of(context, path, "arrays")
    if not place.exists():
        raise DataError(f"no file {place}; check the path (a relative path begins at the study's folder)")
    if not place.is_dir() and not (place.is_file() and place.suffix.lower() in SUFFIXES):
        raise DataError(f"{place} is no NPZ or NPY file; give one, or a folder of NPY files")
    store = _npz(place) if place.suffix.lower() == ".npz" and place.is_file() else _npy(place)
    given = {IMAGES: images, LABELS: labels, GROUPS: group}
    if place.suffix.lower() == ".npy" and place.is_file() and not images and not role_of(place.stem):
        given[IMAGES] = place.stem
    parts, others = parts_of(store.names, given, str(place))
    named = [name for name in others if (role := role_of(name)) and role.kind == NAMES]
    reading = _Reading(store, tuple(parts), named[0] if named and not class_names else "", tuple(class_names), channels)
    others = [name for name in others if name != reading.names_array]
    settings = {"arrays": [vars(each) for each in parts], "channels": channels, "class_names": list(class_names)}
    used = {name for each in parts for name in (each.images, each.labels, each.group)} | {reading.names_array}
    files = [place] if store.whole else [store.home / f"{name}.npy" for name in sorted(used - {""})]

    def unpack(writer: ImageWriter) -> None:
        if others and store.whole:
            shown = ", ".join(sorted(others)[:3]) + (" ..." if len(others) > 3 else "")
            writer.left_out.append(f"{count_of(len(others), 'array')} ({shown})")
        reading.unpack(writer)

    return unpacked_once(context, files, settings, unpack)


@dataclass(frozen=True)
class _Store:
    """Where arrays are: *names* of those in *home*, an NPZ file (*whole*) or a folder; *get* returns one, mapped."""

    home: Path
    names: tuple[str, ...]
    get: Callable[[str, Path], Any]
    whole: bool


def _npz(path: Path) -> _Store:
    return _Store(path, tuple(array_names(path)), lambda name, scratch: member(path, name, scratch), whole=True)


def _npy(place: Path) -> _Store:
    home = place if place.is_dir() else place.parent
    names = tuple(sorted(each.stem for each in home.glob("*.npy") if each.is_file()))
    return _Store(home, names, lambda name, scratch: array_of(home / f"{name}.npy"), whole=False)


@dataclass(frozen=True)
class _Reading:
    """Which arrays of a *store* are read, and how."""

    store: _Store
    parts: tuple[PartArrays, ...]
    names_array: str
    class_names: tuple[str, ...]
    channels: str

    def unpack(self, writer: ImageWriter) -> None:
        scratch = writer.root / ".scratch"
        scratch.mkdir()
        names = self.class_names
        if self.names_array:
            names = tuple(texts_of(self.store.get(self.names_array, scratch), self._what(self.names_array)))
        if len(set(names)) < len(names):
            raise DataError(f"{writer.container}: two classes have the same name, {sorted(names)}; give each its own")
        writer.classes = names
        writer.read_as.append(self._in_words())
        for each in self.parts:
            images = self.store.get(each.images, scratch)
            labels = labels_of(self.store.get(each.labels, scratch), names, self._what(each.labels))
            groups = self._groups(each, scratch, len(labels))
            if not images.ndim or len(images) != len(labels):
                shape = list(images.shape)
                raise DataError(
                    f"{self._what(each.images)} has the shape {shape}, but {each.labels!r} has {len(labels):,} labels; "
                    "the first axis must count the images"
                )
            writer.total += len(labels)
            pixels = images_of(images, self.channels, self._what(each.images))
            for place, image in enumerate(pixels):
                stem = f"{each.part}/{place:06}" if each.part else f"{place:06}"
                writer.write_pixels(stem, image, ImageOrigin(labels[place], each.part, groups[place]))
        shutil.rmtree(scratch)

    def _groups(self, each: PartArrays, scratch: Path, count: int) -> list[str]:
        if not each.group:
            return [""] * count
        groups = texts_of(self.store.get(each.group, scratch), self._what(each.group))
        if len(groups) != count or not all(groups):
            raise DataError(f"{self._what(each.group)} does not name a group for each of the {count:,} images; mend it")
        return groups

    def _what(self, name: str) -> str:
        return f"the array {name!r} in {self.store.home}" if self.store.whole else str(self.store.home / f"{name}.npy")

    def _in_words(self) -> str:
        words = [f"{each.images!r} with {each.labels!r}" for each in self.parts]
        groups = [repr(each.group) for each in self.parts if each.group]
        return f"arrays: {', '.join(words)}" + (f", groups {', '.join(groups)}" if groups else "")
