"""One folder per trial: what was asked, how far it is, what came out. Killing anything at any time loses little."""

from .ledger import Claim, LatestRun, Ledger, TrialFolder

__all__ = ["Claim", "LatestRun", "Ledger", "TrialFolder"]
