"""Pipelines made by hand, for tests that need one and read no study."""

from flowerablate.contracts import TRAINING, Choice, InputPlan, Pipeline, SplitPlan, slots

NOTHING = Choice("nothing")


def make_pipeline(*, steps=(), image_size=8, train=None, **components):
    """Return a pipeline of *components* by slot, ``nothing`` in the other slots; *train* sets some of ``[train]``."""
    settings = {param.name: param.default for param in TRAINING.params}
    settings |= {"epochs": 1, "batch_size": 2, "channels_last": False, **(train or {})}
    chosen = dict.fromkeys(slots(number="one", in_pipeline=True), NOTHING)
    chosen |= {TRAINING.slot: Choice(TRAINING.name, settings), **components}
    return Pipeline(chosen, tuple(steps), InputPlan(image_size, 3), SplitPlan(0.2, 0.2))
