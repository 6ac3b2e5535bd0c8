"""Where the keys of a study are from, so that an error names the file only for what stands in it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from ..errors import StudyError

_KEY = re.compile(r"'?(?P<key>[A-Za-z]\w*(\.[\w-]+)*)'?(?=[:\s]|$)")


@dataclass(frozen=True)
class Origin:
    """The *file* of a study, empty without one, and the dotted keys that are *asked* for elsewhere and override it.

    All are equal: where its keys are from does not make a study another one.
    """

    file: str = field(default="", compare=False)
    asked: frozenset[str] = field(default=frozenset(), compare=False)

    @contextmanager
    def blaming(self, tables: Collection[str]) -> Iterator[None]:
        """Put the file before the message of a :class:`StudyError` about a key that the file sets.

        The key is that of :func:`about`, or the first word of the message if it is in one of the *tables* of a study.
        """
        try:
            yield
        except StudyError as error:
            if not getattr(error, "is_blamed", False):
                error.is_blamed = True  # type: ignore[attr-defined]
                if self._sets(_key_of(error, tables)):
                    error.args = (f"{self.file}: {error}",)
            raise

    def _sets(self, key: str) -> bool:
        """Whether what is said about *key*, empty if that is unknown, is about the file."""
        if not self.file:
            return False
        if not key:
            return not self.asked
        return not any(f"{each}.".startswith(f"{key}.") or f"{key}.".startswith(f"{each}.") for each in self.asked)


@contextmanager
def about(key: str) -> Iterator[None]:
    """Note in a :class:`StudyError` of the block which *key* of a study it is about; its message may not say so."""
    try:
        yield
    except StudyError as error:
        if not hasattr(error, "key"):
            error.key = key  # type: ignore[attr-defined]
        raise


def _key_of(error: StudyError, tables: Collection[str]) -> str:
    key = str(getattr(error, "key", ""))
    found = _KEY.match(str(error))
    if key or not found:
        return key
    return found["key"] if found["key"].partition(".")[0] in tables else ""
