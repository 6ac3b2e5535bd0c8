"""The script that flowerablate must not lose to: torchvision's ResNet-18 from scratch on a folder of pictures.

    python benchmarks/reference_flowers.py PATH --seeds 3

Written as one does without a harness: a PIL data set, torchvision's transforms, a DataLoader with workers, SGD under a
one-cycle schedule, the best epoch by validation, its accuracy on the test part. Of flowerablate it takes the list of
the pictures and their splits and nothing else, so that seed k has the same three parts here and in the harness.
"""

from __future__ import annotations

import argparse
import copy
import json
import statistics
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from flowerablate_datasets.folder import scan
from machine import machine, versions
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms
from torchvision.models import resnet18

from flowerablate import Samples
from flowerablate.contracts import SplitPlan
from flowerablate.data.splits import split_samples

SIZE = 64
BATCH = 32
WORKERS = 2
MOMENTUM, WEIGHT_DECAY = 0.9, 5e-4
TO_TENSOR = [transforms.ToTensor(), transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))]
FOR_TRAINING = transforms.Compose(
    [
        transforms.RandomResizedCrop(SIZE, scale=(0.5, 1.0)),
        transforms.RandomHorizontalFlip(),
        transforms.RandomRotation(15, interpolation=transforms.InterpolationMode.BILINEAR),
        transforms.ColorJitter(brightness=0.2, contrast=0.2),
        *TO_TENSOR,
    ]
)
FOR_EVALUATION = transforms.Compose([transforms.Resize(72), transforms.CenterCrop(SIZE), *TO_TENSOR])


@dataclass(frozen=True)
class Run:
    """One seed. Accuracies are shares; *seconds*: all epochs with validation; *images_per_second*: training, median."""

    seed: int
    test_accuracy: float
    validation_accuracy: float
    best_epoch: int
    seconds: float
    images_per_second: float


class Pictures(Dataset[tuple[Tensor, int]]):
    """The pictures at *indices*, decoded anew each time, as ImageFolder does."""

    def __init__(self, samples: Samples, indices: NDArray[np.int64], transform: transforms.Compose) -> None:
        self.items = [(samples.paths[index], samples.labels[index]) for index in indices]
        self.transform = transform

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        path, label = self.items[index]
        with Image.open(path) as image:
            return self.transform(image.convert("RGB")), label


def main() -> None:
    options = _options()
    samples = scan(options.path)
    model = _model(len(samples.classes))
    document = {
        "benchmark": "reference_flowers",
        "recipe": {
            "model": "torchvision resnet18, random weights",
            "parameters": sum(parameter.numel() for parameter in model.parameters()),
            "lr": options.lr,
            "epochs": options.epochs,
            "batch_size": BATCH,
            "optimizer": f"SGD, Nesterov momentum {MOMENTUM}, weight decay {WEIGHT_DECAY}, one-cycle",
            "memory_format": "channels_last",
            "image_size": SIZE,
            "workers": WORKERS,
            "torch_threads": torch.get_num_threads(),
        },
        "data": {"images": len(samples), "classes": list(samples.classes)},
        "machine": machine(),
        "versions": versions(("torch", "torchvision", "pillow", "numpy", "flowerablate")),
    }
    runs: list[Run] = []
    for seed in range(options.seeds):
        runs.append(_run(samples, seed, options.epochs, options.lr))
        print(_line(f"seed {seed}", runs[-1:]), flush=True)
        _write(options.output, {**document, **_summary(runs)})  # after each seed, so that an interruption loses one
    print(_line(f"mean of {len(runs)}", runs))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train a plain PyTorch ResNet-18 on PATH, one subfolder per class.")
    parser.add_argument("path", type=Path, metavar="PATH")
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="seeds 0 to N-1; each has its own split")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--lr", type=float, default=0.05, help="the peak of the one-cycle schedule")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "results" / "reference_flowers.json")
    options = parser.parse_args()
    if options.seeds < 1 or options.epochs < 1:
        parser.error("--seeds and --epochs must be at least 1")
    return options


def _model(classes: int) -> nn.Module:
    return resnet18(weights=None, num_classes=classes)


def _run(samples: Samples, seed: int, epochs: int, lr: float) -> Run:
    split = split_samples(samples, seed, SplitPlan(validation=0.2, test=0.2))
    torch.manual_seed(seed)
    train = DataLoader(
        Pictures(samples, split.train, FOR_TRAINING),
        BATCH,
        shuffle=True,
        drop_last=True,
        num_workers=WORKERS,
        persistent_workers=True,
    )
    validation = DataLoader(
        Pictures(samples, split.validation, FOR_EVALUATION), 128, num_workers=WORKERS, persistent_workers=True
    )
    model = _model(len(samples.classes)).to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(model.parameters(), lr, MOMENTUM, weight_decay=WEIGHT_DECAY, nesterov=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=epochs * len(train), cycle_momentum=False)
    best, best_epoch, best_state = -1.0, 0, copy.deepcopy(model.state_dict())
    speeds = []
    started = time.perf_counter()
    for epoch in range(1, epochs + 1):
        speeds.append(_train(model, train, optimizer, schedule))
        accuracy = _accuracy(model, validation)
        if accuracy > best:
            best, best_epoch, best_state = accuracy, epoch, copy.deepcopy(model.state_dict())
    seconds = time.perf_counter() - started
    model.load_state_dict(best_state)
    test = DataLoader(Pictures(samples, split.test, FOR_EVALUATION), 128, num_workers=WORKERS)
    return Run(seed, _accuracy(model, test), best, best_epoch, seconds, statistics.median(speeds))


def _train(
    model: nn.Module,
    batches: DataLoader[tuple[Tensor, int]],
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.OneCycleLR,
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
def _accuracy(model: nn.Module, batches: DataLoader[tuple[Tensor, int]]) -> float:
    model.eval()
    right, seen = 0, 0
    for images, labels in batches:
        right += int((model(_laid_out(images)).argmax(1) == labels).sum())
        seen += len(labels)
    return right / seen


def _laid_out(images: Tensor) -> Tensor:
    return images.contiguous(memory_format=torch.channels_last)


def _line(name: str, runs: list[Run]) -> str:
    accuracy = statistics.mean(run.test_accuracy for run in runs)
    seconds = statistics.mean(run.seconds for run in runs)
    speed = statistics.mean(run.images_per_second for run in runs)
    return f"{name}: test accuracy {accuracy:.4f}, {seconds:.1f} s, {speed:.0f} train images/s"


def _summary(runs: list[Run]) -> dict[str, object]:
    accuracies = [run.test_accuracy for run in runs]
    return {
        "n": len(runs),
        "mean": {
            "test_accuracy": statistics.mean(accuracies),
            "seconds": statistics.mean(run.seconds for run in runs),
            "images_per_second": statistics.mean(run.images_per_second for run in runs),
        },
        "test_accuracy_sd": statistics.stdev(accuracies) if len(runs) > 1 else None,
        "runs": [asdict(run) for run in runs],
    }


def _write(path: Path, document: dict[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
