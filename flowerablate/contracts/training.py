"""The settings of training that are no component's: typed like a component's parameters, some of them features."""

from __future__ import annotations

from ..params import Param
from .pipeline import TrainPlan
from .specs import ComponentSpec

ALWAYS_MEASURED = ("accuracy", "loss")
"""What ``train.best_by`` may name besides a metric: every evaluation has these two."""

TRAINING = ComponentSpec(
    "train",
    "How a trial trains.",
    TrainPlan,
    (
        Param("epochs", 8, "Passes over the training images.", low=1),
        Param("batch_size", 32, "Images in a batch.", low=2),
        Param("channels_last", True, "Keep images and weights with the channels innermost in memory."),
        Param(
            "precision",
            "float32",
            "Numbers in which the model computes; the weights stay float32.",
            choices=("float32", "bfloat16", "float16"),
        ),
        Param("compile", False, "Let torch.compile make one program of the model."),
        Param("accumulate", 1, "Batches whose gradients are averaged for one step of the optimizer.", low=1, off=1),
        Param("clip_norm", 0.0, "Largest norm of all gradients together; 0: no limit.", low=0.0, off=0.0),
        Param("clip_value", 0.0, "Largest absolute value of a gradient; 0: no limit.", low=0.0, off=0.0),
        Param(
            "decay",
            "all",
            "What weight decay acts on: all parameters, or weights only, not norms and biases.",
            choices=("all", "weights"),
            off="all",
        ),
        Param(
            "ema",
            0.0,
            "Decay of an exponential moving average of the weights, which is evaluated; 0: none.",
            0.0,
            0.99999,
            off=0.0,
        ),
        Param("patience", 0, "Epochs without a better one after which training stops; 0: never.", low=0, off=0),
        Param("best_by", "accuracy", "The metric, taken on validation, by which the best epoch is chosen; or loss."),
    ),
)
