"""Names of files, classes, components and errors that would command a terminal do not reach it, by any command."""

import ast
import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.panel import Panel
from rich.progress import Progress, TextColumn
from rich.table import Table
from rich.text import Text

import flowerablate
from flowerablate.cli.loading import ENTRIES, _loaded
from flowerablate.console import Console
from flowerablate.visible import json_text, visible

BAD = "a\x1b[31mb\x07c\x9b2Jd\u202ee\nFORGED [red]QzQzQ[b]\x1b]0;t\x07.z"
"""A colour, a bell, a clearing of the screen, text from the right, a second line, rich's markup, a title."""

pytestmark = pytest.mark.skipif(os.name == "nt", reason="no such names of files there")

PLUGIN = """
import flowerablate as fa

BAD = {bad!r}
def build(context):
    raise RuntimeError(BAD)
@fa.hookimpl
def flowerablate_register(register):
    register(fa.StepSpec(name="bad-step", summary=BAD, build=build))
    register(fa.MetricSpec(name="bad-metric", summary=BAD, build=build))
"""


def leaves(command, words=()):
    inner = getattr(command, "commands", None)
    if not inner:
        return {words}
    return {leaf for name, one in inner.items() for leaf in leaves(one, (*words, name))}


COMMANDS = {name: _loaded(name, *entry) for name, entry in ENTRIES.items()}
EVERY = sorted({leaf for name, command in COMMANDS.items() for leaf in leaves(command, (name,))})


def ways(images, model):
    """The words for each command; all that is named is hostile."""
    image = next(path for path in sorted(images.rglob("*.png")) if "FORGED" in path.name)
    out = f"{BAD}.out"
    return {
        ("init",): [[BAD], [f"{BAD}.toml"], [f"{BAD}.toml"], ["--for", BAD]],
        ("run",): [
            [BAD],
            ["tiny.toml", "--data", images, "--dry-run"],
            ["tiny.toml", "--data", images, "--set", f"{BAD}=1"],
            ["tiny.toml", "--data", images, "--disable", BAD],
            ["tiny.toml", "--data", images, "--metric", "bad-metric", "--disable=flip"],
            ["tiny.toml", "--data", images, "--set", "steps.bad.use=bad-step", "--disable=bad"],
            ["tiny.toml", "--data", images, "--runs", BAD, "--seeds", "1", "--disable=flip", "--set", "train.epochs=1"],
        ],
        ("status",): [[BAD], [model.parents[1]], [model.parents[1], "--format=json"]],
        ("report",): [
            [BAD],
            *[[model.parents[1], f"--format={form}"] for form in ("rich", "csv", "json", "markdown", "latex", "html")],
            [model.parents[1], "--images"],
            [model.parents[1], "--images", "--format=csv"],
            [model.parents[1], "--images", "--format=json"],
            [model.parents[1], "--out", f"{BAD}.md"],
            [model.parents[1], "--metric", BAD],
        ],
        ("curves",): [[BAD], [model.parents[1], "--out", f"{BAD}.svg"], [model.parents[1], "--variant", BAD]],
        ("tune",): [[BAD], ["tiny.toml", "--data", images, "--trials=1", "--out", f"{BAD}.toml"]],
        ("sanity",): [["tiny.toml", "--data", images, "--only=inputs"], ["tiny.toml", "--data", images, "--only", BAD]],
        ("explain",): [
            [image.name, "--study=tiny.toml", "--data", images, "--out", f"{BAD}.png"],
            [image.name, "--study=tiny.toml", "--data", images, "--format=json"],
            [BAD, "--study=tiny.toml", "--data", images],
        ],
        ("data", "check"): [[images], [images, "--format=json"], [images, "--write-groups", out], [BAD]],
        ("predict",): [
            [model, images],
            *[[model, images, f"--format={form}"] for form in ("csv", "json")],
            [model, images, "--out", out],
            [model, BAD],
            [BAD, images],
        ],
        ("evaluate",): [[model, images], [model, images, "--format=json"], [model, BAD]],
        ("gradcam",): [[model, image, "--out", f"{BAD}.png"], [model, images, "--class", BAD], [model, BAD]],
        ("export",): [[model, "--format=torchscript", "--out", f"{BAD}.pt"], [BAD, "--format=pt2", "--out=a"]],
        ("card",): [[model], [model, "--out", out], [BAD]],
        ("list",): [[], ["step"], ["step", "bad-step"], ["metric", "--format=json"], [BAD], ["step", BAD]],
        ("schema",): [[], ["--local", BAD]],
        ("plugins",): [[], ["--local=broken"], ["--local=broken", "--format=json"], ["--local", BAD]],
        ("doctor",): [["--local", BAD], [f"--{BAD}"]],
        ("bench",): [["--seconds", BAD], [BAD]],
        ("plugin", "new"): [[BAD], ["sharp", "--path", BAD], ["sharp", "--slot", BAD]],
    }


