"""Variants are prepared in one process, and apart where one of them may have harmed another."""

from __future__ import annotations

from pathlib import Path

import pytest
from pipelines import BUILDING

from flowerablate.contracts import Job
from flowerablate.errors import PluginError
from flowerablate.execute import prepared
from flowerablate.execute.apart import Answer
from flowerablate.execute.observer import SilentObserver
from flowerablate.execute.prepared import prepare_apart
from flowerablate.jobs.fork_server import SERVER_ENDED
from flowerablate.jobs.schedule import Limits

ORDER = ("", "a", "b", "c")
"""The base and three variants, as their process looks at them."""


def alone(change):
    return Answer({"needs": {change: [change]}}, [change], "")


class Process:
    """Plays the process that prepares variants: *does* says what comes of each, by its change.

    ``dies`` and ``hangs`` act at once; ``kills the server`` and ``harms`` show when the next variant is looked at.
    """

    def __init__(self, **does: str) -> None:
        self.does = {change if change != "base" else "": what for change, what in does.items()}
        self.asked: list[tuple[str, ...]] = []
        self.server_ended = False

    def ask(self, job, schedule, progress, limits):
        todo = [change for change in ORDER if change in job.params["missing"]]
        self.asked.append(tuple(todo))
        self.server_ended = False
        seen: list[str] = []
        broken: dict[str, str] = dict(job.params["broken"])
        for change in todo:
            before, harmed = frozenset(seen), any(self.does.get(each) == "harms" for each in seen)
            seen.append(change)
            if self.server_ended:
                return Answer(None, [change], SERVER_ENDED, before, lost=True)
            match self.does.get(change):
                case "dies":
                    return Answer(None, [change], "died", before)
                case "breaks the base":  # which is looked at after all variants have been built
                    return Answer(None, [""], "broke", before | {change})
                case "hangs":
                    return Answer(None, [change], "hung", before, stopped=True)
                case "kills the server":
                    self.server_ended = True
                case "patches":
                    return Answer({"harmful": [change]}, [change], "", before) if len(todo) > 1 else alone(change)
            if harmed:
                broken[change] = "raised"
        return Answer({"broken": broken, "needs": {change: [change] for change in todo}}, seen[-1:], "", before)

    def still_serves(self, server, preload):
        return not self.server_ended


@pytest.fixture
def prepare(tmp_path, monkeypatch):
    def run(process: Process) -> prepared.Prepared:
        monkeypatch.setattr(prepared, "ask", process.ask)
        monkeypatch.setattr(prepared, "still_serves", process.still_serves)
        job = Job("prepare", "", tmp_path / "prepare", tmp_path, tmp_path)
        return prepare_apart(Study(), ORDER, job, lambda limits, client: None, SilentObserver(), Limits())

    return run


class Study:
    def model_dump(self, mode):
        return {}


def test_without_faults_one_process_prepares_all(prepare):
    process = Process()
    found = prepare(process)
    assert found.broken == {}
    assert set(found.needs) == set(ORDER)
    assert process.asked == [ORDER]


@pytest.mark.parametrize("change", ["a", "b", "c"])
def test_a_variant_that_kills_the_fork_server_is_named_and_no_other(prepare, change):
    found = prepare(Process(**{change: "kills the server"}))
    if change == "c":  # the process was done before it ended; its trials tell
        assert found.broken == {}
    else:
        assert found.broken == {change: "could not be prepared: the fork server ended"}
    assert set(found.needs) >= set(ORDER) - {change}


def test_a_variant_that_breaks_the_base_in_its_own_process_costs_itself_alone(prepare):
    found = prepare(Process(b="breaks the base"))
    assert found.broken == {"b": "could not be prepared: broke"}
    assert set(found.needs) == {"", "a", "c"}


def test_variants_that_were_prepared_apart_are_named():
    found = prepared.Prepared(apart=["a", "b"])
    assert prepared.in_words(found) == [
        "a and b were prepared in processes of their own: whether they differ from each other is not known"
    ]


