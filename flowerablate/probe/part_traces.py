"""What model, loss, optimizer and schedule of a variant do, seen on little data, on the CPU."""

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
from ..train.average import most_kept
from ..train.device import to_device
from ..train.groups import optimizer_steps, parameter_groups
from ..train.keyed_init import build_keyed, seed_torch
from ..wiring.assemble import Assembler, DataSet
from .traces import Trace, normal

_BATCH = 4
"""Images, of noise, that a model is shown."""

_LOUDER = 8.0
"""How many times larger the images are that a model with stirred weights is shown."""

_LEAST = 0.1
"""Deviation of the noise that is added to weights that are all zero."""

_SHAPES = ((4, 3, 3, 3), (5, 4), (5,))
"""Shapes of the parameters that an optimizer is given: of a convolution, a matrix and a bias."""

_EPOCHS = 3
"""First epochs whose order is looked at."""

_FIRST, _LATER = 16, 48
"""Steps that an optimizer makes: at the start one after another, later at equal distances."""


def steps_per_epoch(pipeline: Pipeline, places: int) -> int:
    """Return the number of optimizer steps in an epoch of training that has so many *places*, of whole batches only."""
    batches = places // max(1, min(pipeline.train.batch_size, places))
    return optimizer_steps(batches, pipeline.train.accumulate)


def trace_plan(pipeline: Pipeline, split: Split, order: Order) -> Trace:
    """Return how long, in what portions, on which images and in which *order* is trained.

    The order is looked at in the first epochs and the last: what a sampler does, it does from the start or to the end.
    """
    plan = pipeline.train
    epochs = sorted({*range(1, min(plan.epochs, _EPOCHS) + 1), plan.epochs})
    orders = [np.asarray(order(epoch)) for epoch in epochs]
    trained = _what_acts(pipeline, len(orders[0]))
    parts = tuple(part.tobytes() for part in (split.train, split.validation, split.test, *orders))
    return Trace((trained, *parts, pipeline.control))


def _what_acts(pipeline: Pipeline, places: int) -> TrainPlan:
    """Return the settings of a training with so many *places* in an epoch, each no larger than what still acts."""
    plan = pipeline.train
    size = min(plan.batch_size, places)
    return replace(
        plan,
        batch_size=size,
        # The last step of an epoch takes the batches that are left.
        accumulate=min(plan.accumulate, max(1, places // max(1, size))),
        # What decay acts on is seen in what the optimizer does; where that decays nothing, it makes no difference.
        decay="all",
        ema=min(plan.ema, most_kept(plan.epochs * max(1, steps_per_epoch(pipeline, places)))),
        # The first epoch is the best so far, and after the last one there is nothing to stop.
        patience=plan.patience if plan.patience < plan.epochs - 1 else 0,
    )


def trace_model(pipeline: Pipeline, data: DataSet, assembler: Assembler, seed: int) -> Trace:
    """Return names, shapes and initial values, then what the network makes of a batch of noise.

    That is its outputs in training, the gradients of its parameters, the buffers that training leaves, and its outputs
    in evaluation: a skip connection has no parameters, and dropout acts in training only. All of it twice: with the
    initial weights, and with weights and images that are stirred, for what weights of zero hide, and what acts on
    large values only, shows in training, but not at its start.
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
        _stir(model)
        model.zero_grad()
        numbers += _pass(model, _LOUDER * images)
    return Trace(exact, tuple(numbers))


def _pass(model: nn.Module, images: Tensor) -> list[NDArray[Any]]:
    """Return what *model* makes of *images*: outputs, gradients and buffers in training, outputs in evaluation."""
    model.train()
    training = model(images)
    training.backward(torch.from_numpy(normal(tuple(training.shape), "gradient")).to(training.dtype))
    gradients = [_sketch(parameter.grad) for parameter in model.parameters()]
    left = [_sketch(buffer) for buffer in model.buffers()]
    model.eval()
    with torch.no_grad():
        evaluation = model(images)
    return [_numbers(training), _numbers(evaluation), *gradients, *left]


def _stir(model: nn.Module) -> None:
    """Add noise to all weights, about as large as they are, so that none is zero and no layer overflows."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.is_floating_point():
                size = float(parameter.square().mean().sqrt()) or _LEAST
                noise = torch.from_numpy(normal(tuple(parameter.shape), "stirred", name))
                parameter.add_(size * noise.to(parameter))


def trace_loss(pipeline: Pipeline, data: DataSet, assembler: Assembler, split: Split, seed: int) -> Trace:
    """Return values and gradients of the loss, for given outputs of a model; for mixed labels too if it takes them."""
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
    """Return the learning rates of the whole training, *steps* in each epoch, and how some parameters are moved by it.

    The gradients are given, of many sizes, and the same for all; everything is in float64. A schedule that goes by the
    validation loss is given one that never falls, where it acts most. Where it acts then, how often it will in training
    is not known, and two of them are the same only in all their settings.
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
    """Return how the optimizer moves some parameters where nothing changes its learning rate."""
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
    """Make one step and return the way that all parameters went, in one row."""
    before = [parameter.detach().clone() for parameter in parameters]
    for number, parameter in enumerate(parameters):
        size = 10.0 ** (step % 5 - 3)  # from 0.001 to 10: what is clipped, or kept from 0, shows too
        parameter.grad = torch.from_numpy(size * normal(tuple(parameter.shape), "step", number, step))
    optimizer.step()
    ways = [(parameter.detach() - old).flatten() for parameter, old in zip(parameters, before, strict=True)]
    return _numbers(torch.cat(ways))


def _sketch(tensor: Tensor | None) -> NDArray[np.float64]:
    """Return three numbers of a tensor that no two different ones are likely to share: large ones need not be kept."""
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
    """Seed torch as the first step of training does, and put its random state back afterwards."""
    with torch.random.fork_rng(devices=[]):
        seed_torch(torch_seed(seed, "forward", 1, 1))
        yield
