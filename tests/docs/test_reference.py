"""The reference on the site has every command, option and component, as the program has them."""

import sys
from pathlib import Path

import pytest
import typer

from flowerablate.cli.app import app
from flowerablate.contracts import SLOTS
from flowerablate.discovery import discover


@pytest.fixture
def written(monkeypatch):
    """What a script of docs/ writes: ``written("commands")``."""
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "docs")
    yield lambda name: __import__(name).text()
    for name in ("commands", "components"):
        sys.modules.pop(name, None)


def test_every_command_has_a_chapter_with_each_of_its_options(written):
    chapters = dict(chapter.split("\n", 1) for chapter in written("commands").split("## ")[1:])
    commands = typer.main.get_command(app).commands
    groups = {name for name, command in commands.items() if hasattr(command, "commands")}
    alone = {name: command for name, command in commands.items() if name not in groups}
    inside = {f"{group} {name}": each for group in groups for name, each in commands[group].commands.items()}
    assert chapters.keys() == {*alone, *inside}
    for name, command in {**alone, **inside}.items():
        for param in command.params:
            missing = [spelt for spelt in param.opts if spelt.startswith("--") and spelt not in chapters[name]]
            assert not missing or param.name == "help", (name, missing)


def test_examples_of_a_command_are_blocks_of_their_own(written):
    assert "```bash\nflowerablate init\nflowerablate init flowers.toml\n" in written("commands")


def test_every_component_but_the_steps_has_a_chapter(written):
    text = written("components")
    registry = discover(None, strict=True).registry
    for slot in SLOTS:
        for name in registry.slot(slot):
            assert (f"\n### {slot} {name}\n" in text) == (slot != "step"), (slot, name)


def test_a_component_that_differs_by_its_defaults_names_them(written):
    text = written("components")
    chapter = text.split("### model resnet18\n")[1].split("###")[0]
    assert 'Parameters as those of resnet101; other defaults: `block` `"basic"`' in chapter
    assert "| `skip` | `true` |" in text.split("### model resnet101\n")[1].split("###")[0]
