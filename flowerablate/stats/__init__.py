"""What the trials of a study say: paired effects, tests over the whole family, verdicts.

``summarise(results)`` is the way in; the other names are its parts.
"""

from .effects import Effect, minimum_detectable_effect, paired_effect, sign_flip_test
from .multiplicity import holm
from .summary import Row, Summary, summarise
from .verdicts import Decision, Verdict, decide

__all__ = [
    "Decision",
    "Effect",
    "Row",
    "Summary",
    "Verdict",
    "decide",
    "holm",
    "minimum_detectable_effect",
    "paired_effect",
    "sign_flip_test",
    "summarise",
]
