"""Finds the images of a data set: a folder, or an archive that is unpacked once into the cache."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePosixPath

from flowerablate import DataContext, DataError, Samples
from flowerablate.data.archives import is_archive, unpack
from flowerablate.data.downloads import checksum, download, require_checksum
from flowerablate.data.tree import is_junk

_MAX_LEVELS = 4
"""Folder levels that are searched."""

_MAX_FOLDERS = 100
"""Folders of a level above which none of it is a wrapper."""


def folder_of(context: DataContext, path: str, fits: Callable[[Path], bool], what: str) -> Path:
    """Return the folder *path*, or the folder to which the archive *path* is unpacked.

    A relative path begins at the study's folder; ``~`` is the home folder. It is the first folder there, from the top,
    that *fits*; *what* describes the required content. Raises :class:`DataError` if there is no such folder or archive.
    """
    place = context.root / Path(path).expanduser()
    if place.is_dir():
        return _fitting(place, fits, place, what)
    if not place.exists():
        raise DataError(f"no folder or archive {place}; check the path (a relative path begins at the study's folder)")
    if not is_archive(place):
        raise DataError(
            f"{place} does not have the name of an archive (.tgz, .tar.gz, .zip ...); give an archive or {what}"
        )
    return _fitting(folder_or_unpacked(context, path), fits, place, what)


def folder_or_unpacked(context: DataContext, path: str, sha256: str = "") -> Path:
    """Return the folder *path*, or that to which the archive *path* is unpacked once, with all that is in it.

    A path that is neither is returned as it is. *sha256*, if given, is the archive's checksum.
    """
    place = context.root / Path(path).expanduser()
    if not is_archive(place):
        return place
    if sha256:
        require_checksum(place, sha256)
    return _unpacked(context, place, sha256 or checksum(place))


def fetched(context: DataContext, url: str, sha256: str) -> Path:
    """Return the folder with what is in the archive at *url*, which is fetched, unpacked once and removed."""
    folder = _cached(context, sha256)
    if not folder.is_dir():
        name = url.rstrip("/").rpartition("/")[2] or "archive"
        archive = download(url, context.cache / name, sha256=sha256, progress=context.progress)
        _unpacked(context, archive, sha256)
        archive.unlink(missing_ok=True)
    return folder


def in_order(samples: Samples, names: tuple[str, ...]) -> Samples:
    """Return *samples*, whose classes are *names* in some order, with the classes in that of the names."""
    if not names:
        return samples
    return replace(samples, classes=names, labels=tuple(names.index(samples.classes[each]) for each in samples.labels))


def _cached(context: DataContext, sha256: str) -> Path:
    return context.cache / f"files-{sha256.strip().lower()[:20]}"


def _unpacked(context: DataContext, archive: Path, sha256: str) -> Path:
    folder = _cached(context, sha256)
    unpack(archive, folder, wanted=_wanted, progress=context.progress)
    return folder


def _wanted(name: str) -> bool:
    return not any(map(is_junk, PurePosixPath(name).parts))


def _fitting(top: Path, fits: Callable[[Path], bool], archive: Path, what: str) -> Path:
    if found := first_fitting(top, fits):
        return found
    raise DataError(f"{archive} does not hold {what}")


def first_fitting(top: Path, fits: Callable[[Path], bool]) -> Path | None:
    """Return the first folder, from *top* down, that *fits*; each level is looked at only if it is a wrapper's."""
    level = [top]
    for _ in range(_MAX_LEVELS):
        for folder in level:
            if fits(folder):
                return folder
        level = [below for folder in level for below in _subfolders(folder)]
        if len(level) > _MAX_FOLDERS:
            break
    return None


def _subfolders(folder: Path) -> list[Path]:
    try:
        return sorted(each for each in folder.iterdir() if each.is_dir() and not is_junk(each.name))
    except OSError:  # it is told when the images are listed
        return []
