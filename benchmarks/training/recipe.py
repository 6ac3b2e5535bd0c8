"""The recipe that all three arms train: one place, so that none of them does less.

The network, 64-pixel images, batches of 32, SGD with Nesterov's momentum under a one-cycle schedule, random resized
crop, flip, rotation, brightness and contrast; the best epoch by validation, its accuracy on the test part. Seed k has
the same three parts in every arm.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from flowerablate_datasets.folders.folder import scan
from torch import nn

from flowerablate import ModelContext, Samples
from flowerablate.contracts import SplitPlan
from flowerablate.data.splits import Split, split_samples
from flowerablate.discovery import discover

SIZE, RESIZED = 64, 72
BATCH, EVALUATION_BATCH = 32, 128
MOMENTUM, WEIGHT_DECAY = 0.9, 5e-4
SCALE, DEGREES, LIGHT = (0.5, 1.0), 15.0, 0.2
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
DIVIDED = SplitPlan(validation=0.2, test=0.2)


@dataclass(frozen=True)
class Recipe:
    """What is chosen on the command line. *cache*: a folder for what our own loader packs."""

    path: Path
    model: str
    epochs: int
    lr: float
    seed: int
    cache: Path


@dataclass(frozen=True)
class Run:
    """One trial. Accuracies are fractions; *seconds*: from the list of files to the test accuracy.

    *images_per_second*: of the training parts of the epochs, waiting for data included, the median.
    """

    seed: int
    test_accuracy: float
    validation_accuracy: float
    best_epoch: int
    seconds: float
    images_per_second: float
    parameters: int

    def show(self) -> None:
        """Print the run as one line of JSON, for :mod:`compare`."""
        print(json.dumps(asdict(self)))


def recipe(words: Sequence[str] | None = None, description: str = "") -> Recipe:
    """Read the recipe from the command line."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("path", type=Path, metavar="PATH", help="images, one subfolder per class")
    parser.add_argument("--model", default="resnet14")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--lr", type=float, default=0.05, help="the peak of the one-cycle schedule")
    parser.add_argument("--seed", type=int, default=0, help="its split, initial weights and order")
    parser.add_argument("--cache", type=Path, default=Path("cache"), help="where packed images are kept")
    options = parser.parse_args(sys.argv[1:] if words is None else words)
    return Recipe(**vars(options))


def samples_and_split(recipe: Recipe) -> tuple[Samples, Split]:
    """Return the images and the parts of the recipe's seed."""
    samples = scan(recipe.path)
    return samples, split_samples(samples, recipe.seed, DIVIDED)


def build_model(recipe: Recipe, classes: int) -> nn.Module:
    """Return the network with torch's own random weights: torchvision's where it has one of that name, else ours."""
    from torchvision import models

    torch.manual_seed(recipe.seed)
    if recipe.model in models.list_models():
        network: nn.Module = models.get_model(recipe.model, weights=None, num_classes=classes)
    else:
        spec = discover().registry.find("model", recipe.model, "model").spec
        defaults = {param.name: param.default for param in spec.params}
        network = spec.build(ModelContext(classes, 3, SIZE), **defaults)
    return network.to(memory_format=torch.channels_last)


def build_optimizer(
    recipe: Recipe, model: nn.Module, steps_per_epoch: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    """Return the optimizer and its schedule."""
    optimizer = torch.optim.SGD(model.parameters(), recipe.lr, MOMENTUM, weight_decay=WEIGHT_DECAY, nesterov=True)
    total = recipe.epochs * steps_per_epoch
    return optimizer, torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.lr, total_steps=total, cycle_momentum=False)
