"""Traces the model, loss, optimizer and schedule of a variant on a small amount of data, on the CPU."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.lr_scheduler import ReduceLROnPlateau

from ..contracts import (
    Choice,
    LossContext,
    LossSpec,
    ModelContext,
    ModelSpec,
    OptimizerContext,
    OptimizerSpec,
    Pipeline,
    ScheduleContext,
    SchedulerSpec,
    TrainPlan,
)
from ..data.splits import Split
from ..keyed import torch_seed
from ..loader import Order
from ..train.average import max_kept
from ..train.device import to_device
from ..train.groups import optimizer_steps, parameter_groups
from ..train.keyed_init import build_keyed, seed_torch
from ..wiring.assemble import Assembler, DataSet
from .traces import Trace, normal

_BATCH = 4
"""Images of noise in the batch that a model gets."""

_LOUDER = 8.0
"""Factor by which the images are scaled for a model with perturbed weights."""

_ZERO_WEIGHTS_SD = 0.1
"""Standard deviation of the noise added to weights that are all zero."""

_SHAPES = ((4, 3, 3, 3), (5, 4), (5,))
"""Shapes of the parameters that an optimizer gets: of a convolution, a matrix and a bias."""

_EPOCHS = 3
"""Number of first epochs whose order is compared."""

_FIRST, _LATER = 16, 48
"""Optimizer steps: the first ones, and later ones at equal distances."""


def steps_per_epoch(pipeline: Pipeline, places: int) -> int:
    """Return the number of optimizer steps in a training epoch of *places* images, whole batches only."""
    batches = places // max(1, min(pipeline.train.batch_size, places))
    return optimizer_steps(batches, pipeline.train.accumulate)


def trace_plan(pipeline: Pipeline, split: Split, order: Order) -> Trace:
    """Return how long training lasts, and its batches, images and *order*.

    The order is compared in the first epochs and the last: a sampler acts from the start or until the end.
    """
    plan = pipeline.train
    epochs = sorted({*range(1, min(plan.epochs, _EPOCHS) + 1), plan.epochs})
    orders = [np.asarray(order(epoch)) for epoch in epochs]
    trained = _what_acts(pipeline, len(orders[0]))
    parts = tuple(part.tobytes() for part in (split.train, split.validation, split.test, *orders))
    return Trace((trained, *parts, pipeline.control))


def _what_acts(pipeline: Pipeline, places: int) -> TrainPlan:
    """Return the training settings for *places* images in an epoch, each limited to where it still has an effect."""
    plan = pipeline.train
    size = min(plan.batch_size, places)
    return replace(
        plan,
        batch_size=size,
        # The last step of an epoch takes the batches that are left.
        accumulate=min(plan.accumulate, max(1, places // max(1, size))),
        # The trace of the optimizer shows what decay acts on; without weight decay it has no effect.
        decay="all",
        ema=min(plan.ema, max_kept(plan.epochs * max(1, steps_per_epoch(pipeline, places)))),
        # The first epoch is the best so far, and after the last one there is nothing to stop.
        patience=plan.patience if plan.patience < plan.epochs - 1 else 0,
    )


def trace_model(pipeline: Pipeline, data: DataSet, assembler: Assembler, seed: int) -> Trace:
    """Return names, shapes and initial values, then the network's response to a batch of noise.

    The response comprises outputs in training, gradients of parameters, buffers after training, and outputs in
    evaluation: a skip connection has no parameters, and dropout acts in training only. It is computed twice: with the
    initial weights, and with perturbed weights and larger images. What zero weights hide, and what acts on large values
    only, shows later in training, but not at its start.
    """
    shape = pipeline.input
    context = ModelContext(len(data.samples.classes), shape.channels, shape.image_size, assembler.root)
    model: nn.Module = build_keyed(lambda: assembler.build_of(pipeline, ModelSpec, context), seed)
    digest = hashlib.blake2b(digest_size=16)
    named = [(name, tensor) for name, tensor in model.state_dict().items() if isinstance(tensor, Tensor)]
    for _, tensor in named:
        digest.update(_numbers(tensor).tobytes())
    trained = tuple(name for name, parameter in model.named_parameters() if parameter.requires_grad)
    exact = (tuple((name, tuple(tensor.shape)) for name, tensor in named), digest.digest(), trained)
    model = to_device(model, torch.device("cpu"), channels_last=pipeline.train.channels_last)
    noise = normal((_BATCH, shape.channels, shape.image_size, shape.image_size), "image")
    images = torch.from_numpy(noise).float()
    if pipeline.train.channels_last:
        images = images.contiguous(memory_format=torch.channels_last)
    with _seeded(seed):
        numbers = _pass(model, images)
        _perturb(model)
        model.zero_grad()
        numbers += _pass(model, _LOUDER * images)
    return Trace(exact, tuple(numbers))


def _pass(model: nn.Module, images: Tensor) -> list[NDArray[Any]]:
    """Return the response of *model* to *images*: outputs, gradients, buffers in training, outputs in evaluation."""
    model.train()
    training = model(images)
    training.backward(torch.from_numpy(normal(tuple(training.shape), "gradient")).to(training.dtype))
    gradients = [_sketch(parameter.grad) for parameter in model.parameters()]
    left = [_sketch(buffer) for buffer in model.buffers()]
    model.eval()
    with torch.no_grad():
        evaluation = model(images)
    return [_numbers(training), _numbers(evaluation), *gradients, *left]


def _perturb(model: nn.Module) -> None:
    """Add noise of about their own size to all weights, so that none is zero and no layer overflows."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.is_floating_point():
                size = float(parameter.square().mean().sqrt()) or _ZERO_WEIGHTS_SD
                noise = torch.from_numpy(normal(tuple(parameter.shape), "stirred", name))
                parameter.add_(size * noise.to(parameter))


