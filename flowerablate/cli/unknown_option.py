"""What to say where a command has no such option: the key of the study behind it, the nearest one, or who has it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

_NEAR = 0.75
"""Likeness of two options from which one is a misspelling of the other."""


def advice_on(option: str, own: Iterable[str], others: Mapping[str, Iterable[str]]) -> str:
    """Return what to use in place of *option*, as the end of a sentence; empty if nothing comes near it.

    *own* are the options of the command, *others* those of each other command.
    """
    names = list(own)
    having = [name for name, options in others.items() if option in options]
    key = _key_of(option)
    if having and key and "--set" in names:
        return f"; use --set {key}=..."
    close = difflib.get_close_matches(option, names, n=1, cutoff=_NEAR)
    if close:
        return f"; did you mean {close[0]}?"
    if having:
        listed = ", ".join(f"'{name}'" for name in having[:3])
        return f"; it is an option of {listed}{' and others' if len(having) > 3 else ''}"
    return ""


def _key_of(option: str) -> str:
    """Return the key of a study that *option* sets as it is, or nothing."""
    from ..api.options import RunOptions, options_of

    declared = {f"--{name.replace('_', '-')}": each.key for name, (_, each) in options_of(RunOptions).items()}
    return declared.get(option, "")
