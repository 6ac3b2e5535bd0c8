from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from flowerablate.keyed import permutation, torch_seed
from flowerablate.train.loop import FitResult, Parts, fit


@dataclass
class MemoryBatches:
    """Images of two classes, one brighter than the other; the buffers are overwritten by each next batch."""

    count: int
    batch_size: int
    shuffle: bool = False
    classes: int = 2
    noise: float = 0.5

    def __post_init__(self) -> None:
        generator = torch.Generator().manual_seed(torch_seed("images", self.count))
        self.labels = torch.arange(self.count) % self.classes
        self.images = self.noise * torch.randn(self.count, 3, 8, 8, generator=generator) + self.labels.view(-1, 1, 1, 1)
        self.asked: list[int] = []
        self.open = 0

    def __len__(self) -> int:
        return -(-self.count // self.batch_size)

    def epoch(self, number: int) -> Iterator[tuple[Tensor, Tensor]]:
        self.asked.append(number)
        self.open += 1
        order = torch.from_numpy(permutation(self.count, "order", number)) if self.shuffle else torch.arange(self.count)
        try:
            for chosen in order.split(self.batch_size):
                images, labels = self.images[chosen], self.labels[chosen]
                yield images, labels
                images.fill_(float("nan"))
                labels.fill_(0)
        finally:
            self.open -= 1


class TinyNet(nn.Module):
    """One convolution with batch normalisation and dropout: all that a resumed training must get right."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(0.3))
        self.head = nn.Linear(8, 2)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.body(images).mean(dim=(2, 3)))


def tiny_parts(lr: float = 0.02, optimizer: str = "SGD", steps: int = 24) -> Parts:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = TinyNet()
    options = {"momentum": 0.9} if optimizer == "SGD" else {}
    built = getattr(torch.optim, optimizer)(model.parameters(), lr=lr, **options)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(built, lr, total_steps=steps, cycle_momentum=False)
    return Parts(model, built, scheduler, nn.CrossEntropyLoss())


Train = Callable[..., FitResult]


@pytest.fixture(autouse=True)
def quiet_machine(one_thread: None) -> None:
    """Networks this small are slowed down by threads, and by far on a busy machine."""


@pytest.fixture
def train() -> Train:
    """Train a tiny network on tiny images in the given folder; parts, batches and options of fit may be replaced."""

    def run(folder: Path, parts: Parts | None = None, **options: object) -> FitResult:
        arguments: dict[str, object] = {
            "train_batches": MemoryBatches(40, 8, shuffle=True),
            "validation_batches": MemoryBatches(20, 8),
            "epochs": 4,
            "seed": 3,
        }
        arguments.update(options)
        return fit(parts or tiny_parts(), folder=folder, **arguments)  # type: ignore[arg-type]

    return run


@pytest.fixture
def parts() -> Callable[..., Parts]:
    return tiny_parts


@pytest.fixture
def memory_batches() -> type[MemoryBatches]:
    return MemoryBatches
