"""Unpacks untrusted archives: tar (gzip, bzip2, xz) and zip.

Only regular files are written, by our own code and under checked names: no absolute path, no ``..``, no link, no
device, no permissions or owners from the archive, no second file of the same name. The unpacked bytes are counted as
they arrive, whatever the headers claim, so an archive that expands without end is stopped, and no header can make us
allocate memory. Everything goes to a temporary folder that is renamed when it is complete.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import shutil
import tarfile
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, Any

from filelock import FileLock

from ..contracts import Progress
from ..errors import DataError, cause_of, message_of
from ..files import open_file

MAX_BYTES = 64 << 30
"""Default maximum of the unpacked size, bytes."""

MAX_FILES = 2_000_000
"""Maximum number of members in an archive."""

_CHUNK = 1 << 20
_MAX_PADDING = 64 << 20
_LOCAL_HEADER = 30  # bytes of a zip archive before the name and the data of a member, at least
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
    """Whether *path* is a file with the suffix of an archive."""
    return path.is_file() and path.name.lower().endswith((*_TAR_ENDINGS, ".zip"))


def unpack(
    archive: Path,
    folder: Path,
    *,
    wanted: Callable[[str], bool] = lambda name: True,
    progress: Progress = lambda what, done, total: None,
    max_bytes: int = MAX_BYTES,
) -> None:
    """Unpack the members of *archive* whose name is *wanted* to the new *folder*; an existing folder is kept.

    Raises :class:`DataError` and leaves nothing on disk if the archive is damaged, has a member with a harmful name or
    type (wanted or not), or unpacks to more than *max_bytes*.
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
                raise  # a disk error; gzip and bzip2 report damage without an errno
            raise DataError(
                f"{archive} is damaged or not an archive ({message_of(error)}); download it again"
            ) from error
        if not writer.files:
            raise DataError(f"{archive} holds none of the wanted files; give another archive")


@contextmanager
def _writing(folder: Path) -> Iterator[Path | None]:
    """Yield a temporary folder that becomes *folder* at the end, or None if another process created it meanwhile."""
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
        raise DataError(
            f"cannot unpack to {folder}: {cause_of(error)}; free space there, or use another cache folder"
        ) from error


