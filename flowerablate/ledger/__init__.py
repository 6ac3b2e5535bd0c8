"""One folder per trial: its settings, its progress and its result. Killing a run at any time loses little."""

from .ledger import Claim, Ledger, TrialFolder
from .note import StudyNote
from .predictions import Predictions

__all__ = ["Claim", "Ledger", "Predictions", "StudyNote", "TrialFolder"]
