"""Compiles the steps of a pipeline into native chains; the only room that uses the native core."""

from .chain import Drawn, Preprocess
from .steps import BuiltStep, Stages, stage

__all__ = ["BuiltStep", "Drawn", "Preprocess", "Stages", "stage"]
