"""A slot is written once: what it takes to add another, and how few files call one by its name."""

from __future__ import annotations

import ast
import json
import sys
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

import flowerablate
from flowerablate import Param, StudyError
from flowerablate.cli import main
from flowerablate.contracts import SLOTS, SPECS, ComponentSpec, slots
from flowerablate.discovery import discover
from flowerablate.execute.trackers import flat_settings
from flowerablate.study.designs import design, removable, swapped
from flowerablate.study.identity import pipeline_id
from flowerablate.study.read import read_study
from flowerablate.study.resolve import resolve
from flowerablate.study.templates import default_study
from flowerablate.study.toml import to_toml
from flowerablate.testing import check_component
from flowerablate.tuning.space import read_space
from flowerablate.wiring.assemble import Assembler

PACKAGE = Path(flowerablate.__file__).parent


@dataclass(frozen=True)
class AveragerSpec(ComponentSpec):
    """How several models become one. ``build(None, **params) -> callable``."""

    slot = "averager"


PLUGIN = """
import flowerablate as fa
from flowerablate.contracts import SPECS

@fa.hookimpl
def flowerablate_register(register):
    spec = SPECS["averager"]
    width = fa.Param("width", 3, "models that are averaged", 1, 9)
    decay = fa.Param("decay", 0.5, "weight of older ones", 0.0, 1.0, off=0.0)
    register(spec("mean", "The mean of all.", lambda context, width, decay: None, (width, decay)))
    register(spec("last", "The last alone.", lambda context: None))
"""
STUDY = """
[dataset]
use = "synthetic-flowers"
[averager]
use = "mean"
width = 5
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a study and a plugin that use another slot, which exists until the test ends."""
    monkeypatch.setitem(SPECS, AveragerSpec.slot, AveragerSpec)
    (tmp_path / "flowerablate_local.py").write_text(PLUGIN)
    (tmp_path / "study.toml").write_text(STUDY)
    return tmp_path


@pytest.fixture
def assembler(folder):
    return Assembler(discover(folder).registry, folder, folder / "cache")


@pytest.fixture
def base(folder, assembler):
    return resolve(read_study(default_study(), folder / "study.toml"), assembler.lookup)


def test_another_slot_is_read_from_a_study_and_resolved(base):
    assert base.components["averager"].use == "mean"
    assert base.components["averager"].params == {"width": 5, "decay": 0.5}


def test_a_study_that_lacks_another_slot_is_refused_unless_the_slot_has_a_default(folder, assembler, monkeypatch):
    with pytest.raises(StudyError, match="averager is missing"):
        read_study(default_study(), None)
    monkeypatch.setattr(AveragerSpec, "default_use", "last")
    assert resolve(read_study(default_study(), None), assembler.lookup).components["averager"].use == "last"


def test_a_wrong_key_of_another_slot_is_told_with_the_nearest(folder, assembler):
    with pytest.raises(StudyError, match=r"averager: averager 'mean' has no parameter 'with'; did you mean 'width'\?"):
        resolve(read_study(default_study(), folder / "study.toml", ["averager.with=3"]), assembler.lookup)


def test_another_slot_is_written_back_as_a_study(base, folder, assembler):
    study = read_study(default_study(), folder / "study.toml")
    (folder / "again.toml").write_text(to_toml(base, "again", flowerablate.contracts.Rules(), [], [0]))
    again = read_study(default_study(), folder / "again.toml")
    assert again.components["averager"].params == {"width": 5, "decay": 0.5}
    assert resolve(again, assembler.lookup) == base
    assert study.components["averager"].params == {"width": 5}


def test_settings_and_plugin_of_another_slot_are_in_a_trials_id(base, assembler):
    def identity(pipeline):
        return pipeline_id(pipeline, "content", assembler.fingerprint)

    before = identity(base)
    assert identity(base.with_params("averager", width=6)) != before
    assert identity(swapped(base, "averager=last", assembler.lookup)) != before
    assert identity(base) == before
    (assembler.root / "flowerablate_local.py").write_text(PLUGIN + "# changed\n")
    assembler.registry = discover(assembler.root).registry
    assert identity(base) != before


def test_another_slot_is_swapped_ablated_and_varied(base, assembler, folder):
    assert "averager.decay" in [target.name for target in removable(base, assembler.lookup)]
    asked = read_study(
        default_study(),
        folder / "study.toml",
        options={
            "ablation.disable": ["averager.decay", "model.skip+averager.decay"],
            "ablation.swap": ["averager=last"],
            "ablation.vary": ["averager.width=7"],
        },
    ).ablation
    found = {variant.change: variant.pipeline for variant in design(base, assembler.lookup, asked).variants}
    assert {*found} == {"", "-averager.decay", "-model.skip -averager.decay", "averager=last", "averager.width=7"}
    assert found["-averager.decay"].components["averager"].params["decay"] == 0.0
    assert found["averager=last"].components["averager"].params == {}
    assert found["averager.width=7"].components["averager"].params["width"] == 7


