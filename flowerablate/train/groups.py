"""Parameter groups for an optimizer, and the number of its steps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from torch import Tensor


def optimizer_steps(batches: int, accumulate: int) -> int:
    """Return the optimizer steps of an epoch of *batches*, where each step but the last takes *accumulate* batches."""
    return -(-batches // accumulate)


def parameter_groups(parameters: Iterable[Tensor], decay: str = "all") -> list[Any]:
    """Return the trainable tensors of *parameters* as torch's optimizers accept them: a list of tensors or of groups.

    With *decay* ``all`` it is a plain list. With ``weights`` it is up to two groups, ``{"params": [...]}``, each in the
    order of *parameters*: tensors of two or more dimensions, then the others (biases, and the scales and shifts of
    norms) with a ``weight_decay`` of 0 (He et al. 2019, arXiv:1812.01187, section 3.1).
    """
    trained = [parameter for parameter in parameters if parameter.requires_grad]
    if decay == "all":
        return trained
    weights = [parameter for parameter in trained if parameter.ndim >= 2]
    others = [parameter for parameter in trained if parameter.ndim < 2]
    groups = ({"params": weights}, {"params": others, "weight_decay": 0.0})
    return [group for group in groups if group["params"]]
