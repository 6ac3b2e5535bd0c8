from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from flowerablate.contracts import SLOTS


def test_without_a_slot_every_slot_is_listed_with_its_components(bare_command):
    code, out, err = bare_command("list")
    assert (code, err) == (0, "")
    lines = {line.split()[0]: line for line in out.splitlines() if line}
    assert set(SLOTS) <= set(lines)
    assert "morphology" in lines["step"]
    assert "resnet18" in lines["model"]


def test_a_slot_is_listed_with_a_line_for_each_component_the_steps_by_kind(bare_command):
    code, out, _ = bare_command("list", "step")
    assert code == 0
    lines = out.splitlines()
    assert lines.index("kind geometry") < next(place for place, line in enumerate(lines) if line.startswith("rotate "))
    (rotate,) = (line for line in lines if line.startswith("rotate "))
    assert rotate.endswith(" (random)")
    (morphology,) = (line for line in lines if line.startswith("morphology "))
    assert "random" not in morphology
    assert "rectangle | cross" not in out
    assert "flowerablate list step NAME shows the parameters of one." in lines[-1]


def test_one_component_is_shown_in_full_with_its_place_in_a_study(bare_command):
    code, out, _ = bare_command("list", "step", "morphology")
    assert code == 0
    assert "  size = 3\n      int, 1 to 63\n      side of the structuring element in pixels\n" in out
    assert '  [steps.morphology]\n  use = "morphology"\n' in out
    assert "rotate" not in out


SLOTS_OF_THE_REPORT = """
import flowerablate as fa

@fa.hookimpl
def flowerablate_register_metric(register):
    size = fa.Param("size", 3, "a size", low=1)
    register(fa.MetricSpec("mine", "Mine.", lambda context, size: None, (size,), lower_is_better=True))

@fa.hookimpl
def flowerablate_register_column(register):
    register(fa.ColumnSpec("mine", "Mine.", lambda context: None))
"""


def test_a_metric_and_a_column_say_their_direction_and_how_they_are_chosen(bare_command, tmp_path):
    (tmp_path / "flowerablate_local.py").write_text(SLOTS_OF_THE_REPORT)
    _, out, _ = bare_command("list", "metric", "mine")
    assert "mine  lower is better, from flowerablate_local" in out
    assert '  [metrics]\n  primary = "mine,size=3"\n' in out
    _, out, _ = bare_command("list", "column", "mine")
    assert "  flowerablate report --columns variant,effect,mine\n" in out
    _, out, _ = bare_command("list", "metric", "--format", "json")
    record = next(record for record in json.loads(out)["metric"] if record["name"] == "mine")
    assert (record["lower_is_better"], record["percent"]) == (True, True)


def test_a_feature_says_how_it_is_switched_off(bare_command):
    _, out, _ = bare_command("list", "model", "resnet8")
    assert "feature, off at false: --disable model.skip\n" in out


def test_json_holds_all_that_the_table_says(bare_command):
    code, out, _ = bare_command("list", "step", "--format", "json")
    assert code == 0
    record = next(record for record in json.loads(out)["step"] if record["name"] == "morphology")
    assert (record["kind"], record["random"], record["plugin"]) == ("morphology", False, "morphology")
    size = next(param for param in record["params"] if param["name"] == "size")
    assert size == {
        "name": "size",
        "type": "int",
        "default": 3,
        "low": 1,
        "high": 63,
        "summary": "side of the structuring element in pixels",
    }


def test_json_of_everything_has_every_slot(bare_command):
    _, out, _ = bare_command("list", "--format", "json")
    assert list(json.loads(out)) == list(SLOTS)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("list", "stp"), "error: no slot is called 'stp'; did you mean 'step'?"),
        (("list", "step", "morfology"), "error: no step is called 'morfology'; did you mean 'morphology'?"),
        (("list", "--local", "nowhere"), "error: --local nowhere: no such file or folder"),
    ],
)
def test_a_misspelt_word_is_one_line_on_standard_error(bare_command, words, message):
    assert bare_command(*words) == (1, "", message + "\n")


