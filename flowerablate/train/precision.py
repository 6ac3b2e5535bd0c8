"""Numbers in which a model computes, while its weights stay float32; and the model as one compiled program."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from ..errors import TrainingError

_KINDS = {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}


def check_precision(precision: str, device: torch.device) -> None:
    """Refuse a *precision* that *device* does not compute in, with :class:`TrainingError`."""
    if precision not in _KINDS:
        raise TrainingError(f"train.precision {precision!r} is not known; choose from: {', '.join(_KINDS)}")
    if not computes_in(precision, device):
        raise TrainingError("train.precision float16 needs a GPU; choose bfloat16 or float32 on the CPU")


def computes_in(precision: str, device: torch.device) -> bool:
    """Whether *device* computes in *precision*: processors have float16 only in loops a hundred times slower."""
    return precision != "float16" or device.type != "cpu"


def autocast(precision: str, device: torch.device) -> torch.autocast:
    """Return the context in which a forward pass computes in *precision*; it may be entered again and again."""
    kind = _KINDS[precision]
    return torch.autocast(device.type, dtype=kind or torch.bfloat16, enabled=kind is not None)


def gradient_scaler(precision: str, device: torch.device) -> torch.amp.GradScaler:
    """Return what keeps the gradients of float16 off its smallest numbers; for other precisions it does nothing."""
    return torch.amp.GradScaler(device.type, enabled=precision == "float16")


def compiled(model: nn.Module) -> Callable[[Tensor], Tensor]:
    """Return *model*'s forward pass as one program of ``torch.compile``, made at its first call.

    The names of the model's own state stay as they are. Where torch cannot make the program, the call raises
    :class:`TrainingError`.
    """
    program = torch.compile(model)

    def forward(images: Tensor) -> Tensor:
        try:
            logits: Tensor = program(images)
        except Exception as error:
            if not type(error).__module__.startswith(("torch._dynamo", "torch._inductor")):
                raise
            said = " ".join([line.strip() for line in str(error).splitlines() if line.strip()][:2])
            advice = "set train.compile=false"
            raise TrainingError(f"torch.compile makes no program of this model ({said}); {advice}") from error
        return logits

    return forward
