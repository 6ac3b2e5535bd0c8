"""How changes and questions are written: one sign for each part, such as ``-flip -light``.

``-`` stands before each part that is left out, ``+`` before each that is added to the bare pipeline; settings stand
beside them: ``-model.skip model.width=32``. Without signs, a component of several parts is called ``flip & light``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

_TIMES = " × "
"""What stands between the components of an interaction."""

ASKED_EARLIER = ", asked earlier"
"""What follows the label of a question if a later one has the same label."""

_NAME = r"[A-Za-z0-9][A-Za-z0-9_-]*(?:\.[A-Za-z_]\w*)?"
_JOINED = re.compile(r"(?<=\S)\+(?=\S)")
_SIGNED = re.compile(rf"([-+])({_NAME}(?:\+{_NAME})*)(?=\+|$)")
_BEFORE_A_SETTING = re.compile(rf"\+(?={_NAME}=)")


def label_of(change: str) -> str:
    """Return the label of the variant with this *change*, in tables and their notes."""
    return change.removeprefix("control=") or "base"


def signed(sign: Literal["-", "+"], parts: Iterable[str]) -> str:
    """Return *parts*, each with its *sign*: ``-flip -light``."""
    return " ".join(f"{sign}{part}" for part in parts)


def together(parts: Iterable[str]) -> str:
    """Return the name of a component of these *parts*: ``flip & light``."""
    return " & ".join(parts)


def interaction_of(components: Iterable[str]) -> str:
    """Return the name of the interaction of *components*: ``(flip & light) × model.skip``."""
    return _TIMES.join(f"({name})" if " & " in name else name for name in components)


def removed_by(change: str) -> tuple[str, ...]:
    """Return the parts that *change* leaves out, as far as its text tells; none if it does anything else."""
    words = change.split()
    return tuple(word[1:] for word in words) if words and all(word.startswith("-") for word in words) else ()


def current_label(text: str) -> str:
    """Return a change or the label of a question as it is written now.

    Ledgers of earlier versions, and users, write ``-flip+light`` for ``-flip -light``. What is written in the
    current way is returned unchanged.
    """
    if not _JOINED.search(text):
        return text
    label, earlier, number = text.partition(ASKED_EARLIER)
    found = _SIGNED.match(label)
    rest = label[found.end() :] if found else label
    if found:
        settings = _BEFORE_A_SETTING.sub(" ", rest)
        current = signed("-" if found[1] == "-" else "+", found[2].split("+")) + settings
    elif "=" in label:
        current = _BEFORE_A_SETTING.sub(" ", label)
    else:
        current = _with_groups(label)
    return f"{current}{earlier}{number}"


def _with_groups(label: str) -> str:
    head = "share of " if label.startswith("share of ") else ""
    tail = " on average" if label.endswith(" on average") else ""
    names = label.removeprefix(head).removesuffix(tail).split(_TIMES)
    groups = [together(_JOINED.split(name)) for name in names]
    if groups == names:
        return label
    whole = _TIMES.join(
        f"({new})" if len(names) > 1 and new != old else new for old, new in zip(names, groups, strict=True)
    )
    return f"{head}{whole}{tail}"