def obeyed(text):
    """What a terminal would obey in *text*, and lines and styles that a name has made."""
    found = re.findall("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", text)
    return [*found, *re.findall(r"(?m)^.?.?FORGED", text), *re.findall(r"(?<!\[red\])(?<!red\{\]\})QzQzQ", text)]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory, make_images, tiny_study, train_study):
    """A folder with a study that has been trained on images with such names, and with a plugin."""
    here = tmp_path_factory.mktemp("hostile")
    images = make_images(here / "images")
    (images / "green").rename(images / BAD)
    first = sorted((images / BAD).iterdir())[0]
    first.rename(first.with_name(f"{BAD}.png"))
    (images / BAD / f"x{BAD}.jpg").write_bytes(b"no image")
    (images / "red/copy.png").write_bytes((images / BAD / f"{BAD}.png").read_bytes())
    train_study(here, tiny_study(), "--disable=flip", "--skip-bad")
    return here


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_no_command_prints_what_a_terminal_obeys(command, folder, hostile, monkeypatch, words):
    monkeypatch.setenv("COLUMNS", "4000")
    shutil.copytree(hostile / "images", folder / BAD, dirs_exist_ok=True)
    shutil.copytree(hostile / "runs/tiny", folder / "runs" / BAD)
    (folder / "flowerablate_local.py").write_text(PLUGIN.format(bad=f"{BAD} [/red] [/]"))
    (folder / "broken").mkdir()
    (folder / "broken/flowerablate_local.py").write_text(f"raise RuntimeError({BAD!r})")
    model = sorted((folder / "runs" / BAD / "trials").glob("*/best.safetensors"))[0].parent
    told = []
    for more in ways(folder / BAD, model.parent / model.name)[words]:
        bad = ["--skip-bad"] if words[0] in ("run", "explain") and "tiny.toml" in " ".join(map(str, more)) else []
        done = command(*words, *more, *bad)
        said = done.stdout + done.stderr
        assert "Traceback" not in said, said
        assert obeyed(said) == [], (more, said)
        told.append(said)
    sys.modules.pop("flowerablate_local", None)
    assert any("QzQzQ" in said for said in told), told


def test_every_command_is_tried(tmp_path):
    (tmp_path / "FORGED.png").touch()
    assert sorted(ways(tmp_path, tmp_path / "trials/x")) == EVERY


def sources():
    package = Path(flowerablate.__file__).parent
    return {
        path.relative_to(package).as_posix(): path for room in ("cli", "api") for path in (package / room).glob("*.py")
    }


def test_all_that_commands_print_goes_through_one_place():
    """Through ``echo`` and our ``Console``; Python's ``print`` is for words that are always the same."""
    apart = {
        "typer.echo": {"cli/echo.py", "cli/unused_plugins.py"},
        "print": {"cli/app.py", "cli/interrupted.py"},  # while rich and typer may not be loaded
        "rich.console.Console": set(),
    }
    for name, path in sources().items():
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and name not in apart.get(ast.unparse(node.func), {name}):
                assert all(isinstance(each, ast.Constant) for each in node.args), (name, ast.unparse(node))
        made = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "Console"]
        taken = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "rich.console"]
        assert not made or all(each.name != "Console" for node in taken for each in node.names), name


def test_a_console_obeys_its_styles_and_no_text():
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, color_system="standard", width=400)
    table = Table(box=None)
    table.add_column(Text(BAD))
    table.add_row(Text(BAD, "red"))
    for each in (Text(BAD, "bold"), table, Panel(Text(BAD))):
        console.print(each)
    with Progress(TextColumn("{task.description}", markup=False), console=console) as progress:
        progress.add_task(BAD, total=1)
    styled = r"\x1b\[[0-9;?]*[a-zA-Z]"
    assert re.search(styled, out.getvalue())
    assert "\x1b[31mb" not in out.getvalue()
    assert re.findall("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202e]", re.sub(styled, "", out.getvalue())) == []


@given(st.text())
def test_json_that_is_printed_says_the_same_without_hidden_characters(text):
    assert json.loads(json_text({text: [text]})) == {text: [text]}
    assert visible(json_text({text: [text]})) == json_text({text: [text]})


def test_names_keep_their_letters_and_blanks():
    text = "Screenshot\u202f3\u3000PM ü 花\u200d\tx"
    assert visible(text) == text


def test_a_fault_of_the_program_commands_no_terminal_either(tmp_path):
    code = f"import flowerablate.cli.app as a; a.app = lambda **_: 1 / int({BAD!r}); a.run_commands()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1
    assert "ValueError: invalid literal" in done.stderr
    assert obeyed(done.stderr) == []
