"""What reaches the user's own code: warnings that point at the user's line, and errors of one kind."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

from ..errors import FlowerablateError, one_line

_NOT_THE_USER = (f"{Path(__file__).parents[1]}{os.sep}", contextlib.__file__)


def warn_caller(text: str) -> None:
    """Warn of *text* at the innermost line of the call stack that is the user's."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_NOT_THE_USER):
        frame, level = frame.f_back, level + 1
    warnings.warn(text, stacklevel=level)


@contextlib.contextmanager
def files_in_one_line() -> Iterator[None]:
    """Turn an error of the system about a file into a :class:`FlowerablateError` that names both."""
    try:
        yield
    except OSError as error:
        raise FlowerablateError(said(error, "check the path, its permissions and the disk")) from error


def said(error: OSError, cure: str) -> str:
    """Return the line on *error*: what, where, and the cure that is known, else *cure*."""
    where = f": {error.filename}" if error.filename else ""
    return f"{error.strerror or one_line(error)}{where}; {FILE_CURES.get(error.errno or 0, cure)}"


_SPACE = "free some disk space and try again; nothing is lost"
_ACCESS = "choose another folder, or change its permissions"
FILE_CURES = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), _SPACE),
    errno.EISDIR: "name a file in it",
    errno.ENOENT: "create the folder first, or choose another",
    **dict.fromkeys((errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG), _ACCESS),
}
"""What helps against the errors of files that a user can mend."""
