"""The settings of training that belong to no component, and their defaults: the only spec of its slot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .params import Param
from .specs import TrainingSpec

if TYPE_CHECKING:
    from .pipeline import TrainPlan

ALWAYS_MEASURED = ("accuracy", "loss")
"""Names that ``train.best_by`` accepts besides metrics; every evaluation computes both."""


@dataclass(frozen=True)
class TrainPlan:
    """How a trial trains: one field per parameter of :data:`TRAINING`.

    The parameters are explained there, and so are their defaults.
    """

    epochs: int
    batch_size: int
    channels_last: bool
    precision: str
    compile: bool
    accumulate: int
    clip_norm: float
    clip_value: float
    decay: str
    ema: float
    patience: int
    best_by: str


def _plan(context: None, **params: Any) -> TrainPlan:
    from .pipeline import TrainPlan

    return TrainPlan(**params)


TRAINING = TrainingSpec(
    TrainingSpec.default_use,
    "How a trial trains.",
    _plan,
    (
        Param("epochs", 10, "passes over the training images", low=1),
        Param("batch_size", 32, "images in a batch", low=2),
        Param("channels_last", True, "store images and weights with the channels innermost in memory"),
        Param(
            "precision",
            "float32",
            "number format of the model's computations; the weights stay float32",
            choices=("float32", "bfloat16", "float16"),
        ),
        Param("compile", False, "compile the model with torch.compile"),
        Param("accumulate", 1, "batches whose gradients are averaged for one optimizer step", low=1, off=1),
        Param("clip_norm", 0.0, "maximum norm of all gradients together; 0: no limit", low=0.0, off=0.0),
        Param("clip_value", 0.0, "maximum absolute value of a gradient; 0: no limit", low=0.0, off=0.0),
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
            "decay of the exponential moving average of the weights that is evaluated; 0: none",
            0.0,
            0.99999,
            off=0.0,
        ),
        Param("patience", 0, "epochs without improvement after which training stops; 0: never", low=0, off=0),
        Param("best_by", "accuracy", "the validation metric that chooses the best epoch; or loss"),
    ),
)
