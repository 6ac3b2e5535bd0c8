"""Where a model looks: Grad-CAM (Selvaraju et al. 2017, ICCV, doi:10.1109/ICCV.2017.74).

The activations of the last layer that still has height and width are weighted by the mean gradient of the class's
logit, summed over the channels, and clipped below 0. The layer is found by running the model, so any network will do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ..errors import TrainingError
from .predictor import Predictor


@dataclass(frozen=True)
class Maps:
    """Maps of B images: *values*, float32 [B, S, S] from 0 to 1, and *classes*, int64 [B], the class of each map.

    *probabilities*: float64 [B, K]. *layer*: the name of the module whose activations were used. A map without any
    evidence for its class is 0 everywhere.
    """

    values: NDArray[np.float32]
    classes: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    layer: str


def grad_cam(predictor: Predictor, images: Tensor, of: int | None = None) -> Maps:
    """Return the maps of preprocessed *images*, float32 [B, C, S, S], for class *of*, by default the predicted one.

    Raises :class:`TrainingError` if no layer of the model has height and width.
    """
    model, images = predictor.model, predictor.on_device(images)
    name, layer = _last_with_pixels(model, images[:1])
    kept: list[Tensor] = []

    def keep(module: nn.Module, given: Any, output: Tensor) -> Tensor:
        kept.append(output)
        return output.clone()  # the next layer may change its input in place

    handle = layer.register_forward_hook(keep)
    try:
        with torch.enable_grad():
            logits = model(images.clone().requires_grad_())
            classes = logits.argmax(dim=1) if of is None else torch.full((len(images),), of, device=logits.device)
            score = logits.gather(1, classes[:, None]).sum()
            (gradient,) = torch.autograd.grad(score, kept[-1])
    finally:
        handle.remove()
    weights = gradient.float().mean(dim=(2, 3), keepdim=True)
    maps = functional.relu((weights * kept[-1].detach().float()).sum(dim=1, keepdim=True))
    maps = functional.interpolate(maps, size=images.shape[2:], mode="bilinear", align_corners=False)[:, 0]
    highest = maps.amax(dim=(1, 2), keepdim=True)
    values = torch.where(highest > 0, maps / highest.clamp_min(torch.finfo(maps.dtype).tiny), 0.0)
    probabilities = torch.softmax(logits.detach().float().cpu().double(), dim=1).numpy()
    return Maps(values.cpu().numpy(), classes.cpu().numpy(), probabilities, name)


def _last_with_pixels(model: nn.Module, image: Tensor) -> tuple[str, nn.Module]:
    """Return the last module of the forward pass that returns [B, C, h, w] of more than one pixel."""
    found: list[tuple[str, nn.Module]] = []

    def watch(name: str) -> Any:
        def note(module: nn.Module, given: Any, output: Any) -> None:
            if isinstance(output, Tensor) and output.ndim == 4 and output.shape[2] * output.shape[3] > 1:
                found.append((name, module))

        return note

    handles = [module.register_forward_hook(watch(name)) for name, module in model.named_modules()]
    try:
        with torch.inference_mode():
            model(image)
    finally:
        for handle in handles:
            handle.remove()
    if not found:
        raise TrainingError("no layer of the model has height and width, so Grad-CAM cannot map where it looks")
    return found[-1]
