"""Each option is declared once, and is in reach of Python and of the command line."""

import inspect
import re
from dataclasses import fields
from pathlib import Path

import pytest
import typer

import flowerablate as fa
from flowerablate.api.option_values import keys_of
from flowerablate.api.options import RunOptions, StudyOptions, Texts, options_of
from flowerablate.cli.app import app

COMMAND = {parameter.name: parameter for parameter in typer.main.get_command(app).commands["run"].params}
PYTHON = inspect.signature(fa.run).parameters


def test_no_option_of_the_command_is_out_of_reach():
    elsewhere = {
        "data": "Study.data",
        "label_from": "Study.override",
        "overrides": "Study.override",
        "dry_run": "plan_of",
    }
    assert set(COMMAND) == set(PYTHON) - {"progress", "observer"} | set(elsewhere)
    assert {field.name for field in fields(fa.Study)} >= {"path", "data", "overrides"}
    assert set(inspect.signature(fa.plan_of).parameters) == set(PYTHON) - {"progress", "observer", "budget"}
    assert set(inspect.signature(fa.Study.ask).parameters) - {"self"} == set(options_of(StudyOptions))


@pytest.mark.parametrize("name", options_of(RunOptions))
def test_an_option_has_the_same_default_and_the_same_help_in_both(name):
    declared = options_of(RunOptions)[name][1]
    assert COMMAND[name].help == declared.help
    assert PYTHON[name].default == declared.default
    given = COMMAND[name].default
    assert (str(given) if name == "runs" else given) == declared.default
    assert f"    {name}: " in fa.run.__doc__


def test_an_unknown_option_is_refused_by_its_name():
    with pytest.raises(TypeError, match="'sead'"):
        fa.run(sead=3)
    with pytest.raises(TypeError, match="'budget'"):
        fa.plan_of(budget="1h")


def test_the_seed_control_keeps_its_old_name_on_the_command_line():
    assert COMMAND["seed_control"].opts == ["--seed-control", "--luck"]
    assert keys_of({"seed_control": True, "placebo": True}) == {"ablation.controls": ["placebo", "seed_control"]}


def test_one_text_is_a_list_of_one():
    assert keys_of({"disable": "flip"}) == keys_of({"disable": ["flip"]})
    assert keys_of({"design": "pairwise"}) == {"ablation.design": ["pairwise"]}


@pytest.mark.parametrize("name", [name for name, (hint, _) in options_of(StudyOptions).items() if hint == Texts | None])
def test_an_iterator_of_texts_is_as_good_as_a_list(name):
    given = ["leave-one-out", "pairwise"] if name == "design" else ["cpu"] if name == "devices" else ["csv"]
    assert keys_of({name: (text for text in given)}) == keys_of({name: given})
    assert given[0] in str(keys_of({name: map(str, given)}))


@pytest.mark.parametrize("name", [*options_of(StudyOptions)])
def test_an_option_of_another_type_is_refused_in_our_words(name):
    if options_of(StudyOptions)[name][0] in (bool, bool | None):
        return
    with pytest.raises(fa.StudyError, match=name.replace("metric", "primary")):
        fa.plan_of(fa.Study(), **{name: object()})


def test_changes_that_are_named_take_the_place_of_all_that_the_study_names():
    assert keys_of({"swap": "model=resnet14"}) == {
        "ablation.disable": [],
        "ablation.swap": ["model=resnet14"],
        "ablation.vary": [],
    }


def test_an_empty_list_asks_for_none_of_what_the_study_names():
    assert keys_of({"disable": []}) == {"ablation.disable": [], "ablation.swap": [], "ablation.vary": []}
    assert keys_of({"devices": []}) == {"execution.devices": []}


def test_what_is_none_or_false_leaves_it_to_the_study():
    assert keys_of(dict.fromkeys(options_of(StudyOptions))) == {}
    assert keys_of({"placebo": False, "seed_control": False}) == {}


def test_a_tracker_may_have_a_list():
    keys = keys_of({"trackers": 'csv,columns=["a","b"],flush=true'})
    assert keys == {"trackers.csv": {"use": "csv", "columns": ["a", "b"], "flush": True}}


def test_the_document_names_every_option():
    text = (Path(__file__).resolve().parents[2] / "docs" / "how-to" / "notebook.md").read_text()
    (table,) = re.findall(r"\| option \| what it takes \|\n(.*?)\n\n", text, flags=re.DOTALL)
    rows = [row.split("|")[1] for row in table.splitlines()]
    assert set(re.findall(r"`(\w+)`", " ".join(rows))) == set(options_of(RunOptions))


def test_messages_name_an_option_as_it_was_written():
    with pytest.raises(fa.StudyError, match=r"^design: there is no 'leave'; did you mean 'leave-one-out'\?"):
        keys_of({"design": "leave"})
    with pytest.raises(fa.StudyError, match=r"^--population: there is no 'image'"):
        keys_of({"population": "image"}, dashes=True)
