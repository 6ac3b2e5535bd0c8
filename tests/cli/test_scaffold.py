from __future__ import annotations

import importlib
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flowerablate.cli.app import app
from flowerablate.contracts import slots
from flowerablate.discovery import collect_specs
from flowerablate.study.templates import template

SLOTS = slots(from_plugins=True)


def run(*words, **variables):
    done = subprocess.run(
        [sys.executable, "-m", *words], capture_output=True, text=True, check=False, env={**os.environ, **variables}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


# setuptools is loaded once, and keeps the state of each build in a process of its own.
BUILD = """
import os, sys
from setuptools import build_meta
for project in sys.argv[2:]:
    child = os.fork()
    if not child:
        os.chdir(project)
        build_meta.build_wheel(sys.argv[1])
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        sys.exit(f"{project} cannot be built")
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """One plugin per slot, generated, built as its pyproject says, installed by pip: (projects, folder of modules)."""
    projects, wheels, target = (tmp_path_factory.mktemp(name) for name in ("projects", "wheels", "site"))
    for slot in SLOTS:
        made = CliRunner().invoke(app, ["plugin", "new", f"my-{slot}", "--slot", slot, "--path", str(projects)])
        assert made.exit_code == 0, made.output
    build = [sys.executable, "-c", BUILD, wheels, *sorted(projects.iterdir())]  # pip would start processes for each
    subprocess.run(build, check=True, capture_output=True)
    options = ("--quiet", "--no-deps", "--no-index", "--target", str(target))
    run("pip", "install", *options, *map(str, sorted(wheels.iterdir())))
    return projects, target


@pytest.mark.parametrize("slot", SLOTS)
def test_there_is_a_template_for_every_slot(slot):
    assert (template("plugin") / slot / "module.py.tmpl").is_file()


@pytest.mark.parametrize("slot", SLOTS)
def test_a_new_plugin_registers_one_component_of_its_slot(slot, bare_command, tmp_path, monkeypatch):
    assert bare_command("plugin", "new", f"my-{slot}", "--slot", slot)[0] == 0
    monkeypatch.syspath_prepend(tmp_path / f"flowerablate-my-{slot}")
    module = importlib.import_module(f"flowerablate_my_{slot}")
    assert [(spec.slot, spec.name) for spec in collect_specs(module, f"my-{slot}")] == [(slot, f"my-{slot}")]


def test_the_test_of_a_new_plugin_passes(bare_command, tmp_path, monkeypatch):
    assert bare_command("plugin", "new", "sharpen")[0] == 0
    project = tmp_path / "flowerablate-sharpen"
    monkeypatch.syspath_prepend(project)
    tests = runpy.run_path(str(project / "tests" / "test_flowerablate_sharpen.py"))
    tests["test_the_plugin_keeps_the_contract"](tmp_path / "cache")


@pytest.mark.slow
def test_an_installed_plugin_of_each_slot_is_found(installed):
    code = "from flowerablate.discovery import discover\nfor p in discover().plugins: print(p.owner, p.components)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(installed[1])},
    )
    for slot in SLOTS:
        found = rf"my-{slot} \(flowerablate-my-{slot} 0\.1\.0 [0-9a-f]{{12}}\) {{'{slot}': \('my-{slot}',\)}}"
        assert re.search(found, done.stdout)


@pytest.mark.slow
def test_the_generated_tests_pass(installed):
    projects, target = installed
    tests = sorted(projects.glob("*/tests/test_*.py"))
    assert len(tests) == len(SLOTS)
    out = run(
        "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(projects), "--import-mode=importlib",
        *map(str, tests), PYTHONPATH=str(target), OMP_NUM_THREADS="1",
    )  # fmt: skip
    assert f"{len(SLOTS)} passed" in out


def test_a_project_holds_all_that_it_takes_to_publish_it(bare_command, tmp_path):
    code, out, _ = bare_command("plugin", "new", "sharpen")
    folder = tmp_path / "flowerablate-sharpen"
    assert code == 0
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()) == [
        "README.md",
        "flowerablate_sharpen.py",
        "pyproject.toml",
        "tests/test_flowerablate_sharpen.py",
    ]
    assert not [path for path in folder.rglob("*") if path.is_file() and "$" in path.read_text()]
    for hint in (
        "pip install -e flowerablate-sharpen",
        "flowerablate list step sharpen",
        "pytest flowerablate-sharpen",
        "flowerablate run --swap morphology=sharpen",
    ):
        assert hint in out


@pytest.mark.parametrize("name", ["tiny-net", "flowerablate-tiny-net"])
def test_a_name_with_or_without_the_prefix_gives_the_same(bare_command, tmp_path, name):
    assert bare_command("plugin", "new", name, "--slot", "model")[0] == 0
    text = (tmp_path / "flowerablate-tiny-net" / "flowerablate_tiny_net.py").read_text()
    assert 'name="tiny-net"' in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("sharpen", "--slot", "stpe"), "no slot is called 'stpe'; did you mean 'step'?"),
        (("Sharpen",), "'Sharpen' is not a valid name of a plugin; use lower-case"),
        (("2d",), "'2d' is not a valid name of a plugin"),
        (("a/b",), "'a/b' is not a valid name of a plugin"),
        (("a--b",), "'a--b' is not a valid name of a plugin"),
        (("flowerablate-",), "'flowerablate-' is not a valid name of a plugin"),
        (("morphology",), "a plugin called 'morphology' is installed already, from flowerablate"),
        (("rotate",), "step 'rotate' exists already, from geometry (flowerablate"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_written(bare_command, tmp_path, words, message):
    code, out, err = bare_command("plugin", "new", *words)
    assert (code, out) == (1, "")
    assert message in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_an_existing_folder_is_left_alone(bare_command, tmp_path):
    (tmp_path / "flowerablate-sharpen").mkdir()
    (tmp_path / "flowerablate-sharpen" / "mine.txt").write_text("precious")
    code, _, err = bare_command("plugin", "new", "sharpen")
    assert code == 1
    assert "flowerablate-sharpen exists already; choose another name or --path" in err
    assert [path.name for path in (tmp_path / "flowerablate-sharpen").iterdir()] == ["mine.txt"]


def test_the_folder_for_the_plugin_is_made_where_it_is_missing(bare_command, tmp_path):
    assert bare_command("plugin", "new", "sharpen", "--path", "some/where")[0] == 0
    assert Path(tmp_path, "some", "where", "flowerablate-sharpen", "pyproject.toml").is_file()