class _Writer:
    """Checks members, writes them below *root*, and counts the bytes."""

    def __init__(self, archive: Path, root: Path, wanted: Callable[[str], bool], max_bytes: int) -> None:
        self._archive, self._root, self._wanted = archive, root, wanted
        self._max_bytes = max_bytes
        self._members = self._bytes = self.files = 0
        self._folders: dict[str, PurePosixPath] = {".": PurePosixPath()}

    def look_at(self, name: str, *, plain: bool) -> bool:
        """Reject a harmful member; return whether it is wanted. *plain*: it is a regular file or a folder."""
        self._members += 1
        if self._members > MAX_FILES:
            raise DataError(
                f"{self._archive} has more than {MAX_FILES} members; unpack it yourself if you trust it, and give the "
                "folder"
            )
        if not plain:
            raise DataError(f"{self._archive} holds {name!r}, a link or a device; unpack it yourself if you trust it")
        if _climbs(name):
            raise DataError(f"{self._archive} holds {name!r}, which points outside its folder; do not trust it")
        if self._wanted(name):
            return True
        self.make_folder(name)
        return False

    def make_folder(self, name: str) -> None:
        """Make the folder *name*, or the first above it that is wanted: an empty class is told, as on disk.

        The name has been checked.
        """
        path = PurePosixPath(name)
        wanted = next((each for each in (path, *path.parents) if self._wanted(str(each))), PurePosixPath())
        with suppress(FileExistsError, NotADirectoryError):  # a file of this name is told when it is written
            (self._root / wanted).mkdir(parents=True, exist_ok=True)

    def write(self, name: str, source: IO[bytes]) -> None:
        """Copy *source* to the file *name*, which has been checked."""
        target = self._root / PurePosixPath(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        self._require_own(PurePosixPath(name).parent)
        try:
            file = target.open("xb")
        except FileExistsError:
            raise DataError(
                f"{self._archive} holds {name!r} twice, or spelt in another case, which this file system takes for the "
                "same; do not trust it"
            ) from None
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

    def _require_own(self, folder: PurePosixPath) -> None:
        """Reject a *folder* that this file system takes for another one, as many do if only the case differs.

        The images of two classes would be mixed.
        """
        known = self._folders.setdefault(unicodedata.normalize("NFC", str(folder)).casefold(), folder)
        if known != folder and (self._root / known).samefile(self._root / folder):
            raise DataError(
                f"{self._archive} holds the folders {str(known)!r} and {str(folder)!r}, which are the same on this "
                "file system; unpack it on one that tells upper from lower case, and give the folder"
            )
        if known is folder and folder.name:
            self._require_own(folder.parent)


def _climbs(name: str) -> bool:
    """Whether *name* is absolute, on a drive, or leaves its folder, on any operating system."""
    windows = PureWindowsPath(name)
    return not name or "\0" in name or bool(windows.drive or windows.root) or ".." in windows.parts


def _unpack_tar(archive: Path, writer: _Writer, progress: Progress) -> None:
    size = archive.stat().st_size
    with open_file(archive) as raw, _Plain(_decompressed(raw)) as plain, tarfile.TarFile(fileobj=plain) as tar:
        for member in tar:
            wanted = writer.look_at(member.name, plain=member.isreg() or member.isdir())
            if wanted and member.isdir():
                writer.make_folder(member.name)
            elif wanted:
                source = tar.extractfile(member)
                assert source is not None
                writer.write(member.name, source)
                progress(f"unpacking {archive.name}, KB", raw.tell() // 1000, size // 1000 + 1)
        plain.finish(tar.offset)
    progress(f"unpacking {archive.name}, KB", size // 1000 + 1, size // 1000 + 1)


class _Plain(io.BufferedReader):
    """The bytes of a tar archive. Rejects reads that are larger than a header or a chunk of a file.

    Long names and other metadata are headers of any length, which tarfile reads at once: a few megabytes of gzip could
    exhaust the memory.
    """

    _last = b""

    def read(self, size: int | None = -1, /) -> bytes:
        """Return *size* bytes, fewer at the end."""
        if size is None or not 0 <= size <= 2 * _CHUNK:
            raise tarfile.ReadError(f"a header of {size} bytes")
        self._last = super().read(size)
        return self._last

    def finish(self, place: int) -> None:
        """Require that the members ended with a block of zeros, at the byte *place*, and nothing but zeros follows.

        tarfile takes a header that it cannot read, or that is not there, for the end of the archive, and tells nobody.
        Reading to the end has the decompressor verify its checksum, which comes last.
        """
        if len(self._last) < tarfile.BLOCKSIZE:
            raise tarfile.ReadError(f"it ends at byte {place}, without the mark of its end")
        if any(self._last):
            raise tarfile.ReadError(f"the header at byte {place} is wrong")
        for _ in range(_MAX_PADDING // _CHUNK):
            padding = self.read(_CHUNK)
            if padding.strip(b"\0"):
                break
            if not padding:
                return
        raise tarfile.ReadError("it continues after its end")


def _decompressed(raw: IO[bytes]) -> Any:
    start = raw.read(max(map(len, _COMPRESSED)))
    raw.seek(0)
    return next((opened(raw) for magic, opened in _COMPRESSED.items() if start.startswith(magic)), raw)


def _unpack_zip(archive: Path, writer: _Writer, progress: Progress) -> None:
    with zipfile.ZipFile(archive) as packed:
        members = packed.infolist()
        _require_apart(members)
        for done, member in enumerate(members, start=1):
            kind = member.external_attr >> 28  # the file type set by Unix tools: 8 regular, 4 folder, 0 unset
            wanted = writer.look_at(member.filename, plain=kind in (0, 4, 8))
            if wanted and member.is_dir():
                writer.make_folder(member.filename)
            elif wanted:
                if member.flag_bits & 1:
                    raise DataError(f"{archive} is encrypted; unpack it yourself and give the folder")
                with packed.open(member) as source:
                    writer.write(member.filename, source)
            progress(f"unpacking {archive.name}", done, len(members))


def _require_apart(members: list[zipfile.ZipInfo]) -> None:
    """Reject members that share bytes, from which a few megabytes make petabytes; not every zipfile does."""
    last: zipfile.ZipInfo | None = None
    for member in sorted(members, key=lambda each: each.header_offset):
        if last is not None and last.header_offset + _LOCAL_HEADER + last.compress_size > member.header_offset:
            raise zipfile.BadZipFile(f"{last.filename!r} and {member.filename!r} overlap")
        last = member
