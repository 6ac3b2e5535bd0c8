"""What a careful person does before any ablation, as a ladder of checks."""

from .bench import Bench, set_up
from .ladder import RUNGS, chosen, climb
from .rung import Rung, Status

__all__ = ["RUNGS", "Bench", "Rung", "Status", "chosen", "climb", "set_up"]
