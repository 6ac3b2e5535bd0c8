"""Designs, controls and re-tuning from the command line to the table."""

import json
import math
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from flowerablate.cli import completion
from flowerablate.execute import candidate
from flowerablate.execute import trial as trial_module
from flowerablate.report.formats import SUFFIXES
from flowerablate.train.state import load_state

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "designs.md"
QUICK = ("--set", "train.epochs=1")


def trials(folder):
    """What each trial of the one base says, by change and seed: metrics, the search, the folder."""
    found = {}
    for path in (folder / "runs" / "tiny" / "trials").glob("*/result.json"):
        result, record = json.loads(path.read_text()), json.loads((path.parent / "trial.json").read_text())
        (claim,) = record["claims"]
        found[claim["change"], record["seed"]] = {**result, "folder": path.parent}
    return found


def contrasts(folder):
    """The questions that the ledger notes, by label."""
    (study,) = json.loads((folder / "runs" / "tiny" / "study.json").read_text())["studies"].values()
    return {contrast["label"]: contrast for contrast in study["contrasts"]}


def test_several_designs_share_their_trials_and_each_question_is_answered(command, image_folder, folder):
    done = command(
        "run", "tiny.toml", "--data", image_folder, *QUICK, "--disable", "flip", "--disable", "light",
        "--design", "leave-one-out", "--design", "add-one-in", "--design", "pairwise", "--design", "factorial",
        "--design", "shapley", "--vary", "optimizer.lr=0.05", "--seeds", 1,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = trials(folder)
    cells = ("", "-flip", "-light", "-flip -light", "optimizer.lr=0.05")
    assert set(found) == {(change, 0) for change in cells}
    accuracy = {key: trial["metrics"]["accuracy"] for key, trial in found.items()}
    asked = contrasts(folder)
    assert set(asked) == {
        "-flip", "-light", "+flip", "+light", "flip × light", "flip on average", "light on average",
        "flip × light on average", "share of flip", "share of light", "-flip -light",
        "optimizer.lr=0.05",
    }  # fmt: skip
    full, no_flip, no_light, bare = (accuracy[change, 0] for change in cells[:4])
    wanted = {
        "-flip": full - no_flip,
        "+flip": no_light - bare,
        "flip × light": full - no_flip - no_light + bare,
        "flip on average": (full + no_light) / 2 - (no_flip + bare) / 2,
        "share of flip": (full - no_flip) / 2 + (no_light - bare) / 2,
    }
    for label, effect in wanted.items():
        weights = asked[label]["weights"]
        said = math.fsum(weight * accuracy[change, 0] for change, weight in weights.items())
        assert said == pytest.approx(effect, abs=1e-12), label
    assert "The Shapley values add up to" in " ".join(command("report").stdout.split())


@pytest.mark.slow
def test_a_sampled_shapley_design_runs_only_what_each_replicate_draws(command, image_folder, folder):
    words = ("run", "tiny.toml", "--data", image_folder, *QUICK, "--set", "input.image_size=8", "--set",
             "steps.resize.size=8", "--design", "shapley")  # fmt: skip
    done = command(*words)
    assert done.returncode == 0, done.stderr
    found = trials(folder)
    asked = contrasts(folder)
    shares = [contrast for contrast in asked.values() if contrast["kind"] == "share"]
    assert len(shares) > 6
    for seed in (0, 1):
        run = {change for change, of in found if of == seed}
        weighed = {change for share in shares for change in share["by_seed"][str(seed)]}
        assert run == weighed | {""}
        assert len(run) == 2 * len(shares)
    more = command(*words, "--seeds", 1)
    assert more.returncode == 0, more.stderr
    assert set(next(iter(contrasts(folder).values()))["by_seed"]) == {"0", "1"}


def test_a_placebo_changes_not_a_bit_and_luck_changes_only_training(command, image_folder, folder):
    done = command("run", "tiny.toml", "--data", image_folder, *QUICK, "--placebo", "--luck", "--disable", "crop")
    assert done.returncode == 0, done.stderr
    found = trials(folder)
    for seed in (0, 1):
        base, placebo, luck = (found[change, seed]["folder"] for change in ("", "control=placebo", "control=luck"))
        same, other = (load_state(path / "best.safetensors")["model"] for path in (base, placebo))
        assert all(torch.equal(same[name], other[name]) for name in same)
        with np.load(base / "predictions.npz") as one, np.load(placebo / "predictions.npz") as other:
            assert all(np.array_equal(one[name], other[name]) for name in one.files)
        with np.load(base / "predictions.npz") as one, np.load(luck / "predictions.npz") as other:
            assert list(one["keys"]) == list(other["keys"])
            assert not np.array_equal(one["probabilities"], other["probabilities"])
        assert found["control=placebo", seed]["metrics"] == found["", seed]["metrics"]


@pytest.mark.parametrize(
    "first",
    ['[steps.first]\nuse = "random_resized_crop"\n', '[steps.first]\nuse = "to_8_bits"\n'],
    ids=["images of several sizes", "images of 16 bits"],
)
def test_a_placebo_fits_in_front_of_any_chain(command, image_folder, folder, first):
    text = (folder / "tiny.toml").read_text().replace("[steps.resize]", first + "[steps.resize]")
    (folder / "tiny.toml").write_text(text)
    bits = ("--set", "input.bits=16") if "to_8_bits" in first else ()
    done = command(
        "run", "tiny.toml", "--data", image_folder, *QUICK, "--seeds", 1, "--placebo",
        "--vary", "flip.probability=1", *bits,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = trials(folder)
    assert found["control=placebo", 0]["metrics"] == found["", 0]["metrics"]


def test_figures_are_those_of_the_test_split(command, image_folder, folder):
    """Four of twenty-four images are for the test and eight for validation: neither stands in for the other."""
    split = ("--set", "split.validation=0.3", "--set", "split.test=0.2")
    done = command("run", "tiny.toml", "--data", image_folder, *QUICK, *split, "--seeds", 1, "--disable", "crop")
    assert done.returncode == 0, done.stderr
    for trial in trials(folder).values():
        with np.load(trial["folder"] / "predictions.npz") as kept:
            assert {len(kept[name]) for name in ("keys", "labels", "probabilities")} == {4}
            right = np.mean(kept["probabilities"].argmax(axis=1) == kept["labels"])
        assert trial["metrics"]["accuracy"] == pytest.approx(right)


def test_luck_draws_anew_in_each_replicate_and_in_all_of_training(command, image_folder, folder, monkeypatch):
    seeds = []

    def watched(*words, seed, **named):
        seeds.append(seed)
        return fit(*words, seed=seed, **named)

    fit = candidate.fit
    monkeypatch.setattr(candidate, "fit", watched)
    done = command("run", "tiny.toml", "--data", image_folder, *QUICK, "--luck", "--disable", "crop")
    assert done.returncode == 0, done.stderr
    assert {0, 1} < set(seeds)
    assert len(set(seeds)) == 4


RETUNE = ("--retune", "optimizer.lr=0.1,0.01", "--retune", "morphology.size=3,5", "--disable", "light")


def test_both_arms_choose_on_validation_and_say_what(command, image_folder, folder):
    done = command("run", "tiny.toml", "--data", image_folder, *RETUNE, *QUICK, "--seeds", 1)
    assert done.returncode == 0, done.stderr
    for trial in trials(folder).values():
        records = json.loads((trial["folder"] / "candidates.json").read_text())
        assert [record["values"] for record in records] == [
            {"optimizer.lr": rate, "morphology.size": size} for rate in (0.1, 0.01) for size in (3, 5)
        ]
        best = max(records, key=lambda record: (record["validation_accuracy"], -record["validation_loss"]))
        assert trial["tuned"] == best["values"]
        assert trial["validation"] == {"accuracy": best["validation_accuracy"], "loss": best["validation_loss"]}
        assert trial["costs"]["seconds"] == pytest.approx(sum(record["seconds"] for record in records))
        assert (trial["folder"] / "best.safetensors").is_file()
        assert not (trial["folder"] / "candidates").exists()
    assert "Values of optimizer.lr that were chosen on validation: base" in " ".join(done.stdout.split())


def test_a_candidate_gives_what_it_gives_as_a_study_of_its_own(command, image_folder, folder):
    words = ("run", "tiny.toml", "--data", image_folder, *QUICK, "--disable", "light", "--seeds", 1)
    command(*words, "--retune", "optimizer.lr=0.1,0.01")
    tuned = trials(folder)["", 0]
    (folder / "runs").rename(folder / "tuned")
    command(*words, "--set", f"optimizer.lr={tuned['tuned']['optimizer.lr']}")
    assert trials(folder)["", 0]["metrics"] == tuned["metrics"]


def test_a_search_that_is_stopped_loses_an_epoch_at_most(command, image_folder, folder, monkeypatch):
    words = (
        "run", "tiny.toml", "--data", image_folder, "--retune", "optimizer.lr=0.1,0.01", "--disable", "light",
        "--seeds", 1,
    )  # fmt: skip
    epochs = []
    stop_in = [4]

    class Counting(trial_module._Steps):
        def step_done(self, epoch, step, steps):
            super().step_done(epoch, step, steps)
            if self._before + epoch in stop_in:
                stop_in.clear()
                signal.raise_signal(signal.SIGINT)
            if step == steps:
                epochs.append(self._before + epoch)

    monkeypatch.setattr(trial_module, "_Steps", Counting)
    assert command(*words).returncode == 130
    assert epochs == [1, 2, 3]
    assert command(*words).returncode == 0
    assert epochs == [1, 2, 3, 4, 1, 2, 3, 4]
    after_stop = {key: trial["metrics"] for key, trial in trials(folder).items()}
    (folder / "runs").rename(folder / "stopped")
    command(*words)
    assert after_stop == {key: trial["metrics"] for key, trial in trials(folder).items()}


@pytest.mark.slow
def test_a_search_that_is_killed_goes_on_to_the_same_numbers(command, image_folder, folder):
    words = ("run", "tiny.toml", "--data", str(image_folder), *RETUNE, "--seeds", "1", "--set", "train.epochs=12")
    process = subprocess.Popen(
        [sys.executable, "-m", "flowerablate", *words], cwd=folder, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, env=os.environ,
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while not list(folder.glob("runs/tiny/trials/*/candidates/1/last.safetensors")) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not trials(folder)
    assert command(*words).returncode == 0
    resumed = {key: trial["metrics"] for key, trial in trials(folder).items()}
    (folder / "runs").rename(folder / "killed")
    command(*words)
    assert resumed == {key: trial["metrics"] for key, trial in trials(folder).items()}


def test_a_dry_run_shows_the_questions_of_a_design(command, image_folder):
    words = ("run", "tiny.toml", "--data", image_folder, "--dry-run", "--disable", "flip", "--disable", "light")
    told = command(*words, "--design", "pairwise").stdout
    assert "[base] - [-flip] - [-light] + [-flip -light]" in told
    assert "4 variants, 8 trials, 8 to run" in told
    assert "answered by" not in command(*words).stdout
    fraction = command(*words, "--disable", "crop", "--design", "fractional-3").stdout
    assert "flip on average cannot be distinguished from crop × light" in fraction
    tuned = command(*words, "--retune", "optimizer.lr=0.1,0.03").stdout
    assert "12 training runs, as each trial tries the values of --retune" in tuned
    sampled = command("run", "tiny.toml", "--data", image_folder, "--dry-run", "--design", "shapley").stdout
    assert "4 trials, drawn separately for each replicate" in " ".join(sampled.split())


def test_what_cannot_be_asked_is_one_line(command, image_folder):
    told = command("run", "tiny.toml", "--data", image_folder, "--retune", "optimizer.beta=1,2")
    assert told.returncode == 1
    assert told.stderr.count("\n") == 1
    assert "has no parameter 'beta'" in told.stderr
    assert "choose from: add-one-in, factorial" in command("run", "tiny.toml", "--design", "latin-square").stderr


def test_names_are_completed_from_the_study_that_is_here(folder, monkeypatch):
    (folder / "tiny.toml").rename(folder / "study.toml")
    monkeypatch.chdir(folder)
    assert list(completion.complete_parts("m")) == ["morphology", "model.skip", "model.batchnorm"]
    assert list(completion.complete_parts("flip+m")) == ["flip+morphology", "flip+model.skip", "flip+model.batchnorm"]
    assert list(completion.complete_designs("fra")) == ["fractional", "fractional-3", "fractional-5"]
    assert list(completion.complete_settings("optimizer.l")) == ["optimizer.lr="]
    assert list(completion.complete_settings("train.b")) == ["train.batch_size=", "train.best_by="]
    assert "morphology.size=" in completion.complete_settings("mor")
    assert list(completion.complete_swaps("mo")) == ["morphology=", "model="]
    assert "optimizer=adamw" in completion.complete_swaps("optimizer=ad")
    assert "morphology=open" in completion.complete_swaps("morphology=op")
    assert list(completion.complete_swaps("nothing=a")) == []
    assert "macro_f1" in completion.complete_metrics("macro")
    assert list(completion.complete_formats("l")) == ["latex"]
    assert list(completion.complete_formats("")) == list(SUFFIXES.values())
    assert list(completion.complete_columns("variant,verd")) == ["variant,verdict"]
    (folder / "runs" / "flowers" / "trials").mkdir(parents=True)
    assert list(completion.complete_studies("fl")) == ["flowers"]
    (folder / "study.toml").write_text("not TOML")
    for complete in (completion.complete_parts, completion.complete_settings, completion.complete_swaps):
        assert list(complete("m")) == []


@pytest.mark.slow
def test_every_command_of_the_document_can_be_run(command, image_folder):
    commands = re.findall(r"^flowerablate run (.*)$", DOCUMENT.read_text(), flags=re.MULTILINE)
    assert len(commands) >= 9
    for words in commands:
        done = command("run", "tiny.toml", "--data", image_folder, "--dry-run", "--seeds", 1, *words.split())
        assert done.returncode == 0, (words, done.stderr)
