"""One folder per trial: its settings, its progress and its result. Killing a run at any time loses little."""

from .ledger import Ledger
from .note import StudyNote
from .predictions import Predictions
from .trial_folder import Claim, TrialFolder

__all__ = ["Claim", "Ledger", "Predictions", "StudyNote", "TrialFolder"]
