from __future__ import annotations

from importlib.metadata import version

import torch
from pipelines import make_pipeline

from flowerablate import ModelSpec
from flowerablate.contracts import Choice, StepChoice
from flowerablate.discovery import discover
from flowerablate.execute.trial import record_environment
from flowerablate.registry import Owner
from flowerablate.train.device import environment
from flowerablate.wiring.assemble import Assembler

CPU = torch.device("cpu")


def test_a_result_names_the_owner_of_every_component_of_its_pipeline(tmp_path):
    registry = discover().registry
    stranger = ModelSpec("stranger", "Of another plugin.", build=lambda context: None)
    theirs = Owner("roses", "flowerablate-roses", "1.2", "0123456789abcdef")
    registry.add([stranger], theirs)
    pipeline = make_pipeline(
        steps=(StepChoice("resize", name="fit"), StepChoice("morphology", name="open", enabled=False)),
        dataset=Choice("folder", {"path": "."}),
        model=Choice("stranger"),
        optimizer=Choice("sgd"),
        scheduler=Choice("constant"),
        loss=Choice("cross-entropy"),
        sampler=Choice("shuffled"),
    )
    owners = Assembler(registry, tmp_path, tmp_path).owners(pipeline)
    assert [(owned.slot, owned.name, owned.owner.plugin) for owned in owners] == [
        ("dataset", "folder", "datasets"),
        ("loss", "cross-entropy", "losses"),
        ("model", "stranger", "roses"),
        ("optimizer", "sgd", "optimizers"),
        ("sampler", "shuffled", "samplers"),
        ("scheduler", "constant", "schedulers"),
        ("step", "morphology", "morphology"),
        ("step", "resize", "geometry"),
        ("train", "standard", "flowerablate"),
    ]
    assert owners[2].owner == theirs
    assert {owned.owner.version for owned in owners if owned.owner.is_ours} == {version("flowerablate")}


def test_a_result_has_the_versions_that_it_depends_on_besides_the_machine():
    recorded = record_environment(CPU)
    for name in ("flowerablate", "torchvision", "numpy", "pillow"):
        assert recorded[name] == version(name)
    assert environment(CPU).items() <= recorded.items()
