"""The contrasts of a study by kind, and the words for each kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..contracts import ContrastKind
from ..stats import Row, Summary


@dataclass(frozen=True)
class Words:
    """The words for rows of one kind.

    *title* is their heading; *arms* are the two arms whose means are shown: the effect is the first minus the second,
    or *formula* if it is not between two arms. A positive effect *favours* that side; *sides* are the verdicts for a
    negative and a positive one.
    """

    title: str
    arms: tuple[str, str] | None
    favours: str
    sides: tuple[str, str]
    formula: str = ""

    @property
    def effect(self) -> str:
        """The formula of the effect, such as ``base − without``."""
        return " − ".join(self.arms) if self.arms else self.formula


_EFFECT = ("hurts", "helps")
_CHOICE = ("new wins", "base wins")

WORDS: dict[ContrastKind, Words] = {
    "removal": Words("left out", ("base", "without"), "the component", _EFFECT),
    "addition": Words("added to the bare pipeline", ("with", "without"), "the component", _EFFECT),
    "swap": Words("swapped", ("base", "new"), "the base", _CHOICE),
    "setting": Words("other settings", ("base", "new"), "the base", _CHOICE),
    "main effect": Words("main effects", ("with", "without"), "the component", _EFFECT),
    "interaction": Words(
        "interactions",
        None,
        "doing more together",
        ("less", "more"),
        "effect of one with the other − effect without it",
    ),
    "share": Words("Shapley values", None, "the component", _EFFECT, "part of full − bare"),
    "control": Words("controls", ("base", "control"), "the base", ("differs", "differs")),
    "exploration": Words("shown only", ("base", "other"), "the base", ("other", "base")),
}


@dataclass(frozen=True)
class Group:
    """Rows of one kind: their *positions* in ``summary.rows`` and the *words* for them."""

    kind: ContrastKind
    words: Words
    positions: tuple[int, ...]


def kind_of(row: Row) -> ContrastKind:
    """Return the kind of the contrast of *row*."""
    return row.contrast.kind if row.contrast else "removal"


def groups_of(summary: Summary) -> tuple[Group, ...]:
    """Return the rows by kind; kinds and rows keep their order."""
    found: dict[ContrastKind, list[int]] = {}
    for position, row in enumerate(summary.rows):
        found.setdefault(kind_of(row), []).append(position)
    return tuple(Group(kind, WORDS[kind], tuple(positions)) for kind, positions in found.items())


def order_of(summary: Summary) -> tuple[int, ...]:
    """Return the positions of ``summary.rows`` in the order of the table, group by group."""
    return tuple(position for group in groups_of(summary) for position in group.positions)


def heading(group: Group) -> str:
    """Return the heading of *group*, such as ``left out: base − without``."""
    return f"{group.words.title}: {group.words.effect}"


def arms_of_all(groups: Sequence[Group]) -> str:
    """Return the header of the means, such as ``base → without``; generic if kinds differ (see the headings)."""
    found = (("with", "without") if group.kind == "share" else group.words.arms for group in groups)
    arms = {names for names in found if names}
    return " → ".join(arms.pop()) if len(arms) == 1 else "first → second"


def sides_of_all(summary: Summary) -> tuple[str, str]:
    """Return the words for the left and the right side of 0 in a plot."""
    sides = {group.words.sides for group in groups_of(summary)}
    left, right = sides.pop() if len(sides) == 1 else ("against", "for")
    return (right, left) if summary.lower_is_better else (left, right)
