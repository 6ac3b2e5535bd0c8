"""Analyses the trials of a study: paired effects, tests over the whole family, verdicts.

``summarise(results)`` is the entry point; the other names are its parts.
docs/explanation/statistics.md gives each rule with its source.
"""

from .between import EffectDifference, difference_of_effects, difference_of_paired_effects
from .effects import Effect, minimum_detectable_effect, paired_effect, sign_flip_test
from .equivalence import Equivalence, equivalence_test
from .evidence import Evidence, Judge
from .judging import evidence_for, fixed_evidence
from .multiplicity import Adjusted, adjust, holm, joint
from .robust import Center, Robust, robust_effect
from .rows import Row, Secondary, Summary, Tally
from .summary import summarise
from .verdicts import Decision, Verdict, decide

__all__ = [
    "Adjusted",
    "Center",
    "Decision",
    "Effect",
    "EffectDifference",
    "Equivalence",
    "Evidence",
    "Judge",
    "Robust",
    "Row",
    "Secondary",
    "Summary",
    "Tally",
    "Verdict",
    "adjust",
    "decide",
    "difference_of_effects",
    "difference_of_paired_effects",
    "equivalence_test",
    "evidence_for",
    "fixed_evidence",
    "holm",
    "joint",
    "minimum_detectable_effect",
    "paired_effect",
    "robust_effect",
    "sign_flip_test",
    "summarise",
]
