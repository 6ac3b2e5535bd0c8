"""The commands of the README run one after the other in one folder, as a reader would type them.

They run as they stand, except for what would take minutes: epochs, replicates, the size and the number of images are
reduced. What a command needs of the README alone (``photographs``, ``others``) is made up.
"""

import re
import shlex
import shutil
from itertools import pairwise
from pathlib import Path

import pytest
import typer
from flowerablate_datasets.drawn import synthetic

from flowerablate.cli.app import app

README = Path(__file__).resolve().parents[2] / "README.md"

REDUCED = (
    "--set", "train.epochs=1", "--set", "input.image_size=16",
    "--set", "statistics.min_replicates=2", "--seeds", "2",
)  # fmt: skip
"""Stands before the words of the README, which therefore win where they say otherwise."""

SMALLER = (
    (re.compile(r"(train\.epochs)=\d+"), r"\1=2"),
    (re.compile(r"(--seeds)[ =]\d+"), r"\1 3"),
    (re.compile(r"(--max-seeds)[ =]\d+"), r"\1 4"),
    (re.compile(r"(ablation\.seeds)=\d+"), r"\1=3"),
    (re.compile(r"(--trials)[ =]\d+"), r"\1 2"),
)
"""Numbers of the README that are replaced by smaller ones."""


def commands(text):
    """The words of each ``flowerablate`` command in the shell blocks of a document, in order."""
    blocks = re.findall(r"```(?:bash|sh|shell|console)\n(.*?)```", text, flags=re.DOTALL)
    found = []
    for line in "".join(blocks).replace("\\\n", " ").splitlines():
        for part in re.split(r"&&|\|\|?|;", re.sub(r"(^|\s)#.*", "", line)):
            words = shlex.split(part.strip().removeprefix("$ "))
            if words and Path(words[0]).name == "flowerablate":
                found.append(words[1:])
    return found


def reduced(words):
    """The words of a command that ends in seconds, and that asks the same."""
    text = shlex.join(words)
    for pattern, smaller in SMALLER:
        text = pattern.sub(smaller, text)
    name, *rest = shlex.split(text)
    return [name, *REDUCED, *rest] if name == "run" else [name, *rest]


def test_each_command_of_a_shell_block_is_found():
    text = (
        "`flowerablate list`\n```bash\npython3 -m venv v && v/bin/flowerablate run --disable a   # flowerablate no\n"
        "flowerablate predict x 'a b' \\\n  --top 2 | head\n```\n```toml\nflowerablate = 1\n```\n"
    )
    assert commands(text) == [["run", "--disable", "a"], ["predict", "x", "a b", "--top", "2"]]


def test_the_words_of_each_command_are_understood(tmp_path):
    found = commands(README.read_text(encoding="utf-8"))
    assert len(found) >= 5
    for words in found:
        command, name = typer.main.get_command(app), "flowerablate"
        while words and words[0] in getattr(command, "commands", {}):
            name, command, words = words[0], command.commands[words[0]], words[1:]
        assert command.make_context(name, list(words)), (name, words)


@pytest.mark.slow
@pytest.mark.usefixtures("short_proof")
def test_the_commands_of_the_readme_run_in_order_in_one_folder(command, folder, make_images, monkeypatch):
    drawn = synthetic.build
    monkeypatch.setattr(synthetic, "build", lambda context, **params: drawn(context, **{**params, "images": 120}))
    (folder / "tiny.toml").unlink()
    for name in ("photographs", "others"):
        made = make_images(folder / "made", per_class=30)
        for old, new in (("red", "rose"), ("green", "daisy")):
            (made / old).rename(made / new)
        shutil.move(made, folder / name)
    found = commands(README.read_text(encoding="utf-8"))
    assert found
    for words in found:
        done = command(*reduced(words))
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        for written in (word for option, word in pairwise(words) if option in ("--out", "--sheet")):
            assert (folder / written).exists(), words
