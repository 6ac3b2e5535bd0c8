"""Unpacks archives that come from anywhere: tar (gzip, bzip2, xz) and zip, without trusting a word in them.

Only plain files are written, by our own hand, with names that were looked at: no path that is absolute or climbs out by
``..``, no link, no device, no rights or owners of the archive's choosing, no second file of the same name. What is
unpacked is counted as it comes, whatever the headers say of it, so that an archive that swells without end is stopped,
and no header gets the memory that it asks for. All goes to a temporary folder that is renamed when it is complete.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, Any, TypeAlias

from filelock import FileLock

from ..errors import DataError

Progress: TypeAlias = Callable[[str, int, int], None]

MAX_BYTES = 64 << 30
"""Most bytes that an archive may unpack to, unless the caller says otherwise."""

MAX_FILES = 2_000_000
"""Most members that an archive may have."""

_CHUNK = 1 << 20
_MOST_PADDING = 64 << 20
_TAR_ENDINGS = (".tar", ".tgz", ".tar.gz", ".tbz2", ".tar.bz2", ".txz", ".tar.xz")
_COMPRESSED: dict[bytes, Callable[[IO[bytes]], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\0": lzma.open,
}
_DAMAGED = (
    tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, ValueError,
    OSError,
)  # fmt: skip


def is_archive(path: Path) -> bool:
    """Whether *path* is a file that is an archive by the ending of its name."""
    return path.is_file() and path.name.lower().endswith((*_TAR_ENDINGS, ".zip"))


def unpack(
    archive: Path,
    folder: Path,
    *,
    wanted: Callable[[str], bool] = lambda name: True,
    progress: Progress = lambda what, done, total: None,
    max_bytes: int = MAX_BYTES,
) -> None:
    """Unpack those members of *archive* whose name is *wanted* to the new *folder*; a folder that is there is kept.

    Raises :class:`DataError` for an archive that is damaged, holds a name or a kind of member that could do harm
    (wanted or not), or unpacks to more than *max_bytes*; nothing is left behind then.
    """
    if folder.exists():
        return
    with _writing(folder) as temporary:
        if temporary is None:
            return
        writer = _Writer(archive, temporary, wanted, max_bytes)
        try:
            if zipfile.is_zipfile(archive):
                _unpack_zip(archive, writer, progress)
            else:
                _unpack_tar(archive, writer, progress)
        except _DAMAGED as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # the disk fails; what gzip and bzip2 say of damage has no number
            said = " ".join(str(error).split())
            raise DataError(f"{archive} is damaged or no archive ({said}); fetch it again") from error
        if not writer.files:
            raise DataError(f"{archive} holds nothing that is wanted of it")


@contextmanager
def _writing(folder: Path) -> Iterator[Path | None]:
    """Give a temporary folder that becomes *folder* at the end, or None where another process made that meanwhile."""
    temporary = folder.with_name(f".{folder.name}.partial")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_name(f".{folder.name}.lock")):
            if folder.exists():
                yield None
                return
            shutil.rmtree(temporary, ignore_errors=True)
            temporary.mkdir()
            try:
                yield temporary
                temporary.rename(folder)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        cause = (error.strerror or str(error)).lower()
        raise DataError(f"cannot unpack to {folder}: {cause}; make room there, or use another cache folder") from error


class _Writer:
    """Writes members below *root* after a look at each, and counts what it writes."""

    def __init__(self, archive: Path, root: Path, wanted: Callable[[str], bool], max_bytes: int) -> None:
        self._archive, self._root, self._wanted = archive, root, wanted
        self._max_bytes = max_bytes
        self._members = self._bytes = self.files = 0

    def look_at(self, name: str, *, plain: bool) -> bool:
        """Refuse a member that could do harm; return whether it is wanted. *plain*: it is a file or a folder."""
        self._members += 1
        if self._members > MAX_FILES:
            raise DataError(f"{self._archive} has more than {MAX_FILES} members; that is no archive of images")
        if not plain:
            raise DataError(f"{self._archive} holds {name!r}, a link or a device; unpack it yourself if you trust it")
        if _climbs(name):
            raise DataError(f"{self._archive} holds {name!r}, which leads out of its folder; do not trust it")
        return self._wanted(name)

    def write(self, name: str, source: IO[bytes]) -> None:
        """Copy *source* to the file *name*, which has been looked at."""
        target = self._root / PurePosixPath(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            file = target.open("xb")
        except FileExistsError:
            raise DataError(f"{self._archive} holds {name!r} twice; do not trust it") from None
        with file:
            while chunk := source.read(_CHUNK):
                self._bytes += len(chunk)
                if self._bytes > self._max_bytes:
                    raise DataError(
                        f"{self._archive} unpacks to more than {self._max_bytes / 1e6:,.0f} MB; "
                        "unpack it yourself if you trust it, and give the folder"
                    )
                file.write(chunk)
        self.files += 1


def _climbs(name: str) -> bool:
    """Whether *name* is absolute, on a drive, or goes up, as any system reads it."""
    windows = PureWindowsPath(name)
    return not name or "\0" in name or bool(windows.drive or windows.root) or ".." in windows.parts


def _unpack_tar(archive: Path, writer: _Writer, progress: Progress) -> None:
    size = archive.stat().st_size
    with archive.open("rb") as raw, _Plain(_decompressed(raw)) as plain, tarfile.TarFile(fileobj=plain) as tar:
        for member in tar:
            if writer.look_at(member.name, plain=member.isreg() or member.isdir()) and member.isreg():
                source = tar.extractfile(member)
                assert source is not None
                writer.write(member.name, source)
                progress(f"unpacking {archive.name}, KB", raw.tell() // 1000, size // 1000 + 1)
        plain.finish()
    progress(f"unpacking {archive.name}, KB", size // 1000 + 1, size // 1000 + 1)


class _Plain(io.BufferedReader):
    """The bytes of a tar archive. A read of more than a header needs, or a part of a file, is refused.

    Names and other remarks may be headers of any length, which tarfile reads at once: a few megabytes of gzip would
    take all memory.
    """

    def read(self, size: int | None = -1, /) -> bytes:
        """Return *size* bytes, fewer at the end."""
        if size is None or not 0 <= size <= 2 * _CHUNK:
            raise tarfile.ReadError(f"a header of {size} bytes")
        return super().read(size)

    def finish(self) -> None:
        """Read what pads the archive, so that gzip and its like compare their checksum, which comes last."""
        for _ in range(_MOST_PADDING // _CHUNK):
            if not self.read(_CHUNK):
                return
        raise tarfile.ReadError("it goes on behind its end")


def _decompressed(raw: IO[bytes]) -> Any:
    start = raw.read(max(map(len, _COMPRESSED)))
    raw.seek(0)
    return next((opened(raw) for magic, opened in _COMPRESSED.items() if start.startswith(magic)), raw)


def _unpack_zip(archive: Path, writer: _Writer, progress: Progress) -> None:
    with zipfile.ZipFile(archive) as packed:
        members = packed.infolist()
        for done, member in enumerate(members, start=1):
            kind = member.external_attr >> 28  # the kind of file that Unix tools note: 8 plain, 4 folder, 0 not said
            if writer.look_at(member.filename, plain=kind in (0, 4, 8)) and not member.is_dir():
                if member.flag_bits & 1:
                    raise DataError(f"{archive} is encrypted; unpack it yourself and give the folder")
                with packed.open(member) as source:
                    writer.write(member.filename, source)
            progress(f"unpacking {archive.name}", done, len(members))
