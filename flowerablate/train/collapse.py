"""Why a loss is not a finite number, and what a person may do about it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .recipe import Recipe

SMALLER_STEPS = "lower optimizer.lr, warm up, or set train.clip_norm=1"
_UNASKED = 50
"""Batches after which a GPU is asked whether the loss is still finite: each question makes it wait for the answer."""


def is_looked_at(number: int, batches: int, device: torch.device) -> bool:
    """Say whether the loss is looked at after batch *number* of *batches*: on the CPU always, on a GPU now and then."""
    return device.type == "cpu" or number % _UNASKED == 0 or number == batches


def why_in_training(epoch: int, number: int, images: Tensor, logits: Tensor, model: nn.Module, recipe: Recipe) -> str:
    """Say where the loss was found to be no finite number, and by what the batch shows, why.

    *images* and *logits* are those of batch *number*; *model* has the weights with which they were computed, or those
    of a step later.
    """
    what = f"the loss was not finite at batch {number} of epoch {epoch}"
    if not torch.isfinite(images).all():
        return f"{what}: images hold values that are not finite; look at the steps and at how they normalise"
    if not all(torch.isfinite(parameter).all() for parameter in model.parameters()):
        return f"{what}: the weights had left the range of numbers; {SMALLER_STEPS}"
    if torch.isfinite(logits).all():
        return f"{what}, though the model's outputs were: look at the loss and its parameters, then {SMALLER_STEPS}"
    if recipe.precision == "float16":
        return f"{what}: float16 ends at 65504; set train.precision=bfloat16, or {SMALLER_STEPS}"
    return f"{what}: the model's outputs left the range of numbers; {SMALLER_STEPS}"


def why_in_validation(epoch: int) -> str:
    """Say that training was finite and validation was not."""
    return f"the validation loss was not finite after epoch {epoch}, though that in training was; {SMALLER_STEPS}"
