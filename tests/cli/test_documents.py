"""The command lines of the documents run as they stand."""

import re
import shlex
import shutil
from itertools import pairwise
from pathlib import Path

import pytest
import typer

from flowerablate.api import planned
from flowerablate.cli.app import app
from flowerablate.sanity import lr_range
from flowerablate.study.designs import design
from flowerablate.study.resolve import resolve

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = (
    "README.md",
    *(f"docs/{name}.md" for name in ("adaptive", "data", "imbalance", "metrics", "report", "resnets", "training")),
)

FURTHER = ("docs/explanation/designs.md", "docs/explanation/scaling.md", "docs/how-to/trackers.md")
"""Documents whose lines are run in the tests of what they tell of."""


def lines_of(document, name):
    """The words behind ``flowerablate NAME`` on each line of a document, without remarks and redirections."""
    lines = re.findall(rf"^ *flowerablate {name}\b(.*)$", (ROOT / document).read_text(), flags=re.MULTILINE)
    return [shlex.split(re.sub(r"\s[#>].*", "", line)) for line in lines]


def test_every_line_that_runs_a_study_is_understood(command, folder, make_images, monkeypatch):
    """Its study is read and resolved and its questions are found; no images are read."""
    asked = []

    def understand(study, *place, **options):
        lookup = study.assembler().lookup
        asked.append(design(resolve(study.file, lookup), lookup, study.file.ablation).contrasts)
        raise typer.Exit

    monkeypatch.setattr(planned, "make_plan", understand)
    make_images(folder / "photographs")
    (words,) = lines_of("README.md", "init")
    assert command("init", *words).returncode == 0
    lines = [words for document in (*DOCUMENTS, *FURTHER) for words in lines_of(document, "run")]
    assert len(lines) >= 25
    for words in lines:
        done = command("run", *words)
        assert done.returncode == 0, (words, done.stderr)
    assert len(asked) == len(lines)
    assert all(asked)


@pytest.mark.parametrize(
    ("document", "name", "least"),
    [("models", "predict", 4), ("models", "evaluate", 2), ("models", "gradcam", 2), ("models", "export", 3),
     ("models", "card", 2), ("report", "report", 4), ("training", "curves", 1)],
)  # fmt: skip
def test_the_words_of_every_line_are_those_of_the_command(document, name, least, folder, monkeypatch, make_images):
    monkeypatch.chdir(folder)
    make_images(folder / "photographs", per_class=1)
    make_images(folder / "others", per_class=1)
    lines = lines_of(f"docs/{document}.md", name)
    assert len(lines) >= least
    for words in lines:
        parsed = typer.main.get_command(app).commands[name].make_context(name, list(words))
        assert any(value not in (None, ()) for value in parsed.params.values())


@pytest.mark.slow
def test_every_line_that_runs_a_study_can_be_run(command, folder, make_images):
    make_images(folder / "photographs")
    (words,) = lines_of("README.md", "init")
    assert command("init", *words).returncode == 0
    lines = [words for document in DOCUMENTS for words in lines_of(document, "run")]
    assert len(lines) >= 14
    for words in lines:
        done = command("run", *words, "--dry-run")
        assert done.returncode == 0, (words, done.stderr)


def test_every_line_that_climbs_the_ladder_is_understood(command, folder, make_images, monkeypatch):
    monkeypatch.setattr(lr_range, "STEPS", 20)
    make_images(folder / "photographs", per_class=20)
    (folder / "study.toml").write_text((folder / "tiny.toml").read_text())
    lines = lines_of("docs/how-to/sanity.md", "sanity")
    assert len(lines) == 4
    for words in lines:
        every = [word for option, word in pairwise(words) if option == "--only"]
        done = command("sanity", *words, *(() if every else ("--only", "batch")), "--data", "photographs")
        assert done.returncode == 0, (words, done.stderr, done.stdout)


@pytest.mark.slow
def test_every_line_that_reports_can_be_run(command, folder, image_folder):
    lines = [words for document in DOCUMENTS for words in lines_of(document, "report")]
    assert len(lines) >= 12
    words = ("tiny.toml", "--data", image_folder, "--disable", "morphology", "--seeds", 2, "--set", "train.epochs=1")
    assert command("run", *words).returncode == 0
    for name in ("default", "long", "flowers", "flowers-noisy"):
        shutil.copytree(folder / "runs" / "tiny", folder / "runs" / name)
    lines = [("report", *words) for words in lines]
    lines += [("curves", *words) for words in lines_of("docs/reference/training.md", "curves")]
    for words in lines:
        done = command(*words)
        assert done.returncode == 0, (words, done.stderr)
        for written in (word for option, word in pairwise(words) if option in ("--out", "--sheet")):
            assert (folder / written).stat().st_size > 0, words


@pytest.mark.slow
def test_every_line_that_uses_a_model_can_be_run(command, folder, trained_study, make_images):
    pytest.importorskip("onnxscript")
    shutil.copytree(trained_study.runs / "tiny", folder / "runs" / "flowers")
    make_images(folder / "photographs", per_class=3)
    make_images(folder / "others", per_class=3)
    for name, least in (("predict", 4), ("evaluate", 2), ("gradcam", 2), ("export", 3), ("card", 2)):
        lines = lines_of("docs/how-to/models.md", name)
        assert len(lines) >= least
        for words in lines:
            done = command(name, *words)
            assert done.returncode == 0, (name, words, done.stderr)
            for written in (word for option, word in pairwise(words) if option == "--out"):
                assert (folder / written).exists(), words
