"""Training on labels that are class probabilities; validation keeps its classes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from flowerablate.train.delivery import count_right


class Soft:
    """Batches whose labels are turned into probabilities: *fraction* for the class, the rest for the other one."""

    def __init__(self, batches: Any, fraction: float) -> None:
        self.batches, self.fraction = batches, fraction

    def __len__(self) -> int:
        return len(self.batches)

    def epoch(self, number: int) -> Iterator[tuple[Tensor, Tensor]]:
        for images, labels in self.batches.epoch(number):
            one_hot = functional.one_hot(labels, 2).float()
            yield images, self.fraction * one_hot + (1 - self.fraction) * (1 - one_hot)


def run(train: Callable[..., Any], folder: Path, batches: Any) -> Any:
    return train(folder, train_batches=batches).history[-1]


def test_one_hot_rows_train_as_their_classes_do(tmp_path: Path, train: Any, memory_batches: Any) -> None:
    hard = run(train, tmp_path / "hard", memory_batches(40, 8, shuffle=True))
    soft = run(train, tmp_path / "soft", Soft(memory_batches(40, 8, shuffle=True), 1.0))
    assert soft.train_loss == pytest.approx(hard.train_loss, rel=1e-4)
    assert soft.train_accuracy == hard.train_accuracy
    assert soft.validation_accuracy == hard.validation_accuracy


def test_an_image_is_right_by_the_share_of_the_class_that_is_named(
    tmp_path: Path, train: Any, memory_batches: Any
) -> None:
    record = run(train, tmp_path, Soft(memory_batches(40, 8, shuffle=True), 0.8))
    assert record.validation_accuracy > 0.9
    assert 0.6 < record.train_accuracy <= 0.8 + 1e-6


def test_right_answers_are_counted_for_both_kinds_of_labels() -> None:
    logits = torch.tensor([[2.0, 1.0, 0.0], [0.0, 1.0, 3.0]])
    assert count_right(logits, torch.tensor([0, 1])).item() == 1
    assert count_right(logits, torch.tensor([[0.25, 0.75, 0.0], [0.0, 0.5, 0.5]])).item() == 0.75
