"""The ablation designs: which variants of the base pipeline to run, and which questions they answer.

Every question is a :class:`~flowerablate.contracts.Contrast`, a weighted sum of variants; each design has a file that
defines the weights. Several designs in one study share their variants.
"""

from .ask import design
from .changes import Target, removable, swapped, without
from .settings import candidates, setting_keys

__all__ = [
    "Target",
    "candidates",
    "design",
    "removable",
    "setting_keys",
    "swapped",
    "without",
]
