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
DOCUMENTS = ["README.md", *(str(path.relative_to(ROOT)) for path in sorted(ROOT.glob("docs/*/*.md")))]
STUDIES = {"flowers": (), "best": (), "garden": ("--for", "photographs")}
"""The study files that the documents name as they go on, and how each begins."""

ELSEWHERE = [
    *("docs/explanation/designs.md", "docs/how-to/cluster.md", "docs/how-to/library-transforms.md"),
    *("docs/how-to/plugins.md", "docs/how-to/trackers.md", "docs/how-to/x-rays.md", "docs/reference/slots.md"),
]
"""Documents whose lines are run in the tests of what they tell of, or need more than this machine has."""


def lines_of(document, name):
    """The words behind ``flowerablate NAME`` on each line of a document, without remarks and redirections."""
    lines = re.findall(rf"^ *flowerablate {name}\b(.*)$", (ROOT / document).read_text(), flags=re.MULTILINE)
    return [shlex.split(re.sub(r"\s[#>].*", "", line)) for line in lines]


def plugin_of(document):
    """The examples of a document that register components, as one ``flowerablate_local.py``."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / document).read_text(), flags=re.DOTALL)
    return f"""
import flowerablate as fa

@fa.hookimpl
def flowerablate_register(register):
    seen = {{}}
    for source in {[block for block in blocks if "@fa.hookimpl" in block]!r}:
        names = {{}}
        exec(source, names)
        (hook,) = (value for name, value in names.items() if name.startswith("flowerablate_register"))
        hook(lambda spec: register(seen.setdefault(spec.name, spec)) if spec.name not in seen else None)
"""


@pytest.fixture
def prepared(command, folder, make_images):
    """The folder with the images and study files that the documents name."""
    make_images(folder / "photographs")
    (folder / "groups.csv").write_text("path,group\n")
    (folder / "images.csv").write_text("image,label\n")
    for name in ("bloodmnist.npz", "train-00000-of-00001.parquet"):
        (folder / name).touch()
    for name in ("mnist", "shards"):
        (folder / name).mkdir()
    for part in ("train", "test"):
        for label in ("NORMAL", "PNEUMONIA"):
            (folder / "chest_xray" / part / label).mkdir(parents=True)
    for name, kind in STUDIES.items():
        assert command("init", f"{name}.toml", *kind).returncode == 0
    return folder


def test_the_documents_run_many_studies():
    assert sum(len(lines_of(document, "run")) for document in DOCUMENTS) >= 45


@pytest.mark.parametrize("document", [each for each in DOCUMENTS if lines_of(each, "run")])
def test_every_line_that_runs_a_study_is_understood(document, command, prepared, monkeypatch):
    """Its study is read and resolved and its questions are found; no images are read."""
    asked = []

    def understand(study, *place, **options):
        lookup = study.assembler().lookup
        asked.append(design(resolve(study.file, lookup), lookup, study.file.ablation).contrasts)
        raise typer.Exit

    monkeypatch.setattr(planned, "make_plan", understand)
    (prepared / "flowerablate_local.py").write_text(plugin_of(document))
    lines = lines_of(document, "run")
    for words in lines:
        done = command("run", *words)
        assert done.returncode == 0, (words, done.stderr)
    assert len(asked) == len(lines)
    assert all(asked)


@pytest.mark.parametrize(
    ("document", "name", "least"),
    [("how-to/models", "predict", 4), ("how-to/models", "evaluate", 2), ("how-to/models", "gradcam", 2),
     ("how-to/models", "export", 3), ("how-to/models", "card", 2), ("reference/report", "report", 4),
     ("reference/training", "curves", 1), ("how-to/paper", "report", 6), ("how-to/own-pictures", "curves", 1)],
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
@pytest.mark.parametrize("document", [each for each in DOCUMENTS if lines_of(each, "run") and each not in ELSEWHERE])
def test_every_line_that_runs_a_study_can_be_run(document, command, prepared):
    for words in lines_of(document, "run"):
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
    lines = [words for document in DOCUMENTS if document not in ELSEWHERE for words in lines_of(document, "report")]
    assert len(lines) >= 12
    words = ("tiny.toml", "--data", image_folder, "--disable", "morphology", "--seeds", 2, "--set", "train.epochs=1")
    assert command("run", *words).returncode == 0
    for name in ("default", "flowers", "flowers-noisy", "garden"):
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
