"""Imports the optional dependency Optuna."""

from __future__ import annotations

from types import ModuleType

from ..errors import FlowerablateError

PRUNERS = ("median", "hyperband", "none")
"""Names of the pruners, which end poor trials early."""


def optuna() -> ModuleType:
    """Return the package Optuna with its log limited to errors; raise :class:`FlowerablateError` if it is missing."""
    try:
        import optuna
    except ImportError as error:
        raise FlowerablateError(
            f"tuning needs Optuna, which cannot be imported ({error}); install it with pip install 'flowerablate[tune]'"
        ) from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna
