"""A ladder of checks to run before any ablation."""

from .bench import Bench, set_up
from .ladder import RUNGS, chosen, climb
from .rung import Rung, Status

__all__ = ["RUNGS", "Bench", "Rung", "Status", "chosen", "climb", "set_up"]
