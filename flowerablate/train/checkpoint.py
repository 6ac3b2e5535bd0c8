"""The two checkpoints of a training: the best weights, and the last state, from which it goes on."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ..contracts import BEST, LAST
from ..errors import TrainingError
from .state import load_state

_logger = logging.getLogger(__name__)


def load_best(model: nn.Module, folder: Path) -> int:
    """Load the weights of the best epoch in *folder* into *model* and return that epoch."""
    state = load_state(folder / BEST)
    load_weights(model, state["model"], folder / BEST)
    return int(state["epoch"])


def load_weights(model: nn.Module, weights: dict[str, Any], path: Path) -> None:
    """Load *weights*, which stand in *path*, into *model*; those of another model raise :class:`TrainingError`."""
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise TrainingError(f"{path} holds the weights of another model; delete it to start anew") from error


def surroundings(device: torch.device) -> dict[str, str | int]:
    """Return what the last bits of the numbers depend on; one training must not mix those of two machines."""
    on_gpu = device.type == "cuda"
    kind = torch.cuda.get_device_name(device) if on_gpu else torch.backends.cpu.get_cpu_capability()
    return {
        "torch": str(torch.__version__),
        "device": f"{device.type} {kind}",
        "threads": torch.get_num_threads(),
    }


def trusted_state(folder: Path, identity: Mapping[str, Any], here: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the last state in *folder*, or None where there is none.

    *identity* says which training it must be of, else :class:`TrainingError`; *here* are the surroundings. A state that
    cannot be gone on from, damaged or from other surroundings, is deleted with a warning.
    """
    path = folder / LAST
    if not path.exists():
        return None
    try:
        state = load_state(path)
        load_state(folder / BEST)  # without it the epochs up to now would have been in vain
    except (TrainingError, OSError) as error:
        _discard(path, str(error).partition(";")[0])
        return None
    if state.get("training") != identity:
        raise TrainingError(
            f"{path} belongs to another training ({_words(state.get('training'))}; "
            f"asked for: {_words(identity)}); delete it to start anew"
        )
    if state.get("surroundings") != here:
        there = _words(state.get("surroundings"))
        _discard(path, f"{path} was trained elsewhere ({there}; here: {_words(here)})")
        return None
    return state


def _discard(path: Path, cause: str) -> None:
    _logger.warning("%s; training starts anew", " ".join(cause.split()))
    path.unlink()


def _words(identity: object) -> str:
    if not isinstance(identity, Mapping):
        return "none of ours"
    return ", ".join(f"{name} {value}" for name, value in identity.items())
