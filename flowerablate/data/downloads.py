"""Downloads a file once: under a temporary name, checksum-verified, and resumed after an interruption."""

from __future__ import annotations

import hashlib
import http.client
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from filelock import FileLock

from ..contracts import Progress
from ..errors import DataError
from ..files import open_file

_CHUNK = 1 << 18
_TIMEOUT = 60.0  # seconds without a byte


def download(url: str, target: Path, *, sha256: str, progress: Progress = lambda what, done, total: None) -> Path:
    """Download *url* to the file *target* unless it exists, and return it; it exists only with the right checksum.

    *sha256*: the checksum, 64 hexadecimal digits. The bytes go to ``<target>.part`` first; if an earlier attempt left
    one, only the rest is requested. Raises :class:`DataError` if the URL is not HTTP(S), the network or the disk fails
    (the part is kept), or the checksum is wrong (the part is removed).
    """
    if not url.startswith(("https://", "http://")):
        raise DataError(f"cannot download {url!r}: give a URL that begins with https:// or http://")
    part = target.with_name(f"{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.with_name(f".{target.name}.lock")):
            if not target.is_file():
                _fetch(url, part, progress)
                try:
                    require_checksum(part, sha256, url)
                except DataError:
                    part.unlink()
                    raise
                part.replace(target)
    except (OSError, http.client.HTTPException) as error:
        cause = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        raise DataError(
            f"cannot download {url}: {cause}; run the same command again to resume, or download it by other means and "
            "give its path"
        ) from error
    return target


def require_checksum(path: Path, sha256: str, what: str | None = None) -> None:
    """Raise :class:`DataError` that names *what* (default: *path*) unless the file *path* has this SHA-256 checksum."""
    found = checksum(path)
    if found != sha256.strip().lower():
        raise DataError(
            f"{what or path} has the SHA-256 checksum {found}, not {sha256}: it is damaged or the wrong file; "
            "download it again"
        )


def checksum(path: Path) -> str:
    """Return the SHA-256 checksum of a file, 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with open_file(path) as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _fetch(url: str, part: Path, progress: Progress) -> None:
    """Append the missing bytes of *url* to *part*, or start over if the server cannot resume."""
    have = part.stat().st_size if part.is_file() else 0
    try:
        with _opened(url, have) as response:
            if have and not _resumes(response, have):
                have = 0
            length = response.headers.get("Content-Length")
            total = have + int(length) if length and length.isdigit() else 0
            with part.open("ab" if have else "wb") as file:
                while chunk := response.read(_CHUNK):
                    file.write(chunk)
                    have += len(chunk)
                    progress(f"downloading {part.stem}, KB", have // 1000, max(total, have) // 1000 + 1)
    except urllib.error.HTTPError as error:
        if error.code != 416 or not have:  # 416: there is nothing after what we have
            raise
    else:
        if total and have < total:
            raise DataError(
                f"the connection to {url} broke after {have} of {total} bytes; run the same command again to resume"
            )
    progress(f"downloading {part.stem}, KB", have // 1000 + 1, have // 1000 + 1)


def _opened(url: str, have: int) -> Any:
    headers = {"User-Agent": "flowerablate", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=_TIMEOUT)


def _resumes(response: Any, have: int) -> bool:
    content_range = str(response.headers.get("Content-Range", ""))
    return response.status == 206 and content_range.startswith(f"bytes {have}-")
