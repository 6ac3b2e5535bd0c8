"""Questions that vanish, on the command line."""

import json

IDLE = ("--set", "steps.morphology.size=1")
REASON = "morphology: leaves each of "


def test_a_question_that_vanishes_is_refused_at_once_and_the_others_go_on(command, image_folder, short_proof):
    done = command("run", "tiny.toml", "--data", image_folder, *IDLE, "--disable", "morphology", "--disable", "flip")
    assert done.returncode == 0
    assert "refused because nothing differs: -morphology: leaves each of" in done.stderr.splitlines()[1]
    assert "(size 1)" in done.stderr
    table = done.stdout
    assert "-flip" in table
    assert "\n-morphology" not in table
    assert "Refused before training" in table
    again = command("report")
    assert again.stdout == table


def test_a_study_of_which_nothing_is_left_trains_nothing(command, folder, image_folder):
    done = command("run", "tiny.toml", "--data", image_folder, *IDLE, "--disable", "morphology")
    assert done.returncode == 1
    assert "nothing would differ, so nothing is trained: -morphology: leaves each of" in " ".join(done.stderr.split())
    assert not (folder / "runs").exists()


def test_a_finished_study_is_asked_for_one_that_vanishes(command, image_folder, short_proof):
    words = ("run", "tiny.toml", "--data", image_folder, *IDLE, "--disable")
    assert command(*words, "flip").returncode == 0
    done = command(*words, "flip", "--disable", "morphology")
    assert done.returncode == 0
    assert "4 of 4 trials are finished already" in done.stderr
    assert "Refused before training" in done.stdout


def test_results_tell_what_a_trial_costs_and_how_it_trains(command, folder, image_folder):
    assert command("run", "tiny.toml", "--data", image_folder, "--disable", "flip", "--seeds", "1").returncode == 0
    for path in (folder / "runs").glob("*/trials/*/result.json"):
        result = json.loads(path.read_text())
        assert result["costs"]["flops"] > 0
        assert result["facts"]["batch size"] == 4
        assert {"steps per epoch", "training images", "pixel mean", "pixel deviation"} <= set(result["facts"])
