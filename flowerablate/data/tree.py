"""A tree of folders on disk as data sets see it: images, other files and subfolders, without what systems add."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ..contracts import IMAGE_SUFFIXES
from ..errors import DataError, cause_of
from ..files import open_file
from .file_kinds import HEAD, is_dicom, may_be_dicom, raster_suffix

JUNK = frozenset({"__macosx", "@eadir", "thumbs.db", "desktop.ini", "$recycle.bin", "system volume information"})
JUNK |= {"dicomdir"}
"""Names, in lower case, that a system, a server or a DICOM disk adds; those that begin with a dot are junk as well."""

_SNIFFED = 3
"""Files of each unknown suffix of which the first bytes are read: enough to tell photographs from lists of labels."""

_BRANDS = (b"heic", b"heix", b"mif1", b"msf1", b"avif")


def is_junk(name: str) -> bool:
    """Whether the file or folder *name* is none of the user's."""
    return name.startswith(".") or name.lower() in JUNK


@dataclass(frozen=True)
class Identity:
    """What tells a folder from all others, whatever links lead to it."""

    device: int
    inode: int


@dataclass
class Folder:
    """A folder at *path*, *key* relative to where the tree begins (empty there); read when it is asked.

    *above*: the identities of the folders that it lies in, so that loops of links end. *within*: if given, only what is
    in folders of this name counts; empty in these.
    """

    path: Path
    key: str = ""
    above: tuple[Identity, ...] = ()
    within: str = ""

    @property
    def name(self) -> str:
        """Its own name."""
        return self.path.name

    @cached_property
    def identity(self) -> Identity:
        """Its identity."""
        found = self.path.stat()
        return Identity(found.st_dev, found.st_ino)

    @cached_property
    def images(self) -> list[str]:
        """The names of the images directly in it, sorted: by suffix, and DICOM files without one."""
        return sorted(self._files - set(self.others))

    @cached_property
    def others(self) -> list[str]:
        """The names of its other files, sorted."""
        unknown = sorted(name for name in self._files if not has_image_suffix(name))
        return [name for name in unknown if not (may_be_dicom(name) and _begins_as_dicom(self.path / name))]

    @cached_property
    def folders(self) -> list[Folder]:
        """Its subfolders, sorted by name."""
        here = (*self.above, self.identity)
        names = sorted(entry.name for entry in self._listed if _is_folder(entry))
        return [
            Folder(
                self.path / name,
                f"{self.key}/{name}" if self.key else name,
                here,
                "" if name == self.within else self.within,
            )
            for name in names
        ]

    @cached_property
    def filled(self) -> list[Folder]:
        """Those of its subfolders that have images, directly or below."""
        return [each for each in self.folders if each.has_images]

    @cached_property
    def has_files(self) -> bool:
        """Whether there are files in it or below, images or not."""
        return any(folder.images or folder.others for folder in self.walk())

    @cached_property
    def has_images(self) -> bool:
        """Whether there are images in it or below."""
        return any(folder.images for folder in self.walk())

    def walk(self) -> Iterator[Folder]:
        """Yield this folder and all below, each one once, though several links may lead to it."""
        seen, waiting = set(self.above), [self]
        while waiting:
            here = waiting.pop()
            if here.identity in seen:
                continue
            seen.add(here.identity)
            yield here
            waiting += reversed(here.folders)

    @cached_property
    def _files(self) -> set[str]:
        return set() if self.within else {entry.name for entry in self._listed if not _is_folder(entry)}

    @cached_property
    def _listed(self) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(self.path) as entries:
                return [entry for entry in entries if not is_junk(entry.name)]
        except OSError as error:
            raise DataError(
                f"cannot list the folder {self.path}: {cause_of(error)}; check its permissions, or move it elsewhere"
            ) from error


def tree_of(path: Path, within: str = "") -> Folder:
    """Return the tree at *path*, of which only what is in folders called *within* counts, if that is given.

    Raises :class:`DataError` if there is no such folder with images.
    """
    tree = Folder(path, within=within)
    if within and not tree.has_images:
        names = sorted({folder.name for folder in Folder(path).walk() if folder.key and folder.has_images})
        raise DataError(f"{path} has no folder {within!r} with images; choose from: {', '.join(names[:20])}")
    return tree


def has_image_suffix(name: str) -> bool:
    """Whether the suffix of *name* is that of an image."""
    return os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES  # noqa: PTH122 - a Path per file is slow


def fault_of(path: Path, key: str) -> str:
    """Return why no image *key* can be read from *path*, as far as that is seen without opening it; else nothing."""
    try:
        key.encode()
    except UnicodeEncodeError:
        return f"the name of {legible(str(path))} is not UTF-8"
    kind = special_file(path)
    return f"{path} is {kind}, not a file" if kind else ""


def legible(name: str) -> str:
    """Return *name* as it can be printed and stored, if it is not UTF-8."""
    return name.encode(errors="backslashreplace").decode()


def special_file(path: Path) -> str:
    """Return what *path* is if no data can be read from it, such as ``a FIFO``; else an empty text."""
    try:
        mode = path.stat().st_mode
    except OSError:  # a broken link: it is found unreadable when it is decoded
        return ""
    kinds = {"a FIFO": stat.S_ISFIFO, "a socket": stat.S_ISSOCK, "a device": stat.S_ISCHR, "a disk": stat.S_ISBLK}
    return next((kind for kind, is_one in kinds.items() if is_one(mode)), "")


def other_files(top: Folder) -> tuple[Counter[str], Counter[str]]:
    """Count the files in *top* without the suffix of an image, by suffix: those that are images, and the others.

    A file is an image if its first bytes say so; of each suffix a few files are read, and stand for all.
    """
    found: dict[str, list[Path]] = {}
    for folder in top.walk():
        for name in folder.others:
            found.setdefault(os.path.splitext(name)[1].lower() or "no suffix", []).append(folder.path / name)  # noqa: PTH122
    images, others = Counter[str](), Counter[str]()
    for suffix, paths in sorted(found.items()):
        (images if any(map(_begins_as_image, paths[:_SNIFFED])) else others)[suffix] = len(paths)
    return images, others


def _begins_as_dicom(path: Path) -> bool:
    return is_dicom(_head(path), path.name)


def _head(path: Path) -> bytes:
    """Return how a file begins; nothing if it cannot be read."""
    try:
        with open_file(path) as file:
            return file.read(HEAD)
    except OSError:
        return b""


def _begins_as_image(path: Path) -> bool:
    head = _head(path)
    is_boxed = head[4:8] == b"ftyp" and head[8:12] in _BRANDS
    return bool(raster_suffix(head)) or is_boxed or head[128:132] == b"DICM"


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False
