"""The optimizer steps and evaluations of one trial on a batch in memory, with one thread: no data, no harness.

python benchmarks/scaling/steps_alone.py PATH --model resnet14 --epochs 8

One of these per core at once takes about as long as trials must with these kernels of torch.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "training"))

from recipe import BATCH, EVALUATION_BATCH, SIZE, Recipe, build_model, build_optimizer, samples_and_split
from study_options import study_options


def main() -> None:
    """Do the steps, and print the seconds as a line of JSON."""
    options = study_options("Do the steps of one trial without its data.").parse_args()
    torch.set_num_threads(1)
    recipe = Recipe(options.path, options.model, options.epochs, 0.05, 0, Path())
    samples, split = samples_and_split(recipe)
    model = build_model(recipe, len(samples.classes))
    steps = len(split.train) // BATCH
    optimizer, schedule = build_optimizer(recipe, model, steps)
    images, labels = _batch(BATCH), torch.randint(len(samples.classes), (BATCH,))
    started = time.perf_counter()
    for _ in range(recipe.epochs):
        model.train()
        for _ in range(steps):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(images), labels).backward()
            optimizer.step()
            schedule.step()
        _evaluate(model, len(split.validation))
    _evaluate(model, len(split.test))
    print(json.dumps({"seconds": time.perf_counter() - started}))


@torch.inference_mode()
def _evaluate(model: torch.nn.Module, images: int) -> None:
    model.eval()
    for first in range(0, images, EVALUATION_BATCH):
        model(_batch(min(EVALUATION_BATCH, images - first)))


def _batch(size: int) -> torch.Tensor:
    return torch.zeros(size, 3, SIZE, SIZE).contiguous(memory_format=torch.channels_last)


if __name__ == "__main__":
    main()
