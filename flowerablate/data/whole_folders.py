"""A folder that appears whole or not at all, whoever else makes it and however its making ends."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from ..errors import DataError, cause_of


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path | None]:
    """Yield a temporary folder that becomes *folder* at the end, or None if *folder* exists by then.

    Processes that make the same folder wait for each other. If the block ends with an error or Ctrl-C, nothing is left;
    what a killed process left is removed by the next one. Raises :class:`DataError` for an error of the disk.
    """
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
