"""The same loop written by hand over our own loader: what the harness adds to it is the harness's cost.

    python benchmarks/training/by_hand.py PATH --model resnet18 --seed 0

Packed images, native preprocessing, an allocator that keeps its memory; no checkpoints, no history, no keyed weights.
"""

from __future__ import annotations

from flowerablate.train.threads import wait_politely

wait_politely()  # before torch is imported, as the command line does

import copy
import statistics
import time

import torch
from recipe import BATCH, EVALUATION_BATCH, Recipe, Run, build_model, build_optimizer, recipe
from study import assembler_of, study_of
from torch import nn

from flowerablate.data.splits import split_samples
from flowerablate.loader import Batches, PackedDataset
from flowerablate.study.resolve import resolve
from flowerablate.train.device import keep_memory


def train(recipe: Recipe) -> Run:
    """Train the recipe once."""
    keep_memory()
    started = time.perf_counter()
    assembler = assembler_of(recipe)
    pipeline = resolve(study_of(recipe), assembler.lookup)
    data = assembler.load_data(pipeline, skip_bad=False)
    prepared = assembler.prepare(pipeline, data)
    split = split_samples(data.samples, recipe.seed, pipeline.split)

    def batches(chain: object, part: object, size: int, *, shuffle: bool) -> Batches:
        dataset = PackedDataset(
            chain,
            prepared.images,
            data.ids,
            data.labels,
            indices=part,
            seed=recipe.seed,
            channels_last=True,
        )
        return Batches(dataset, batch_size=size, shuffle=shuffle)

    training = batches(prepared.train, split.train, BATCH, shuffle=True)
    validation = batches(prepared.evaluate, split.validation, EVALUATION_BATCH, shuffle=False)
    test = batches(prepared.evaluate, split.test, EVALUATION_BATCH, shuffle=False)
    model = build_model(recipe, len(data.samples.classes))
    optimizer, schedule = build_optimizer(recipe, model, len(training))
    best, best_epoch, best_state = -1.0, 0, copy.deepcopy(model.state_dict())
    speeds = []
    for epoch in range(1, recipe.epochs + 1):
        model.train()
        began, seen = time.perf_counter(), 0
        for images, labels in training.epoch(epoch):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(images), labels).backward()
            optimizer.step()
            schedule.step()
            seen += len(labels)
        speeds.append(seen / (time.perf_counter() - began))
        reached = accuracy(model, validation)
        if reached > best:
            best, best_epoch, best_state = reached, epoch, copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    reached = accuracy(model, test)
    seconds = time.perf_counter() - started
    parameters = sum(parameter.numel() for parameter in model.parameters())
    return Run(recipe.seed, reached, best, best_epoch, seconds, statistics.median(speeds), parameters)


@torch.inference_mode()
def accuracy(model: nn.Module, batches: Batches) -> float:
    """Return the fraction of the images that *model* classifies correctly."""
    model.eval()
    right, seen = 0, 0
    for images, labels in batches.epoch(0):
        right += int((model(images).argmax(1) == labels).sum())
        seen += len(labels)
    return right / seen


if __name__ == "__main__":
    train(recipe(description=__doc__ or "")).show()
