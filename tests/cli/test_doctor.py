from __future__ import annotations

import json
import subprocess
import sys

import pytest

from flowerablate import _native

HIDE_NATIVE = "import sys; sys.modules['flowerablate._native'] = None"
WRONG_NATIVE = """
import sys, types
class Chain:
    def __init__(self, *arguments): pass
    def run(self, *arguments, **settings): pass
sys.modules["flowerablate._native"] = types.SimpleNamespace(
    Chain=Chain, simd_path=lambda: "baseline", threads=lambda: 1
)
"""


@pytest.fixture
def check(command, monkeypatch, tmp_path):
    """Return a function that runs ``flowerablate doctor --format json``: (exit code, findings by name)."""
    monkeypatch.setenv("FLOWERABLATE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("FLOWERABLATE_SIMD", raising=False)

    def run(*words):
        done = command("doctor", "--format", "json", *words)
        record = json.loads(done.stdout)
        assert record["healthy"] == (done.returncode == 0)
        return done.returncode, {finding["name"]: finding for finding in record["findings"]}

    return run


def test_on_a_sound_machine_it_names_what_is_used_and_finds_nothing_wrong(check):
    code, findings = check()
    assert code == 0
    assert findings["native core"]["found"].startswith(f"{_native.simd_path()} in use")
    assert findings["native threads"]["found"] == str(_native.threads())
    assert "baseline" in findings["self-check"]["found"]
    assert {"torch", "torchvision", "Python", "CUDA", "cache"} <= set(findings)


def test_every_path_that_can_be_forced_is_the_one_in_use_when_it_is(check, monkeypatch):
    monkeypatch.setenv("FLOWERABLATE_SIMD", "baseline")
    code, findings = check()
    assert code == 0
    assert findings["native core"]["found"].startswith("baseline in use")
    assert findings["FLOWERABLATE_SIMD"]["found"] == "baseline"


def test_an_instruction_set_that_does_not_exist_is_wrong_and_the_cure_names_those_that_do(check, monkeypatch):
    monkeypatch.setenv("FLOWERABLATE_SIMD", "sse9")
    code, findings = check()
    assert code == 1
    assert "FLOWERABLATE_SIMD must be" in findings["native core"]["found"]
    assert findings["native core"]["cure"].startswith("unset FLOWERABLATE_SIMD, or set it to baseline")


def test_a_native_core_that_cannot_be_imported_is_wrong_and_the_rest_is_told_all_the_same(check, monkeypatch, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(HIDE_NATIVE)
    monkeypatch.syspath_prepend(tmp_path)
    code, findings = check()
    assert code == 1
    assert "_native" in findings["native core"]["found"]
    assert "pip install --force-reinstall" in findings["native core"]["cure"]
    assert findings["plugins"]["status"] == "ok"


def test_sources_in_the_current_folder_are_not_mistaken_for_what_is_installed(check, folder):
    (folder / "flowerablate").mkdir()
    (folder / "flowerablate" / "__init__.py").write_text("")
    code, findings = check()
    assert code == 0
    assert findings["self-check"]["status"] == "ok"


def test_a_native_core_that_computes_something_else_is_wrong(check, monkeypatch, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(WRONG_NATIVE)
    monkeypatch.syspath_prepend(tmp_path)
    code, findings = check()
    assert code == 1
    assert findings["self-check"]["status"] == "wrong"
    assert "differ from NumPy's" in findings["self-check"]["found"]


def test_a_cache_that_cannot_be_written_and_a_plugin_that_fails_to_load_are_wrong(check, folder, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FLOWERABLATE_CACHE", str(tmp_path / "file" / "cache"))
    (folder / "flowerablate_local.py").write_text("1 / 0")
    code, findings = check()
    assert code == 1
    wrong = [name.split()[0] for name, finding in findings.items() if finding["status"] == "wrong"]
    assert wrong == ["cache", "plugin"]
    assert "cannot be written" in findings["cache"]["found"]
    assert "FLOWERABLATE_CACHE" in findings["cache"]["cure"]
    [failed] = [finding for name, finding in findings.items() if name.startswith("plugin ")]
    assert failed["found"] == "ZeroDivisionError: division by zero"
    assert failed["cure"]


def test_what_is_sound_is_told_in_plain_words_without_importing_torch(tmp_path):
    code = "import sys; from flowerablate.cli import main; sys.argv[1:] = ['doctor']\ntry: main()\n"
    code += "finally: print('torch' in sys.modules, 'flowerablate._native' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0
    assert "no problems found" in done.stdout
    assert "\x1b" not in done.stdout
    assert done.stdout.splitlines()[-1] == "False False"


@pytest.mark.slow
def test_in_full_it_tries_torch(check):
    code, findings = check("--full")
    assert code == 0
    assert findings["import torch"]["found"].startswith("works")
