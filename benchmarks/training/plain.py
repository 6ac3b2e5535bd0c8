"""The script that flowerablate must not lose to, as one writes it without a harness.

    python benchmarks/training/plain.py PATH --model resnet18 --seed 0

A PIL data set, torchvision's transforms, a DataLoader with two workers, the best epoch by validation, its accuracy on
the test part. Of flowerablate it takes the list of the images and their splits, and a network that torchvision lacks.
"""

from __future__ import annotations

import copy
import statistics
import time

import torch
from numpy import int64
from numpy.typing import NDArray
from PIL import Image
from recipe import (
    BATCH,
    DEGREES,
    EVALUATION_BATCH,
    LIGHT,
    MEAN,
    RESIZED,
    SCALE,
    SIZE,
    STD,
    Recipe,
    Run,
    build_model,
    build_optimizer,
    recipe,
    samples_and_split,
)
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from flowerablate import Samples

WORKERS = 2
TO_TENSOR = [transforms.ToTensor(), transforms.Normalize(MEAN, STD)]
STEPS = {
    "crop": transforms.RandomResizedCrop(SIZE, scale=SCALE),
    "flip": transforms.RandomHorizontalFlip(),
    "rotation": transforms.RandomRotation(DEGREES, interpolation=transforms.InterpolationMode.BILINEAR),
    "light": transforms.ColorJitter(brightness=LIGHT, contrast=LIGHT),
}
FOR_EVALUATION = transforms.Compose([transforms.Resize(RESIZED), transforms.CenterCrop(SIZE), *TO_TENSOR])


class StudyImages(Dataset[tuple[Tensor, int]]):
    """The images at *indices*, decoded again each time, as ImageFolder does."""

    def __init__(self, samples: Samples, indices: NDArray[int64], transform: transforms.Compose) -> None:
        self.items = [(samples.paths[index], samples.labels[index]) for index in indices]
        self.transform = transform

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        path, label = self.items[index]
        with Image.open(path) as image:
            return self.transform(image.convert("RGB")), label


def for_training(without: str = "") -> transforms.Compose:
    """Return the transforms of training, but for the step *without*; images are 64x64 in any case."""
    steps = [step for name, step in STEPS.items() if name != without]
    return transforms.Compose([*([transforms.Resize((SIZE, SIZE))] if without == "crop" else []), *steps, *TO_TENSOR])


def train(recipe: Recipe, without: str = "") -> Run:
    """Train the recipe once, perhaps *without* one of the steps."""
    started = time.perf_counter()
    samples, split = samples_and_split(recipe)
    batches = DataLoader(
        StudyImages(samples, split.train, for_training(without)),
        BATCH,
        shuffle=True,
        drop_last=True,
        num_workers=WORKERS,
        persistent_workers=True,
    )
    validation = DataLoader(
        StudyImages(samples, split.validation, FOR_EVALUATION),
        EVALUATION_BATCH,
        num_workers=WORKERS,
        persistent_workers=True,
    )
    model = build_model(recipe, len(samples.classes))
    optimizer, schedule = build_optimizer(recipe, model, len(batches))
    best, best_epoch, best_state = -1.0, 0, copy.deepcopy(model.state_dict())
    speeds = []
    for epoch in range(1, recipe.epochs + 1):
        speeds.append(_one_epoch(model, batches, optimizer, schedule))
        reached = accuracy(model, validation)
        if reached > best:
            best, best_epoch, best_state = reached, epoch, copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    test = DataLoader(StudyImages(samples, split.test, FOR_EVALUATION), EVALUATION_BATCH, num_workers=WORKERS)
    reached = accuracy(model, test)
    seconds = time.perf_counter() - started
    parameters = sum(parameter.numel() for parameter in model.parameters())
    return Run(recipe.seed, reached, best, best_epoch, seconds, statistics.median(speeds), parameters)


def _one_epoch(
    model: nn.Module,
    batches: DataLoader[tuple[Tensor, int]],
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
) -> float:
    """Train one epoch and return images per second, the waiting for data included."""
    model.train()
    started, seen = time.perf_counter(), 0
    for images, labels in batches:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(_laid_out(images)), labels).backward()
        optimizer.step()
        schedule.step()
        seen += len(labels)
    return seen / (time.perf_counter() - started)


@torch.inference_mode()
def accuracy(model: nn.Module, batches: DataLoader[tuple[Tensor, int]]) -> float:
    """Return the fraction of the images that *model* classifies correctly."""
    model.eval()
    right, seen = 0, 0
    for images, labels in batches:
        right += int((model(_laid_out(images)).argmax(1) == labels).sum())
        seen += len(labels)
    return right / seen


def _laid_out(images: Tensor) -> Tensor:
    return images.contiguous(memory_format=torch.channels_last)


if __name__ == "__main__":
    train(recipe(description=__doc__ or "")).show()
