"""Checks of networks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..contracts import ModelContext, ModelSpec, Value
from ..errors import StudyError
from .check_settings import build, named, settings, with_features_off, with_other_choices

if TYPE_CHECKING:
    from torch import Tensor, nn

_BATCH = 4


def check_model(
    spec: ModelSpec, *, classes: int = 3, image_size: int = 32, params: Mapping[str, Value] | None = None
) -> None:
    """Build *spec* and run it forward and backward on random images, then with each feature off and each choice.

    Checks that logits [N, classes] are finite; that every parameter gets a finite gradient; that the same torch seed
    gives the same initial values; that in ``eval()`` a result does not depend on the rest of the batch; that switching
    off a feature changes something; and that grey images are accepted, or refused with a StudyError.
    """
    context = ModelContext(classes=classes, channels=3, image_size=image_size)
    base = settings(spec, params)
    whole = _check_settings(spec, context, base, "")
    for feature, chosen in with_features_off(spec, params):
        reduced = _check_settings(spec, context, chosen, f" with {feature} off")
        assert _tells_apart(whole, reduced, context), (
            f"{named(spec)}: switching {feature} off changes neither the layers nor the result"
        )
    for choice, chosen in with_other_choices(spec, params):
        _check_settings(spec, context, chosen, f" with {choice}")
    grey = ModelContext(classes=classes, channels=1, image_size=image_size)
    try:
        model = spec.build(grey, **base)
    except StudyError:
        return
    _forward(f"{named(spec)} for images of one channel", model.train(), _images(grey), classes)


def _check_settings(spec: ModelSpec, context: ModelContext, params: Mapping[str, Value], when: str) -> nn.Module:
    import torch
    from torch import nn

    what = named(spec) + when
    model, twin = (_seeded(spec, context, params, when) for _ in range(2))
    assert isinstance(model, nn.Module), f"{what}: build must return a torch.nn.Module, not {type(model).__name__}"
    assert isinstance(twin, nn.Module)
    state, other = model.state_dict(), twin.state_dict()
    assert list(state) == list(other), f"{what} has different parameters each time it is built"
    for name, value in state.items():
        assert torch.equal(value, other[name]), (
            f"{what}: {name} has different initial values each time; draw initial values from torch's default generator"
        )
    images = _images(context)
    logits = _forward(what, model.train(), images, context.classes)
    logits.logsumexp(1).mean().backward()  # type: ignore[no-untyped-call]
    trained = [(name, value) for name, value in model.named_parameters() if value.requires_grad]
    assert trained, f"{what} has no parameter to train"
    for name, value in trained:
        assert value.grad is not None, f"{what}: {name} gets no gradient; remove it, because tables count parameters"
        assert torch.isfinite(value.grad).all(), f"{what}: the gradient of {name} is not finite"
    with torch.no_grad():
        model.eval()
        together, alone = model(images), model(images[:1])
    assert torch.allclose(together[:1], alone, rtol=1e-3, atol=1e-4), (
        f"{what}: in eval() the result for an image depends on the other images in its batch"
    )
    return twin


def _seeded(spec: ModelSpec, context: ModelContext, params: Mapping[str, Value], when: str) -> object:
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(11)
        return build(spec, context, params, when)


def _forward(what: str, model: nn.Module, images: Tensor, classes: int) -> Tensor:
    import torch

    logits = model(images)
    assert isinstance(logits, torch.Tensor), f"{what} must return a tensor of logits, not {type(logits).__name__}"
    wanted = (len(images), classes)
    assert tuple(logits.shape) == wanted, f"{what} must return logits {wanted} [N, classes], not {tuple(logits.shape)}"
    assert torch.isfinite(logits).all(), f"{what} returns logits that are not finite"
    return logits


def _tells_apart(one: nn.Module, other: nn.Module, context: ModelContext) -> bool:
    import torch

    if repr(one) != repr(other) or list(one.state_dict()) != list(other.state_dict()):
        return True
    results = []
    for model in (one, other):
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(12)
            results.append(model.train()(_images(context)))
    return not torch.equal(*results)


def _images(context: ModelContext) -> Tensor:
    import torch

    generator = torch.Generator().manual_seed(13)
    return torch.randn(_BATCH, context.channels, context.image_size, context.image_size, generator=generator)
