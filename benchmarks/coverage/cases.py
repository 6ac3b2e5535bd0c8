"""Which studies are simulated: worlds, sizes, margins, looks."""

from __future__ import annotations

from dataclasses import dataclass, field

from worlds import NOISE, World

FIRST, LAST = 5, 20
"""Initial and maximum number of replicates of the adaptive studies."""


FAILS = ("at random", "the worst", "the worst of the variants")
"""Which trials fail, if any: a twentieth of all by chance, or by their scores, those of the base as well or not."""


@dataclass(frozen=True)
class Case:
    """Studies of one kind. *replicates*: of a fixed study; None stands for an adaptive one.

    *drawn*: replicates that are made up for a study without a fixed number. *fails*: which trials fail, one of
    ``FAILS``. *model_holds*: whether the differences are
    normal, so that the nominal level is owed and not only hoped for. *counted*: whether trials record the number of
    test images, of which an accuracy is a count.
    """

    name: str
    world: World
    replicates: int | None
    margin: float | None = None
    model_holds: bool = True
    counted: bool = True
    drawn: int = field(default=LAST, repr=False)
    fails: str = field(default="", repr=False)

    @property
    def adaptive(self) -> bool:
        """Whether replicates are added where the verdict is open."""
        return self.replicates is None


def _nothing(comparisons: int) -> tuple[float, ...]:
    return (0.0,) * comparisons


