"""A made-up catalogue of components, so that this room is tested without any plugin."""

import pytest

from flowerablate.contracts import (
    TRAINING,
    ComponentSpec,
    DatasetSpec,
    LossSpec,
    ModelSpec,
    OptimizerSpec,
    Param,
    SamplerSpec,
    SchedulerSpec,
    StepSpec,
)
from flowerablate.errors import StudyError
from flowerablate.study.resolve import resolve
from flowerablate.study.schema import parse


def never_built(*args, **params):
    raise AssertionError("this room builds nothing")


SPECS = [
    DatasetSpec("images", "", never_built, (Param("path", "", ""),)),
    StepSpec("opening", "", never_built, (Param("size", 3, "", low=1, high=63),), kind="morphology"),
    StepSpec("closing", "", never_built, (Param("size", 3, "", low=1, high=63),), kind="morphology"),
    StepSpec("flip", "", never_built, (Param("probability", 0.5, "", low=0, high=1, off=0.0),), random=True),
    ModelSpec("small", "", never_built, (Param("skip", True, "", off=False), Param("width", 16, "", low=1))),
    ModelSpec("large", "", never_built),
    OptimizerSpec("sgd", "", never_built, (Param("lr", 0.1, "", low=0), Param("decay", 0.0, "", off=0.0))),
    OptimizerSpec("adam", "", never_built, (Param("lr", 0.001, "", low=0),)),
    SchedulerSpec("constant", "", never_built),
    LossSpec("entropy", "", never_built),
    SamplerSpec("shuffled", "", never_built),
    TRAINING,
]


def lookup_in(specs: list[ComponentSpec]):
    def lookup(slot, name, where):
        for spec in specs:
            if (spec.slot, spec.name) == (slot, name):
                return spec
        raise StudyError(f"{where}: no {slot} is called {name!r}")

    return lookup


@pytest.fixture
def lookup():
    return lookup_in(SPECS)


@pytest.fixture
def tables():
    return {
        "name": "made-up",
        "dataset": {"use": "images", "path": "here"},
        "input": {"image_size": 32, "channels": 3, "bits": 8},
        "split": {"method": "auto", "validation": 0.2, "test": 0.2, "folds": 5, "subset": ""},
        "steps": {
            "resize": {"use": "closing", "removable": False},
            "clean": {"use": "opening", "size": 5},
            "flip": {"use": "flip"},
        },
        "model": {"use": "small"},
        "optimizer": {"use": "sgd", "lr": 0.2},
        "scheduler": {"use": "constant"},
        "loss": {"use": "entropy"},
        "sampler": {"use": "shuffled"},
        "train": {"epochs": 2, "batch_size": 8, "channels_last": True},
        "ablation": {
            "seeds": 2,
            "design": ["leave-one-out"],
            "disable": [],
            "swap": [],
            "vary": [],
            "retune": [],
            "controls": [],
            "until_decided": False,
            "max_seeds": 20,
            "futility": 0.1,
        },
        "metrics": {"primary": "accuracy", "secondary": []},
        "statistics": {"level": 0.95, "population": "auto"},
    }


@pytest.fixture
def base(tables, lookup):
    return resolve(parse(tables, "test"), lookup)


@pytest.fixture
def ablation(tables):
    """Return the [ablation] table with some keys changed."""

    def ablation(**changes):
        return parse({**tables, "ablation": {**tables["ablation"], **changes}}, "test").ablation

    return ablation
