"""Pipelines made by hand, for tests that need one and read no study; and a study that trains in a moment."""

from flowerablate.contracts import TRAINING, Choice, InputPlan, Pipeline, SplitPlan, slots
from flowerablate.study.read import read_study
from flowerablate.study.templates import default_study

NOTHING = Choice("nothing")


def make_pipeline(*, steps=(), image_size=8, train=None, **components):
    """Return a pipeline of *components* by slot, ``nothing`` in the other slots; *train* sets some of ``[train]``."""
    settings = {param.name: param.default for param in TRAINING.params}
    settings |= {"epochs": 1, "batch_size": 2, "channels_last": False, **(train or {})}
    chosen = dict.fromkeys(slots(number="one", in_pipeline=True), NOTHING)
    chosen |= {TRAINING.slot: Choice(TRAINING.name, settings), **components}
    return Pipeline(chosen, tuple(steps), InputPlan(image_size, 3), SplitPlan(0.2, 0.2))


SMALL = {
    "steps": {
        "resize": {"use": "resize", "size": 16, "fit": "cover", "removable": False},
        "flip": {"use": "horizontal_flip"},
        "normalize": {"use": "normalize"},
    },
    "input.image_size": 16,
    "model": {"use": "resnet8", "width": 4},
    "train.epochs": 2,
    "train.batch_size": 4,
}


def small_study(images, **keys):
    """Return the study of the folder *images* with few pixels, a narrow network and two epochs; *keys* set others."""
    dataset = {"dataset": {"use": "folder", "path": str(images)}}
    return read_study(default_study(), None, (), {**SMALL, **dataset, **keys})


BUILDING = """
import os, time
import flowerablate as fa

def build(context):
    BUILD

@fa.hookimpl
def flowerablate_register(register):
    register(fa.LossSpec("bad", "Does as told when it is built.", build))
"""
"""A plugin with the loss ``bad``, whose building is what BUILD is replaced by."""
