"""The rung ``batch``: one batch passes forward and backward, and each image is answered independently."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..keyed import torch_seed
from ..stats.wording import count
from ..train.keyed_init import seed_torch
from ..train.loop import Parts
from .bench import Bench
from .rung import Rung, judged

_MAX_INPUT = 30.0
"""Maximum absolute value of a normalised input: bytes reach 255, standardised images about 10."""

_MIN_STD = 1e-3
"""Minimum standard deviation within an image; below it, the image is blank."""

_STEPS = 3
"""Optimizer steps within which a gradient must reach each parameter: zero-initialised branches need several."""

_TOLERANCE = 1e-3
"""Maximum difference that the batch size may cause by rounding, as a fraction of the largest absolute logit."""

_MAX_NAMED = 4
"""Maximum number of parameters named in a fault."""


def check(bench: Bench) -> Rung:
    """Pass the first training batch through model and loss, and train a few steps on it."""
    images, labels = bench.first_batch()
    parts = bench.parts(epochs=1, steps=_STEPS)
    faults = {**_faults_of_images(bench, images), **_faults_of_labels(bench, labels)}
    deviation = float(images.std())
    values = {"minimum": float(images.min()), "maximum": float(images.max()), "standard deviation": deviation}
    seen = [
        f"images {_shape(images)}, from {values['minimum']:.2f} to {values['maximum']:.2f}, "
        f"mean {float(images.mean()):.2f}, standard deviation {deviation:.2f}",
        f"labels {_shape(labels)}",
    ]
    seed_torch(torch_seed(bench.seed, "forward", 1, 1))
    logits = parts.model.train()(images).detach()
    wanted = (len(images), len(bench.classes))
    if tuple(logits.shape) != wanted:
        faults[f"the model returns {_shape(logits)}, expected {wanted[0]} x {wanted[1]}"] = (
            "give the model one output for each class"
        )
        return judged("batch", tuple(seen), faults, values)
    seen.append(f"outputs {_shape(logits)}, from {float(logits.min()):.2f} to {float(logits.max()):.2f}")
    if not torch.isfinite(logits).all():
        faults["the outputs are not all finite numbers"] = "look for a division by zero or an overflow in the model"
        return judged("batch", tuple(seen), faults, values)
    faults |= _faults_of_gradients(bench, parts, images, labels, seen, values)
    faults |= _faults_of_dependence(parts.model, images, seen, values)
    return judged("batch", tuple(seen), faults, values)


def _faults_of_images(bench: Bench, images: Tensor) -> dict[str, str]:
    shape, size = bench.pipeline.input, bench.pipeline.input.image_size
    if tuple(images.shape[1:]) != (shape.channels, size, size) or not images.is_floating_point():
        return {f"images are {_shape(images)} {images.dtype}": "set input.image_size and input.channels to match"}
    if not torch.isfinite(images).all():
        return {
            "some pixels are not finite numbers": "check the last step: does it divide by a standard deviation of zero?"
        }
    if float(images.abs().max()) > _MAX_INPUT:
        reach = float(images.abs().max())
        return {f"pixels reach {reach:.0f}": "end the steps with a normalising one, such as 'normalize'"}
    if float(images.std(dim=(2, 3)).max()) < _MIN_STD:
        return {
            "every image has a single colour": "check the images of the rung 'inputs' to find the step that blanks them"
        }
    return {}


def _faults_of_labels(bench: Bench, labels: Tensor) -> dict[str, str]:
    classes = len(bench.classes)
    if labels.ndim == 2:
        if tuple(labels.shape[1:]) == (classes,) and torch.allclose(
            labels.sum(1), torch.ones_like(labels[:, 0]), atol=1e-4
        ):
            return {}
        return {"mixed labels do not sum to one": "fix the step that mixes them"}
    if bool(((labels < 0) | (labels >= classes)).any()):
        return {f"labels are not all between 0 and {classes - 1}": "number the classes of the data set from 0"}
    if bool((labels == labels[0]).all()) and len(labels) >= 16:
        return {"the first batch has one class only": "shuffle the training images: choose another sampler"}
    return {}


def _faults_of_gradients(
    bench: Bench, parts: Parts, images: Tensor, labels: Tensor, seen: list[str], values: dict[str, float]
) -> dict[str, str]:
    """Train a few steps on one batch; a parameter that no gradient reaches in any of them is dead."""
    trained = {name: value for name, value in parts.model.named_parameters() if value.requires_grad}
    dead = set(trained)
    losses = []
    for step in range(1, _STEPS + 1):
        seed_torch(torch_seed(bench.seed, "forward", 1, step))
        loss = parts.loss(parts.model(images), labels)
        if loss.ndim or not torch.isfinite(loss):
            return {
                f"the loss is {'not a single number' if loss.ndim else f'{float(loss)}'} at step {step}": (
                    "make the loss the mean over the batch"
                    if loss.ndim
                    else "lower optimizer.lr, or normalise the inputs"
                )
            }
        parts.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        for name, value in trained.items():
            if value.grad is not None and bool(value.grad.any()):
                dead.discard(name)
        parts.optimizer.step()
        losses.append(float(loss.detach()))
    values["dead"] = len(dead)
    frozen = sum(1 for value in parts.model.parameters() if not value.requires_grad)
    kept = f", {frozen} frozen" if frozen else ""
    seen.append(f"a gradient reaches {len(trained) - len(dead)} of {count(len(trained), 'parameter')}{kept}")
    if not dead:
        return {}
    names = [name for name in trained if name in dead]
    more = f" and {len(names) - _MAX_NAMED} more" if len(names) > _MAX_NAMED else ""
    return {
        f"no gradient reaches {', '.join(names[:_MAX_NAMED])}{more}": (
            "connect these layers to the output, or remove them; look for detach() and no_grad()"
        )
    }


def _faults_of_dependence(
    model: nn.Module, images: Tensor, seen: list[str], values: dict[str, float]
) -> dict[str, str]:
    """Compare the outputs for a batch with those for its images one by one, in evaluation mode."""
    some = images[:8]
    model.eval()
    with torch.inference_mode():
        together = model(some).float()
        alone = torch.cat([model(some[place : place + 1]).float() for place in range(len(some))])
    size = float(together.abs().max())
    apart = float((together - alone).abs().max()) / size if size else 0.0
    values["company"] = apart
    if apart <= _TOLERANCE:
        seen.append("in evaluation mode the output for an image does not depend on its batch")
        return {}
    return {
        f"in evaluation mode the output for an image depends on its batch (by {apart:.1%} of the outputs)": (
            "normalise per image or by running means, and reshape within an image only: check eval() and dim="
        )
    }


def _shape(tensor: Tensor) -> str:
    return " x ".join(map(str, tensor.shape)) + f" {str(tensor.dtype).removeprefix('torch.')}"