def _some(comparisons: int, size: float) -> tuple[float, ...]:
    """Half of the comparisons are real, of *size*, with alternating signs; the other half are nothing."""
    return tuple(size * (-1) ** (j // 2) if j % 2 else 0.0 for j in range(comparisons))


MARGIN = 1.5 * NOISE

COVERAGE = [
    *(
        Case(f"normal, {m} comparison{'s' * (m > 1)}", World(_nothing(m)), n)
        for m in (1, 3, 10)
        for n in (3, 5, 10, 20)
    ),
    *(Case(f"normal, pairs correlate {rho:g}", World(_nothing(5), rho), n) for rho in (0.0, 0.9) for n in (5, 20)),
    *(Case("half of them real", World(_some(6, NOISE)), n) for n in (5, 10, 20)),
    *(
        Case("heavy tails (t, 3 degrees of freedom)", World(_nothing(5), tails=3), n, model_holds=False)
        for n in (5, 10, 20)
    ),
    *(Case("5 % of runs collapse", World(_nothing(5), collapse=0.05), n, model_holds=False) for n in (5, 10, 20)),
    *(Case("accuracy on 300 images", World(_nothing(5), images=300), n, model_holds=False) for n in (5, 10, 20)),
    *(
        Case(
            f"accuracy of {center:g} on 100 images", World(_nothing(5), images=100, center=center), n, model_holds=False
        )
        for center in (0.95, 0.99)
        for n in (5, 10)
    ),
    *(
        Case(
            f"coarse metric of {center:g}, its step not known",
            World(_nothing(5), images=100, center=center),
            n,
            model_holds=False,
            counted=False,
        )
        for center in (0.95, 0.99)
        for n in (5, 10)
    ),
]
"""Intervals and the error of the family, fixed size."""

SKEW = [
    *(
        Case(f"{shape} differences", World(_nothing(m), shape=shape), n, model_holds=False)
        for shape in ("exponential", "lognormal")
        for n in (5, 10)
        for m in (1, 3, 10)
    ),
    Case("exponential differences", World(_nothing(3), shape="exponential"), 20, model_holds=False),
    *(
        Case("variants collapse in 10 % of runs, the base never", World(_nothing(3), collapse=0.1, one_arm=True), n,
             model_holds=False)
        for n in (10, 20)
    ),
]  # fmt: skip
"""Components that change how scores vary: differences are skewed, which those of exchangeable arms are not."""

FEW = [
    *(
        Case(name, World(_nothing(1), **world), n, model_holds=False)
        for name, world in (
            ("normal", {}),
            ("uniform", {"shape": "uniform"}),
            ("two modes", {"shape": "two modes"}),
            ("accuracy of .95 on 100 images", {"images": 100, "center": 0.95}),
        )
        for n in (2, 3, 4, 5, 6)
    ),
    *(
        Case(name, World(_nothing(m), shape=shape), n, model_holds=False)
        for name, shape in (("two modes", "two modes"), ("both arms have two modes", "two modes of both"))
        for m in (3, 10)
        for n in (5, 6, 8, 10)
    ),
]
"""Few replicates, symmetric differences: where the shape is that of the differences, comparisons are independent."""

EQUIVALENCE = [
    *(Case("all are nothing", World(_nothing(5)), n, MARGIN) for n in (5, 10, 20)),
    *(Case("all are at the margin", World((MARGIN,) * 5), n, MARGIN) for n in (5, 10, 20)),
    *(Case("nothing, or at the margin", World(_some(6, MARGIN)), n, MARGIN) for n in (5, 10, 20)),
]
"""With a margin: false «negligible» counts too. At the margin the rate of that error is at its maximum."""

ADAPTIVE = [
    *(Case(f"normal, {m} comparison{'s' * (m > 1)}", World(_nothing(m)), None) for m in (1, 3, 10)),
    Case("half of them real", World(_some(6, NOISE)), None),
    Case("nothing, or at the margin", World(_some(6, MARGIN)), None, MARGIN),
    Case("all are at the margin", World((MARGIN,) * 5), None, MARGIN),
    Case("heavy tails (t, 3 degrees of freedom)", World(_nothing(5), tails=3), None, model_holds=False),
    Case("5 % of runs collapse", World(_nothing(5), collapse=0.05), None, model_holds=False),
]
"""Replicates are added where the verdict is open, from FIRST to LAST."""

POWER = [
    Case(f"pairs correlate {rho:g}", World(_some(6, NOISE), rho), n) for rho in (0.0, 0.5, 0.9) for n in (5, 10, 20)
]
"""Ours beside other ways: half of six comparisons are real, as large as the noise of a score."""

EXTENSION = [
    *(Case(f"normal, {m} comparison{'s' * (m > 1)}", World(_nothing(m)), None, drawn=40) for m in (1, 3, 10)),
    Case("half of them real", World(_some(6, NOISE)), None, drawn=40),
    Case("heavy tails (t, 3 degrees of freedom)", World(_nothing(5), tails=3), None, model_holds=False, drawn=40),
    Case("accuracy on 300 images", World(_nothing(5), images=300), None, model_holds=False, drawn=40),
]
"""Replicates are added after a look at a table that was meant to be the only one."""

SEQUENCES = [
    *(Case(f"normal, {m} comparison{'s' * (m > 1)}", World(_nothing(m)), None, drawn=20) for m in (1, 3, 10)),
    Case("half of them real", World(_some(6, NOISE)), None, drawn=20),
    Case("heavy tails (t, 3 degrees of freedom)", World(_nothing(5), tails=3), None, model_holds=False, drawn=20),
]
"""What is done next is chosen by what the last table showed."""

FAMILIES = [
    *(Case("all are nothing", World(_nothing(m)), n) for m in (3, 10) for n in (5, 10, 20)),
    *(Case("half of them real", World(_some(10, NOISE)), n) for n in (10, 20)),
    Case("half real, pairs correlate 0.9", World(_some(10, NOISE / 2), 0.9), 10),
    *(Case("heavy tails (t, 3 df)", World(_nothing(10), tails=3), n, model_holds=False) for n in (10, 20)),
    Case("heavy tails, half real", World(_some(10, NOISE), tails=3), 10, model_holds=False),
    Case("5 % of runs collapse", World(_nothing(10), collapse=0.05), 10, model_holds=False),
    Case("accuracy of 0.95 on 100 images", World(_nothing(10), images=100, center=0.95), 10, model_holds=False),
    Case("exponential differences", World(_nothing(10), shape="exponential"), 10, model_holds=False),
]
"""Holm's procedure beside max-T, for which it stands in below ten replicates."""

COARSE = [
    Case(f"macro F1 of {m} of 100 images right", World(_nothing(5), images=100, center=m / 100, macro_f1=True), n,
         model_holds=False)
    for m in (80, 95, 99)
    for n in (5, 10)
]  # fmt: skip
"""A metric in unequal steps, whose smallest is not the one that rounds: differences are often equal by chance."""

FAILING = [
    Case(f"{m} comparison{'s' * (m > 1)}, a twentieth fails: {how}", World(_nothing(m)), None,
         model_holds=how == FAILS[0], drawn=20, fails=how)
    for how in FAILS
    for m in (1, 3)
]  # fmt: skip
"""A fixed study is extended, and some of its trials fail."""
