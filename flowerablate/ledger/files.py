"""Small files written so that a reader sees the old content or the new one, never a half."""

from __future__ import annotations

import contextlib
import json
import math
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from ..errors import LedgerError


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file that takes the place of *path*, on disk for good, when the block ends without an error."""
    temporary = path.with_name(f".{path.name}-{secrets.token_hex(6)}")  # mkstemp's files are for one user alone
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException as error:
        if isinstance(error, OSError) and error.filename == str(temporary):
            error.filename = str(path)  # the name that the user gave
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def write_json(path: Path, content: Any) -> None:
    """Write *content* to *path*; floats keep every bit, those that JSON cannot hold (NaN, infinity) become null."""
    text = json.dumps(_finite(content), indent=2, allow_nan=False)
    with replacing(path) as file:
        file.write(text.encode() + b"\n")


def _finite(content: Any) -> Any:
    if isinstance(content, float) and not math.isfinite(content):
        return None
    if isinstance(content, dict):
        return {key: _finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in content]
    return content


def read_json(path: Path) -> Any:
    """Read a JSON file; damage raises :class:`LedgerError` with the path."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, UnicodeDecodeError) as error:
        raise LedgerError(f"{path} is damaged ({error}); remove it to run that trial again") from None
