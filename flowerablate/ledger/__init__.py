"""One folder per trial: what was asked, how far it is, what came out. Killing anything at any time loses little."""

from .ledger import Claim, Ledger, TrialFolder
from .note import StudyNote
from .predictions import Predictions

__all__ = ["Claim", "Ledger", "Predictions", "StudyNote", "TrialFolder"]
