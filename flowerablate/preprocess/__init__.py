"""Compiles the steps of a pipeline into native chains; the only room that uses the native core."""

from .batch_ops import BatchOps
from .chain import Drawn, Preprocess, require_core
from .fit import fit
from .steps import BuiltStep, NamedOp, Stages, stage

__all__ = ["BatchOps", "BuiltStep", "Drawn", "NamedOp", "Preprocess", "Stages", "fit", "require_core", "stage"]
