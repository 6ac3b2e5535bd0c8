"""The precision in which a model computes (its weights stay float32), and compilation by torch.compile."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from ..errors import TrainingError

_KINDS = {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}


def check_precision(precision: str, device: torch.device) -> None:
    """Raise :class:`TrainingError` if *device* does not support *precision*."""
    if precision not in _KINDS:
        raise TrainingError(f"unknown train.precision {precision!r}; choose from: {', '.join(_KINDS)}")
    if not computes_in(precision, device):
        raise TrainingError("train.precision float16 needs a GPU; choose bfloat16 or float32 on the CPU")


def computes_in(precision: str, device: torch.device) -> bool:
    """Whether *device* supports *precision*: on a CPU, float16 would be a hundred times slower."""
    return precision != "float16" or device.type != "cpu"


def is_slow(precision: str, device: torch.device) -> bool:
    """Whether *device* lacks the arithmetic of *precision*, so that torch emulates it: several times slower."""
    supported = getattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", None)  # torch has no public name for it
    return precision == "bfloat16" and device.type == "cpu" and supported is not None and not supported()


def autocast(precision: str, device: torch.device) -> torch.autocast:
    """Return a context manager in which a forward pass computes in *precision*; it may be entered repeatedly."""
    kind = _KINDS[precision]
    return torch.autocast(device.type, dtype=kind or torch.bfloat16, enabled=kind is not None)


def gradient_scaler(precision: str, device: torch.device) -> torch.amp.GradScaler:
    """Return a scaler that keeps float16 gradients from underflow; it does nothing for other precisions."""
    return torch.amp.GradScaler(device.type, enabled=precision == "float16")


def compiled(model: nn.Module) -> Callable[[Tensor], Tensor]:
    """Return *model*'s forward pass compiled by ``torch.compile`` at its first call.

    The names in the model's state do not change. If torch cannot compile the model, the call raises
    :class:`TrainingError`.
    """
    if torch.are_deterministic_algorithms_enabled():
        # The compiler has a setting of its own, which prepare_process spares those who do not load it.
        torch.use_deterministic_algorithms(True, warn_only=torch.is_deterministic_algorithms_warn_only_enabled())
    program = torch.compile(model)

    def forward(images: Tensor) -> Tensor:
        try:
            logits: Tensor = program(images)
        except Exception as error:
            if not type(error).__module__.startswith(("torch._dynamo", "torch._inductor")):
                raise
            cause = " ".join([line.strip() for line in str(error).splitlines() if line.strip()][:2])
            advice = "set train.compile=false"
            raise TrainingError(f"torch.compile failed for this model ({cause}); {advice}") from error
        return logits

    return forward
