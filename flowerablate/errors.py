"""The errors of flowerablate: one line that states the cause and the cure.

Every error that a user can fix derives from :class:`FlowerablateError`; the command line prints its message without a
traceback. Any other exception is a bug and keeps its traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class FlowerablateError(Exception):
    """Base class of all errors that are caused by the input, not by the program."""

    of_component = False
    """Whether a component raised it, or did what it is about; see :func:`calling_a_component`."""


class StudyError(FlowerablateError):
    """The study file or an override is wrong: unknown key, bad value, unknown component."""


class DataError(FlowerablateError):
    """The images cannot be used: none found, only one class, unreadable files."""


class PluginError(FlowerablateError):
    """A plugin broke the contract: duplicate name, unknown hook, wrong kind of spec."""


class LedgerError(FlowerablateError):
    """The ledger folder cannot be read or written."""


class TrainingError(FlowerablateError):
    """A trial cannot be trained as requested, for instance because the loss became NaN."""


@contextmanager
def calling_a_component() -> Iterator[None]:
    """Note in errors of flowerablate and of the system that come up in the block that they are those of a component."""
    try:
        yield
    except (FlowerablateError, OSError) as error:
        error.of_component = True  # type: ignore[union-attr]
        raise


def concerns_all(error: BaseException) -> bool:
    """Whether *error* is about the study, its images or the disk, and not only about what uses one component."""
    if any(getattr(each, "of_component", False) for each in (error, error.__cause__)):
        return False
    return isinstance(error, StudyError | DataError | TrainingError | OSError)


_LONGEST = 600
"""Characters of a line that a component has a part in, at most."""


def shortened(line: str) -> str:
    """Return *line* without its middle if nobody would read it to the end."""
    half = _LONGEST // 2
    return line if len(line) <= _LONGEST else f"{line[:half]} ... {line[-half:]}"


def one_line(error: BaseException, *, first: bool = False) -> str:
    """Return the type and message of *error* in one line; of a message of several, all or the *first*."""
    text = _joined(error, first)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def message_of(error: BaseException) -> str:
    """Return the message of *error* in one line, or its type where it has none."""
    return _joined(error) or type(error).__name__


def _joined(error: BaseException, first: bool = False) -> str:
    try:
        lines = str(error).strip().splitlines()
    except Exception:  # the error of a component may not even have a text
        return ""
    return shortened(in_one_line(" ".join(lines[:1] if first else lines)))


def in_one_line(text: str) -> str:
    """Return *text* with one space for each stretch of white space, line breaks included."""
    return " ".join(text.split())


def without_cure(message: str) -> str:
    """Return what the *message* of an error says before its cure, which follows a semicolon."""
    return message.partition(";")[0]


def cause_of(error: OSError) -> str:
    """Return why the system refused something, in its words and lower case, such as ``permission denied``."""
    return (error.strerror or message_of(error)).lower()


def count_of(number: int, noun: str, many: str = "") -> str:
    """Return *number* with its noun in the singular or plural (*many* if an s does not make it): ``1,024 images``."""
    return f"{number:,} {noun if number == 1 else many or f'{noun}s'}"


def nearest(word: str, valid: Iterable[str]) -> str:
    """Return a hint for a misspelt *word*: the nearest valid word, or the list of all valid words."""
    names = sorted(valid)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"choose from: {', '.join(names)}" if names else "there is none to choose from"
