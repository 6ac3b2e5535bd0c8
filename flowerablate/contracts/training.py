"""The settings of training that are no component's, and their defaults: a spec as any other, the one of its slot."""

from __future__ import annotations

from typing import Any

from ..params import Param
from .pipeline import TrainPlan
from .specs import TrainingSpec

ALWAYS_MEASURED = ("accuracy", "loss")
"""What ``train.best_by`` may name besides a metric: every evaluation has these two."""


def _plan(context: None, **params: Any) -> TrainPlan:
    return TrainPlan(**params)


TRAINING = TrainingSpec(
    TrainingSpec.default_use,
    "How a trial trains.",
    _plan,
    (
        Param("epochs", 8, "passes over the training images", low=1),
        Param("batch_size", 32, "images in a batch", low=2),
        Param("channels_last", True, "keep images and weights with the channels innermost in memory"),
        Param(
            "precision",
            "float32",
            "numbers in which the model computes; the weights stay float32",
            choices=("float32", "bfloat16", "float16"),
        ),
        Param("compile", False, "let torch.compile make one program of the model"),
        Param("accumulate", 1, "batches whose gradients are averaged for one step of the optimizer", low=1, off=1),
        Param("clip_norm", 0.0, "largest norm of all gradients together; 0: no limit", low=0.0, off=0.0),
        Param("clip_value", 0.0, "largest absolute value of a gradient; 0: no limit", low=0.0, off=0.0),
        Param(
            "decay",
            "all",
            "what weight decay acts on: all parameters, or weights only, not norms and biases",
            choices=("all", "weights"),
            off="all",
        ),
        Param(
            "ema",
            0.0,
            "decay of an exponential moving average of the weights, which is evaluated; 0: none",
            0.0,
            0.99999,
            off=0.0,
        ),
        Param("patience", 0, "epochs without a better one after which training stops; 0: never", low=0, off=0),
        Param("best_by", "accuracy", "the metric, taken on validation, by which the best epoch is chosen; or loss"),
    ),
)
