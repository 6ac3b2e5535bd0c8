"""The two checkpoints of a training: the best weights, and the last state, from which it resumes."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ..contracts import BEST, LAST
from ..errors import TrainingError, in_one_line, without_cure
from .state import load_state

_logger = logging.getLogger(__name__)


def load_best(model: nn.Module, folder: Path) -> int:
    """Load the weights of the best epoch in *folder* into *model*; return the number of that epoch."""
    state = load_state(folder / BEST)
    load_weights(model, state["model"], folder / BEST)
    return int(state["epoch"])


def load_weights(model: nn.Module, weights: dict[str, Any], path: Path) -> None:
    """Load *weights*, read from *path*, into *model*; weights of another model raise :class:`TrainingError`."""
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise TrainingError(f"{path} holds the weights of another model; delete it to start again") from error


def numeric_environment(device: torch.device) -> dict[str, str | int]:
    """Return what the last bits of the results depend on; a training must not mix two numeric environments."""
    on_gpu = device.type == "cuda"
    kind = torch.cuda.get_device_name(device) if on_gpu else torch.backends.cpu.get_cpu_capability()
    return {
        "torch": str(torch.__version__),
        "device": f"{device.type} {kind}",
        "threads": torch.get_num_threads(),
    }


def trusted_state(folder: Path, identity: Mapping[str, Any], here: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the last state in *folder*, or None if there is none to resume from.

    A state of another training than *identity* raises :class:`TrainingError`. A state that is damaged, or whose numeric
    environment is not *here*, is deleted with a warning.
    """
    path = folder / LAST
    if not path.exists():
        return None
    try:
        state = load_state(path)
        load_state(folder / BEST)  # without it the best of the epochs so far would be lost
    except (TrainingError, OSError) as error:
        _discard(path, without_cure(str(error)))
        return None
    if state.get("training") != identity:
        raise TrainingError(
            f"{path} belongs to another training ({_words(state.get('training'))}; "
            f"asked for: {_words(identity)}); delete it to start again"
        )
    if state.get("environment") != here:
        there = _words(state.get("environment"))
        _discard(path, f"{path} was trained in another environment ({there}; here: {_words(here)})")
        return None
    return state


def _discard(path: Path, cause: str) -> None:
    _logger.warning("%s; training starts again", in_one_line(cause))
    path.unlink()


def _words(identity: object) -> str:
    if not isinstance(identity, Mapping):
        return "unknown"
    return ", ".join(f"{name} {value}" for name, value in identity.items())
