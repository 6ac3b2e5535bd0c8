from __future__ import annotations

from importlib.metadata import version

import pytest
import torch

from flowerablate import ModelSpec
from flowerablate.contracts import Choice, InputPlan, Pipeline, SplitPlan, StepChoice, TrainPlan
from flowerablate.discovery import discover
from flowerablate.execute.trial import record_surroundings
from flowerablate.registry import Owner
from flowerablate.train.device import environment
from flowerablate.wiring.assemble import Assembler

CPU = torch.device("cpu")


@pytest.fixture
def surroundings(tmp_path):
    registry = discover().registry
    stranger = ModelSpec("stranger", "Of another plugin.", build=lambda context: None)
    registry.add([stranger], Owner("roses", "flowerablate-roses", "1.2", "0123456789abcdef"))
    pipeline = Pipeline(
        dataset=Choice("folder", {"path": "."}),
        steps=(StepChoice("resize", name="fit"), StepChoice("morphology", name="open", enabled=False)),
        model=Choice("stranger"),
        optimizer=Choice("sgd"),
        scheduler=Choice("constant"),
        loss=Choice("cross-entropy"),
        sampler=Choice("shuffled"),
        input=InputPlan(16, 3),
        split=SplitPlan(0.2, 0.2),
        train=TrainPlan(1, 4, False),
    )
    return record_surroundings(pipeline, Assembler(registry, tmp_path, tmp_path), CPU)


def test_a_result_names_every_plugin_of_its_pipeline_once_with_its_version(surroundings):
    ours = f"(flowerablate {version('flowerablate')})"
    assert surroundings["owners"].split("; ") == [
        f"datasets {ours}",
        f"geometry {ours}",
        f"losses {ours}",
        f"morphology {ours}",
        f"optimizers {ours}",
        "roses (flowerablate-roses 1.2 0123456789ab)",
        f"samplers {ours}",
        f"schedulers {ours}",
    ]


def test_a_result_has_the_versions_that_it_depends_on_beside_the_machine(surroundings):
    for name in ("flowerablate", "torchvision", "numpy", "pillow"):
        assert surroundings[name] == version(name)
    assert environment(CPU).items() <= surroundings.items()