def test_another_slot_is_searched_and_told_to_trackers(base, assembler):
    space = read_space(["averager", "averager=mean,last"], base, assembler.lookup)
    assert [dimension.name for dimension in space.dimensions] == [
        "averager", "averager.width (mean)", "averager.decay (mean)",
    ]  # fmt: skip
    assert flat_settings(base)["averager"] == "mean"
    assert flat_settings(base)["averager.width"] == 5


@pytest.fixture
def command(folder, monkeypatch, capfd):
    def run(*words):
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["flowerablate", *map(str, words)])
        capfd.readouterr()
        try:
            code = main()
        except SystemExit as end:
            code = end.code
        out, err = capfd.readouterr()
        assert not code, out + err
        return out

    return run


def test_another_slot_is_listed_with_its_components(command):
    lines = {line.split()[0]: line for line in command("list").splitlines() if line}
    assert lines["averager"].split() == ["averager", "2", "last,", "mean"]
    assert '  [averager]\n  use = "mean"\n' in command("list", "averager", "mean")
    assert list(json.loads(command("list", "--format", "json"))) == [*SLOTS]


def test_a_study_with_another_slot_is_run_and_its_result_names_the_owner(command, folder, image_folder):
    small = {"input.image_size": 16, "steps.resize.size": 20, "train.epochs": 1, "train.batch_size": 4}
    options = [word for key, value in small.items() for word in ("--set", f"{key}={value}")]
    command("run", "--data", image_folder, "--swap", "averager=last", "--seeds", 1, *options)
    [root] = (folder / "runs").iterdir()
    results = [json.loads(path.read_text()) for path in sorted(root.glob("trials/*/result.json"))]
    named = {owned["name"]: owned["owner"] for result in results for owned in result["owners"]}
    assert len(results) == 2, "variants that differ in a slot which the probe knows nothing of are not the same"
    assert named["last"] == named["mean"]
    assert named["mean"]["distribution"] == "flowerablate_local.py"
    assert len(named["mean"]["digest"]) == 32


def test_a_component_of_another_slot_is_checked_by_its_settings(folder):
    def build(context, decay):
        raise AssertionError("nothing is known of how it is to be used")

    check_component(AveragerSpec("mean", "The mean.", build, (Param("decay", 0.5, "weight", 0.0, 1.0, off=0.0),)))
    with pytest.raises(AssertionError, match="averager 'mean' has invalid settings: decay must be"):
        check_component(AveragerSpec("mean", "The mean.", build, (Param("decay", 0.5, "weight", 0.0, 1.0, off=7.0),)))


@pytest.mark.parametrize("slot", slots(from_plugins=True))
def test_the_spec_of_every_slot_is_among_the_names_that_a_plugin_needs(slot):
    name = SPECS[slot].__name__
    assert getattr(flowerablate, name) is SPECS[slot]
    assert name in flowerablate.__all__


# ------------------------------------------------------------------------------------------- written once

OWN_ROOMS = {
    "dataset": ("data",),
    "step": ("preprocess",),
    "model": ("train", "inference"),
    "optimizer": ("train",),
    "scheduler": ("train",),
    "loss": ("train",),
    "sampler": ("loader",),
    "train": ("train",),
    "metric": ("wiring",),
    "measure": ("wiring",),
    "column": ("report",),
    "tracker": ("execute",),
    "executor": ("jobs", "execute"),
}
"""Where the things themselves live."""

HOMONYMS = {
    "step": 8,
    "model": 3,
    "optimizer": 1,
    "scheduler": 1,
    "loss": 8,
    "train": 3,
    "metric": 5,
    "tracker": 1,
    "executor": 3,
}
"""Files in which the word stands for something else: a part of a split, a key of a state or a report, an option."""


@cache
def literals(path: Path) -> Counter[str]:
    """Count the texts of a file, save docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return Counter(
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose
    )


def files_that_name(slot: str) -> list[str]:
    """Return the files outside of contracts and the slot's own rooms in which its name stands as a text of its own."""
    elsewhere = [
        path.relative_to(PACKAGE)
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.relative_to(PACKAGE).parts[0] not in ("contracts", *OWN_ROOMS[slot])
    ]
    return [path.as_posix() for path in elsewhere if literals(PACKAGE / path)[slot]]


@pytest.mark.parametrize("slot", SLOTS)
def test_no_file_outside_its_room_calls_a_slot_by_its_name(slot):
    found = files_that_name(slot)
    assert len(found) <= HOMONYMS.get(slot, 0), found


def test_no_file_outside_of_contracts_lists_the_slots_of_a_pipeline():
    wanted = set(slots(number="one", from_plugins=True))
    found = {
        path.relative_to(PACKAGE).as_posix(): sorted(wanted & set(literals(path))) for path in PACKAGE.rglob("*.py")
    }
    lists = {path: words for path, words in found.items() if len(words) > 2 and not path.startswith("contracts/")}
    assert lists == {"train/loop.py": ["model", "optimizer", "scheduler"]}, "which are the keys of a checkpoint"