def test_the_local_plugin_of_the_current_folder_is_listed(bare_command, tmp_path):
    (tmp_path / "flowerablate_local.py").write_text(
        "import flowerablate as fa\n@fa.hookimpl\ndef flowerablate_register_loss(register):\n"
        "    register(fa.LossSpec('home-made', 'A loss.', build=lambda context: None))\n"
    )
    _, out, _ = bare_command("list", "loss")
    (line,) = (line for line in out.splitlines() if line.startswith("home-made "))
    assert line.endswith("A loss. (from flowerablate_local)")


def test_a_plugin_that_failed_is_mentioned_but_does_no_harm(bare_command, tmp_path):
    (tmp_path / "flowerablate_local.py").write_text("1 / 0")
    code, out, err = bare_command("list", "step")
    assert code == 0
    assert "morphology" in out
    assert "ZeroDivisionError: division by zero" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("words", [("list",), ("list", "step"), ("list", "step", "random_resized_crop"), ("plugins",)])
def test_listings_fit_into_eighty_columns(bare_command, monkeypatch, words):
    monkeypatch.setenv("COLUMNS", "80")
    _, out, _ = bare_command(*words)
    assert max(len(line) for line in out.splitlines()) <= 80
    assert "…" not in out


def test_a_pipe_gets_no_colour_no_wrapping_and_no_trailing_blanks(bare_command):
    _, out, _ = bare_command("list")
    assert "\x1b" not in out
    assert all(line == line.rstrip() for line in out.splitlines())
    assert len([line for line in out.splitlines() if line.startswith("step")]) == 1
    assert "rotate" in next(line for line in out.splitlines() if line.startswith("step"))


@pytest.mark.parametrize("words", ["list step", "plugins"])
def test_listing_loads_neither_torch_nor_scipy_nor_the_native_core(words):
    code = (
        f"import sys; sys.argv = 'flowerablate {words}'.split()\nfrom flowerablate.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = ('torch', 'torchvision', 'scipy', 'flowerablate._native')\n"
        "print([name for name in heavy if name in sys.modules], file=sys.stderr)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "morphology" in run.stdout
    assert run.stderr.strip() == "[]"


def test_python_looks_for_no_garbage_in_what_was_loaded_for_a_command():
    code = (
        "import gc, sys; sys.argv = ['flowerablate', 'list']\nfrom flowerablate.cli import main\n"
        "before = len(gc.get_objects())\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(gc.get_freeze_count() > before > 1000, file=sys.stderr)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stderr.strip() == "True"


def test_listing_loads_of_flowerablate_what_finds_and_describes_components():
    code = (
        "import sys; sys.argv = ['flowerablate', 'list']\nfrom flowerablate.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(*(name for name in sys.modules if name.startswith(('flowerablate', 'rich._emoji'))), file=sys.stderr)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(run.stderr.split())
    assert "flowerablate_morphology" in loaded
    of_contracts = {name.removeprefix("flowerablate.contracts.") for name in loaded if ".contracts." in name}
    assert of_contracts == {"costs", "owner", "params", "slot_list", "specs", "training"}
    rooms = {name.split(".")[1] for name in loaded if name.count(".") > 1 and name.startswith("flowerablate.")}
    assert rooms == {"cli", "contracts", "jobs"}
    of_plugins = {name for name in loaded if name.startswith("flowerablate_") and "." in name}
    declaring = ("addresses", "features", "sizes", "variants", "warps")
    assert {name.split(".")[1] for name in of_plugins} == {*declaring}
    assert "rich._emoji_codes" not in loaded, "texts hold no codes of emoji"


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        pytest.param("flowerablate list op", ["optimizer"], marks=pytest.mark.slow),
        ("flowerablate list optimizer adamw", ["adamw"]),
        pytest.param("flowerablate list nothing a", [], marks=pytest.mark.slow),
        ("flowerablate run --retune optimizer.l", ["optimizer.lr="]),
    ],
)
def test_the_shell_completes(tmp_path, words, completed):
    asked = {"_FLOWERABLATE_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    program = Path(sysconfig.get_path("scripts")) / "flowerablate"
    done = subprocess.run([program], env=os.environ | asked, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.split() == completed, done.stderr
