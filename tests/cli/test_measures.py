"""A cost that a plugin measures: one file brings the number, its column and its place in the reports."""

import csv
import io
import json
import re

import pytest

PLUGIN = """
import flowerablate as fa

@fa.hookimpl
def flowerablate_register_measure(register):
    register(fa.MeasureSpec("peak_memory", "Maximum of the process's memory.", build, unit="B", combined="max"))
    register(fa.MeasureSpec("broken", "It fails at the end.", lambda context: fail))
    register(fa.MeasureSpec("unwilling", "It fails at the start.", fail))
    register(fa.MeasureSpec("endless", "It gives no number.", lambda context: lambda trial: float("inf")))

def build(context):
    import resource
    device = str(context.device)

    def finish(trial):
        assert device in ("cpu", "cuda") and trial.epochs == 1 and trial.seconds > 0
        assert sum(1 for _ in trial.model.parameters()) and trial.image_size == 16
        return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    return finish

def fail(trial):
    raise RuntimeError("no meter\\nhere")
"""
PLAIN = "import flowerablate as fa\n"


@pytest.fixture
def study(command, image_folder, folder):
    (folder / "flowerablate_local.py").write_text(PLUGIN)
    words = ("run", "tiny.toml", "--data", image_folder, "--disable", "flip", "--set", "train.epochs=1", "--seeds", 1)
    done = command(*words)
    assert done.returncode == 0, done.stderr
    return done


def test_a_file_beside_the_study_brings_a_cost_and_its_column(study, command, folder):
    done = command("report", "--columns", "variant,effect,peak_memory,broken")
    assert done.returncode == 0, done.stderr
    assert re.search(r"^base .* \d+(\.\d)?[MG]B +—$", done.stdout, re.MULTILINE)
    document = json.loads(command("report", "--format", "json").stdout)
    assert {each["name"]: each["unit"] for each in document["costs"]}["peak_memory"] == "B"
    assert document["rows"][0]["costs"]["peak_memory"] > 1e6
    (first, _) = csv.DictReader(io.StringIO(command("report", "--format", "csv").stdout))
    assert float(first["peak_memory"]) == document["base"]["costs"]["peak_memory"]
    kept = json.loads(next((folder / "runs" / "tiny" / "trials").glob("*/result.json")).read_text())
    assert kept["costs"]["peak_memory"] > 1e6
    owners = {owned["name"]: owned["owner"] for owned in kept["owners"] if owned["slot"] == "measure"}
    assert owners["peak_memory"]["plugin"] == "flowerablate_local"
    assert len(owners["peak_memory"]["digest"]) == 32


def test_a_measure_that_fails_is_a_warning_and_costs_no_trial(study, caplog, command):
    messages = [record.getMessage() for record in caplog.get_records("setup")]
    document = json.loads(command("report", "--format", "json").stdout)
    for name, why in {
        "broken": "failed, so the trial lacks this cost: RuntimeError: no meter here",
        "unwilling": "could not be built: RuntimeError: no meter here; the trial lacks this cost",
        "endless": "failed, so the trial lacks this cost: it returned inf",
    }.items():
        assert sum(name in message and message.endswith(why) for message in messages) == 2
        assert [row["costs"][name] for row in (document["base"], *document["rows"])] == [None, None]
        assert [row["failed"] for row in (document["base"], *document["rows"])] == [0, 0]


def test_a_cost_is_shown_after_its_plugin_is_gone(study, command, folder):
    (folder / "flowerablate_local.py").write_text(PLAIN)
    done = command("report", "--columns", "variant,peak_memory")
    assert re.search(r"^base +\d+(\.\d)?[MG]B$", done.stdout, re.MULTILINE), done.stderr


def test_a_column_of_a_cost_takes_no_parameter_and_a_misspelt_one_is_told_the_nearest(study, command):
    done = command("report", "--columns", "variant,peak_memory,width=3")
    assert "columns: the column of the cost 'peak_memory' has no parameter 'width'" in done.stderr
    done = command("report", "--columns", "variant,peak_memry")
    assert "columns: no column is called 'peak_memry'; did you mean 'peak_memory'?" in done.stderr
