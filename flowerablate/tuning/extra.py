"""Optuna, where it is installed."""

from __future__ import annotations

from types import ModuleType

from ..errors import FlowerablateError

PRUNERS = ("median", "hyperband", "none")
"""Who gives up poor trials early, by name."""


def optuna() -> ModuleType:
    """Return the package Optuna, told to be quiet; where it is missing, one line says how to install it."""
    try:
        import optuna
    except ImportError as error:
        raise FlowerablateError(
            f"tuning needs Optuna, which cannot be imported ({error}); install it with pip install 'flowerablate[tune]'"
        ) from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna
