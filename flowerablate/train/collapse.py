"""Explains why a loss is not finite, and suggests a cure."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .recipe import Recipe

SMALLER_STEPS = "lower optimizer.lr, warm up, or set train.clip_norm=1"
_GPU_INTERVAL = 50
"""Batches between two checks of the loss on a GPU: each check makes the GPU wait."""


def is_checked(number: int, batches: int, device: torch.device) -> bool:
    """Whether the loss is checked after batch *number* of *batches*: always on the CPU, now and then on a GPU."""
    return device.type == "cpu" or number % _GPU_INTERVAL == 0 or number == batches


def why_in_training(epoch: int, number: int, images: Tensor, logits: Tensor, model: nn.Module, recipe: Recipe) -> str:
    """Return at which batch the training loss was found not to be finite, the likely cause and the cure.

    *images* and *logits* are those of batch *number*; *model* has the weights that computed them, or those of one step
    later.
    """
    what = f"the loss was not finite at batch {number} of epoch {epoch}"
    if not torch.isfinite(images).all():
        return f"{what}: images contain values that are not finite; check the steps and their normalisation"
    if not all(torch.isfinite(parameter).all() for parameter in model.parameters()):
        return f"{what}: the weights overflowed; {SMALLER_STEPS}"
    if torch.isfinite(logits).all():
        return f"{what}, although the model's outputs were: check the loss and its parameters, then {SMALLER_STEPS}"
    if recipe.precision == "float16":
        return f"{what}: float16 ends at 65504; set train.precision=bfloat16, or {SMALLER_STEPS}"
    return f"{what}: the model's outputs overflowed; {SMALLER_STEPS}"


def why_in_validation(epoch: int) -> str:
    """Return the message for a validation loss that is not finite although the training loss was."""
    return f"the validation loss was not finite after epoch {epoch}, although the training loss was; {SMALLER_STEPS}"
