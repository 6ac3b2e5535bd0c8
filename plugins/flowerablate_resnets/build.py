"""Builds a network with its initial weights from settings and a context."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from torch import nn

import flowerablate as fa
from flowerablate.errors import StudyError

from .features import Features
from .layers import SMALL_NAMES, TORCHVISION_NAMES
from .network import ResNet
from .weights import load_file, load_pretrained


def built(
    name: str,
    blocks: tuple[int, ...],
    features: Features,
    defaults: Features,
    version: str,
    weights: str,
    context: fa.ModelContext,
    small: bool,
) -> nn.Module:
    """Return the network *name* with random weights, torchvision's *version*, or the weights in the file *weights*.

    If the context says that a checkpoint's weights will be loaded, none are read. Raises :class:`StudyError` if both
    *version* and *weights* are set, or if weights cannot be read or do not fit.
    """
    if version and weights:
        raise StudyError("model.pretrained and model.weights both set the initial weights; set one of them")
    names = SMALL_NAMES if small else TORCHVISION_NAMES
    model = ResNet(blocks, features, names, classes=context.classes, channels=context.channels)
    if version and context.read_weights:
        changed = [f.name for f in fields(Features) if getattr(features, f.name) != getattr(defaults, f.name)]
        load_pretrained(model, name, version, names.stem, names.head, changed)
    elif weights and context.read_weights:
        load_file(model, context.root / Path(weights).expanduser(), names.stem, names.head)
    return model
