"""What went wrong, in one line that names the cause and the cure.

Everything that a user can mend derives from :class:`FlowerablateError`; the command line prints its message without a
traceback. Anything else that escapes is a defect of ours and keeps its traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class FlowerablateError(Exception):
    """Base of all errors that are the input's fault, not the program's."""


class StudyError(FlowerablateError):
    """The study file or an override is wrong: unknown key, bad value, unknown component."""


class DataError(FlowerablateError):
    """The images cannot be used: none found, one class only, unreadable files."""


class PluginError(FlowerablateError):
    """A plugin broke the contract: duplicate name, unknown hook, wrong kind of spec."""


class LedgerError(FlowerablateError):
    """The ledger folder cannot be read or written."""


class TrainingError(FlowerablateError):
    """A trial cannot be trained as asked, for instance because the loss became NaN."""


def one_line(error: BaseException) -> str:
    """Return the type of *error* and what it says, in one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def nearest(word: str, valid: Iterable[str]) -> str:
    """Return a hint for a misspelt *word*: the nearest valid word, or the list of all of them."""
    names = sorted(valid)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"choose from: {', '.join(names)}" if names else "there is none to choose from"
