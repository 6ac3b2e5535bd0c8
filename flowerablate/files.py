"""Files written so that a reader sees the old content or the new one, never a half."""

from __future__ import annotations

import contextlib
import json
import math
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO


@contextlib.contextmanager
def replacing(path: Path, *, alone: bool = False) -> Iterator[BinaryIO]:
    """Open a temporary file that takes the place of *path*, on disk for good, when the block ends without an error.

    *alone*: no other process writes *path*. The temporary file then has one name, so that what a killed process left
    of a large file is overwritten by the next.
    """
    mark = ".tmp" if alone else f"-{secrets.token_hex(6)}"
    temporary = path.with_name(f".{path.name}{mark}")  # mkstemp's files are for one user alone
    try:
        with temporary.open("wb" if alone else "xb") as file:
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
    text = json.dumps(finite(content), indent=2, allow_nan=False)
    with replacing(path) as file:
        file.write(text.encode() + b"\n")


def finite(content: Any) -> Any:
    """Return JSON values with null for the floats that JSON cannot hold; tuples become lists."""
    if isinstance(content, float) and not math.isfinite(content):
        return None
    if isinstance(content, dict):
        return {key: finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [finite(value) for value in content]
    return content