def test_several_that_kill_it_are_all_named(prepare):
    found = prepare(Process(a="kills the server", b="kills the server"))
    assert set(found.broken) == {"a", "b"}
    assert set(found.needs) == {"", "c"}


def test_a_base_that_kills_it_is_an_error(prepare):
    with pytest.raises(PluginError, match="the study could not be prepared: the fork server ended"):
        prepare(Process(base="kills the server"))


def test_a_variant_that_ends_its_process_is_tried_apart_if_another_one_came_before(prepare):
    process = Process(b="dies")
    found = prepare(process)
    assert found.broken == {"b": "could not be prepared: died"}
    assert process.asked == [ORDER, ("b",), ("", "a", "c")]


def test_a_variant_that_hangs_is_not_waited_for_twice(prepare):
    process = Process(b="hangs")
    assert prepare(process).broken == {"b": "could not be prepared: hung"}
    assert process.asked == [ORDER, ("", "a", "c")]


def test_what_an_earlier_variant_has_brought_about_costs_no_later_one(prepare):
    process = Process(a="harms")
    found = prepare(process)
    assert found.broken == {}
    assert set(found.needs) == set(ORDER)
    assert process.asked == [ORDER, ("b",), ("c",)]


def test_a_variant_that_changes_the_process_is_prepared_apart(prepare):
    process = Process(b="patches")
    found = prepare(process)
    assert found.broken == {}
    assert set(found.needs) == set(ORDER)
    assert process.asked == [ORDER, ("b",), ("", "a", "c")]


@pytest.fixture
def run_bad(run_tiny, tmp_path):
    """Run a study with a variant, ``loss=bad``, whose building is *how*, and others that are innocent."""

    def run(how: str, **options):
        result = run_tiny(
            BUILDING.replace("BUILD", how), disable="flip", swap=["loss=bad", "model=resnet14"], **options
        )
        assert not [path for path in Path(tmp_path / "runs").rglob(".*") if path.is_file()]
        return result

    return run


@pytest.mark.slow  # each fork server that is killed loads torch anew
def test_a_component_that_kills_its_parent_when_it_is_built_costs_its_variant(run_bad):
    result = run_bad("os.kill(os.getppid(), 9); time.sleep(600)")
    assert {failure.label for failure in result.failed} == {"loss=bad"}
    assert "the fork server ended" in result.failed[0].reason
    assert result["-flip"].n == result["model=resnet14"].n == 1


def test_a_component_that_changes_torch_when_it_is_built_costs_no_other_variant(run_bad):
    result = run_bad("import torch; torch.nn.Conv2d.__init__ = None; return torch.nn.functional.cross_entropy")
    assert result.failed == ()
    assert result["loss=bad"].n == result["model=resnet14"].n == 1


PATCHING = """
import flowerablate as fa
import torch

def patching(context):
    real = torch.nn.functional.cross_entropy
    torch.nn.functional.cross_entropy = lambda *given, **named: real(*given, **named) * 0
    return real

def innocent(factor):
    return lambda context: lambda *given: torch.nn.functional.cross_entropy(*given) * factor

@fa.hookimpl
def flowerablate_register(register):
    register(fa.LossSpec("a-patching", "Changes torch when it is built.", patching))
    register(fa.LossSpec("half", "Does not.", innocent(0.5)))
    register(fa.LossSpec("twice", "Does not either.", innocent(2.0)))
"""


class Remarks(SilentObserver):
    def __init__(self):
        self.said = []

    def remarked(self, text):
        self.said.append(text)


def test_what_a_component_changes_when_it_is_built_deceives_nobody_about_other_variants(run_tiny):
    """The losses of all later variants would be zero, and so the same."""
    watch = Remarks()
    run_tiny(PATCHING, swap=["loss=a-patching", "loss=half", "loss=twice"], observer=watch)
    read, said = watch.said
    assert read.startswith("2 classes")
    assert said.endswith("whether they differ from each other is not known")
