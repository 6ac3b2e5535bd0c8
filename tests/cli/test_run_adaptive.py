"""``run --until-decided`` and ``run --budget``, with training."""

import json
import re

WORDS = ("tiny.toml", "--disable", "flip", "--set", "train.epochs=1", "--set", "statistics.min_replicates=2")


def test_a_study_runs_until_it_is_decided_or_at_its_end_and_runs_nothing_again(command, image_folder, folder):
    words = ("run", *WORDS, "--data", image_folder, "--until-decided", "--max-seeds", 4)
    first = command(*words, "--set", "ablation.futility=0.0")
    assert first.returncode == 0, first.stderr
    assert "up to planned look 1 of 3, at 2 replicates: 1 comparison open" in first.stderr
    assert "up to planned look 3 of 3, at 4 replicates: 1 comparison open" in first.stderr
    assert "looks planned at n = 2, 3, 4" in re.sub(r"\s+", " ", first.stdout)
    assert len(list((folder / "runs" / "tiny" / "trials").glob("*/result.json"))) == 8
    again = command(*words, "--set", "ablation.futility=0.0")
    assert "8 of 8 trials are finished already" in again.stderr
    assert again.stdout == first.stdout == command("report").stdout
    other = command("run", *WORDS, "--data", image_folder)
    assert other.returncode == 1
    assert "started with looks at 2, 3 and 4 replicates" in re.sub(r"\s+", " ", other.stderr)


def test_a_dry_run_shows_the_trials_of_the_first_look_and_counts_those_of_the_last(command, image_folder, folder):
    done = command("run", *WORDS, "--data", image_folder, "--until-decided", "--max-seeds", 6, "--dry-run")
    assert done.returncode == 0, done.stderr
    text = re.sub(r"\s+", " ", done.stdout)
    assert "4 trials, 4 to run" in text
    assert "looks at 2, 3, 4, 5 and 6 replicates" in text
    assert "at most 12 up to the last" in text
    assert not (folder / "runs").exists()


def test_nothing_begins_once_the_time_is_over_and_the_same_command_goes_on(command, image_folder, folder):
    words = ("run", *WORDS, "--data", image_folder)
    assert command(*words, "--seeds", 1).returncode == 0
    done = command(*words, "--budget", "0.001s")
    assert done.returncode == 0, done.stderr
    assert "still to run: 2 trials" in re.sub(r"\s+", " ", done.stderr)
    assert "continue with the same command" in re.sub(r"\s+", " ", done.stderr)
    assert "2 trials are still to run" in re.sub(r"\s+", " ", done.stdout)
    assert command(*words).returncode == 0
    notes = json.loads((folder / "runs" / "tiny" / "study.json").read_text())
    assert [study["looked"] for study in notes["studies"].values()] == [[1, 2]]


def test_a_time_that_is_none_is_refused_before_anything_else(command, image_folder, folder):
    done = command("run", *WORDS, "--data", image_folder, "--budget", "soon")
    assert done.returncode == 1
    assert "2h, 90m, 1h30m or 45s" in re.sub(r"\s+", " ", done.stderr)
    assert not (folder / "runs").exists()


def test_a_time_too_short_for_any_trial_is_said_and_is_no_error(command, image_folder, folder):
    words = ("run", *WORDS, "--data", image_folder)
    done = command(*words, "--budget", "0.001s")
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert "was over before a trial started; still to run: 4 trials" in re.sub(r"\s+", " ", done.stderr)
    for option in ((), ("--images",)):
        told = command("report", *option)
        assert told.returncode == 1
        assert "no trial of runs/tiny has finished yet; continue with 'flowerablate run'" in re.sub(
            r"\s+", " ", told.stderr
        )


def test_the_most_replicates_of_a_study_of_fixed_size_are_refused(command, image_folder, folder):
    done = command("run", *WORDS, "--data", image_folder, "--max-seeds", 9)
    assert done.returncode == 1
    assert "--max-seeds goes with --until-decided" in done.stderr
    assert not (folder / "runs").exists()


def test_a_margin_in_percentage_points_is_refused(command, image_folder):
    done = command("run", *WORDS, "--data", image_folder, "--margin", 2)
    assert done.returncode == 1
    assert "2 points are 0.02" in done.stderr
    assert command("run", *WORDS, "--data", image_folder, "--margin", 2, "--metric", "log_loss", "--dry-run").stdout
