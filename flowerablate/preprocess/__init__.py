"""Compiles the steps of a pipeline into native chains; the only room that uses the native core."""

from .chain import Preprocess
from .fit import fit
from .steps import BuiltStep, Stages, stage

__all__ = ["BuiltStep", "Preprocess", "Stages", "fit", "stage"]
