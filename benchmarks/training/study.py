"""The recipe as a study of ours: what the loop by hand takes its loader from, and what the harness runs."""

from __future__ import annotations

from pathlib import Path

from recipe import BATCH, DEGREES, DIVIDED, LIGHT, MEAN, MOMENTUM, RESIZED, SCALE, SIZE, STD, WEIGHT_DECAY, Recipe

from flowerablate.study.templates import default_study
from flowerablate.discovery import discover
from flowerablate.wiring.assemble import Assembler
from flowerablate.study.read import read_study
from flowerablate.study.schema import StudyFile


def study_of(recipe: Recipe) -> StudyFile:
    """Return a study whose base pipeline is the recipe; it asks about the flip, because a study asks something."""
    return read_study(default_study(), None, (), keys_of(recipe))


def keys_of(recipe: Recipe) -> dict[str, object]:
    """Return the keys of that study that are not the default study's."""
    steps = {
        "resize": {"use": "resize", "size": RESIZED, "fit": "cover", "removable": False},
        "crop": {"use": "random_resized_crop", "scale": list(SCALE)},
        "flip": {"use": "horizontal_flip", "probability": 0.5},
        "rotation": {"use": "rotate", "degrees": DEGREES},
        "light": {"use": "brightness_contrast", "brightness": LIGHT, "contrast": LIGHT},
        "normalize": {"use": "normalize", "mean": list(MEAN), "std": list(STD)},
    }
    return {
        "name": "recipe",
        "dataset": {"use": "folder", "path": str(recipe.path.absolute())},
        "input.image_size": SIZE,
        "split.validation": DIVIDED.validation,
        "split.test": DIVIDED.test,
        "steps": steps,
        "model": {"use": recipe.model},
        "optimizer": {"use": "nesterov", "lr": recipe.lr, "momentum": MOMENTUM, "weight_decay": WEIGHT_DECAY},
        "scheduler": {"use": "one-cycle"},
        "loss": {"use": "cross-entropy"},
        "train.epochs": recipe.epochs,
        "train.batch_size": BATCH,
        "ablation.disable": ["flip"],
        "ablation.seeds": recipe.seed + 1,
    }


def assembler_of(recipe: Recipe) -> Assembler:
    """Return an assembler that keeps its packed images in the recipe's cache."""
    return Assembler(discover().registry, Path().absolute(), recipe.cache.absolute())
