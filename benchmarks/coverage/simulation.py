"""Made-up studies through one procedure, and how often it is right: shared by the scripts of this folder."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence

import numpy as np
from cases import FIRST, LAST, Case
from procedures import Said, Scores


def simulate(case: Case, name: str, procedure: Callable[[Scores, Case], list[Said]], studies: int) -> dict[str, object]:
    """Return what *procedure*, called *name*, says of so many studies of *case*: means with their standard errors."""
    tallies = []
    for number in range(studies):
        # The name of the procedure is no part of the key: all of them see the same studies.
        random = np.random.default_rng([zlib.crc32(repr(case).encode()), number])
        scores = case.world.scores(case.replicates or case.drawn, random)
        tallies.append(_tally(procedure(scores, case), case))
    columns = {key: [tally[key] for tally in tallies if tally[key] is not None] for key in tallies[0]}
    row: dict[str, object] = {
        "case": case.name,
        "comparisons": len(case.world.effects),
        "replicates": case.replicates or f"{FIRST} to {LAST}",
        "procedure": name,
        "model_holds": case.model_holds,
    }
    for key, values in columns.items():
        if values:
            row[key] = round(float(np.mean(values)), 5)
            row[f"{key}_se"] = round(float(np.std(values, ddof=1) / np.sqrt(len(values))), 5)
    return row


def _tally(said: Sequence[Said], case: Case) -> dict[str, float | None]:
    """Return the results of one study as fractions of its comparisons; None if there are none of the kind."""
    truth = case.world.truth
    pairs = list(zip(said, truth, strict=True))
    covered = [
        low <= effect <= high for each, effect in pairs if each.interval is not None for low, high in [each.interval]
    ]
    real = [each for each, effect in pairs if effect]
    nothing = [each for each, effect in pairs if not effect]
    return {
        "covered": float(np.mean(covered)) if covered else None,
        "without_interval": float(np.mean([each.interval is None for each in said])),
        "family_error": float(
            any(_is_wrong(each.word, effect, case) for each, effect in zip(said, truth, strict=True))
        ),
        "found": float(np.mean([each.word in "+-" for each in real])) if real else None,
        "negligible": float(np.mean([each.word == "0" for each in nothing])) if nothing and case.margin else None,
        "together": _together(pairs),
        "trials": float(max(each.n for each in said) + sum(each.n for each in said)),
    }


def _is_wrong(word: str, effect: float, case: Case) -> bool:
    if word == "0":
        return case.margin is not None and abs(effect) >= case.margin * (1 - 1e-12)
    return (word == "+" and effect <= 0) or (word == "-" and effect >= 0)


def _together(pairs: Sequence[tuple[Said, float]]) -> float | None:
    """Return 1 if all thin intervals of a study hold the truth, else 0; None if it has none."""
    thin = [(*each.thin, effect) for each, effect in pairs if each.thin is not None]
    return float(all(low <= effect <= high for low, high, effect in thin)) if thin else None