def trace_loss(pipeline: Pipeline, data: DataSet, assembler: Assembler, split: Split, seed: int) -> Trace:
    """Return values and gradients of the loss for fixed model outputs, also with mixed labels if it takes them."""
    classes = len(data.samples.classes)
    counts = np.bincount(data.labels[split.train], minlength=classes)
    loss = assembler.build_of(pipeline, LossSpec, LossContext(tuple(int(count) for count in counts)))
    targets: list[Tensor] = [torch.arange(8 * classes) % classes]
    if getattr(assembler.lookup(LossSpec.slot, pipeline.choice(LossSpec).use, ""), "soft_targets", False):
        targets.append(torch.softmax(torch.from_numpy(normal((8 * classes, classes), "targets")).float(), dim=1))
    numbers = []
    with _seeded(seed):
        for target in targets:
            logits = torch.from_numpy(3 * normal((8 * classes, classes), "logits")).float().requires_grad_()
            value = loss(logits, target)
            value.backward()
            numbers += [_numbers(value), _numbers(logits.grad)]
    return Trace((), tuple(numbers))


def trace_optimizer(pipeline: Pipeline, assembler: Assembler, steps: int, seed: int) -> Trace:
    """Return the learning rates of the whole training, *steps* in each epoch, and how the optimizer moves parameters.

    The gradients are fixed, of many magnitudes, and the same for all variants; everything is in float64. A schedule
    that follows the validation loss gets one that never falls, on which it acts most. If it acts at all, how often it
    will act in training is unknown, so two such schedules are the same only if all their settings are.
    """
    parameters = _parameters()
    optimizer = _optimizer(pipeline, assembler, parameters)
    context = ScheduleContext(optimizer, pipeline.train.epochs, steps)
    scheduler = assembler.build_of(pipeline, SchedulerSpec, context)
    total = context.total_steps
    by_loss = isinstance(scheduler, ReduceLROnPlateau)
    settings = repr(sorted(scheduler.state_dict().items())) if by_loss else ""
    acting = {*range(_FIRST), *np.linspace(0, total - 1, _LATER).astype(int).tolist()}
    moved, rates = [], []
    with _seeded(seed):
        for step in range(total):
            rates.append([float(group["lr"]) for group in optimizer.param_groups])
            if step in acting:
                moved.append(_step(optimizer, parameters, step))
            if not by_loss:
                scheduler.step()
            elif (step + 1) % steps == 0:
                scheduler.step(1.0)
    acts = by_loss and rates[0] != rates[-1]
    return Trace((settings if acts else "",), (np.array(rates), *moved))


def trace_optimizer_alone(pipeline: Pipeline, assembler: Assembler, seed: int) -> Trace:
    """Return how the optimizer moves some parameters if nothing changes its learning rate."""
    parameters = _parameters()
    optimizer = _optimizer(pipeline, assembler, parameters)
    with _seeded(seed):
        return Trace((), tuple(_step(optimizer, parameters, step) for step in range(_FIRST)))


def _optimizer(pipeline: Pipeline, assembler: Assembler, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
    context = OptimizerContext(parameter_groups(parameters, pipeline.train.decay))
    built: torch.optim.Optimizer = assembler.build_of(pipeline, OptimizerSpec, context)
    return built


def settings_that_differ(first: Choice, second: Choice) -> list[str]:
    """Return the names of the parameters in which two uses of one component differ."""
    names: Mapping[str, object] = {**first.params, **second.params}
    return [name for name in names if first.params.get(name) != second.params.get(name)]


def _parameters() -> list[nn.Parameter]:
    return [nn.Parameter(torch.from_numpy(normal(shape, "parameter", i))) for i, shape in enumerate(_SHAPES)]


def _step(optimizer: torch.optim.Optimizer, parameters: list[nn.Parameter], step: int) -> NDArray[np.float64]:
    """Make one step and return the changes of all parameters in one row."""
    before = [parameter.detach().clone() for parameter in parameters]
    for number, parameter in enumerate(parameters):
        size = 10.0 ** (step % 5 - 3)  # from 0.001 to 10: reveals clipping and terms that keep values from 0
        parameter.grad = torch.from_numpy(size * normal(tuple(parameter.shape), "step", number, step))
    optimizer.step()
    ways = [(parameter.detach() - old).flatten() for parameter, old in zip(parameters, before, strict=True)]
    return _numbers(torch.cat(ways))


def _sketch(tensor: Tensor | None) -> NDArray[np.float64]:
    """Return three numbers that almost surely differ for different tensors, so that large ones need not be kept."""
    if tensor is None:
        return np.zeros(0)
    values = _numbers(tensor).astype(np.float64).reshape(-1)
    ramp = np.cos(np.arange(len(values)) * 1.618)
    return np.array([np.sqrt(values @ values), values @ ramp, np.abs(values).max(initial=0.0)])


def _numbers(tensor: Tensor | None) -> NDArray[Any]:
    assert tensor is not None
    tensor = tensor.detach().cpu()
    array: NDArray[Any] = (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy().copy()
    return array


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed torch as the first step of training does; restore its random state afterwards."""
    with torch.random.fork_rng(devices=[]):
        seed_torch(torch_seed(seed, "forward", 1, 1))
        yield
