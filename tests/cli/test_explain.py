import json

import numpy as np
import pytest
from PIL import Image

ADDED = """
[steps.mixup]
use = "mixup"
[steps.standard]
use = "standardize_dataset"
"""


@pytest.fixture
def picture(picture_folder):
    return str(sorted(picture_folder.rglob("*.png"))[0].relative_to(picture_folder))


@pytest.fixture
def explained(command, picture_folder, picture):
    def tell(*words, study="tiny.toml"):
        done = command("explain", picture, "--study", study, "--data", picture_folder, "--json", *words)
        assert done.returncode == 0, done.stderr
        return {step.pop("step"): step for step in json.loads(done.stdout)["steps"]}

    return tell


def test_every_step_is_told_with_what_it_draws(explained):
    steps = explained("--seed", 3, "--epoch", 2)
    assert [*steps] == ["resize", "morphology", "crop", "flip", "rotation", "light"]
    assert steps["resize"] == steps["morphology"] == {"acts": "once"}
    assert steps["crop"]["drawn"].keys() == {"top", "left", "height", "width"}
    assert -15 <= steps["rotation"]["drawn"]["angle"] <= 15


def test_the_same_words_tell_the_same_and_another_epoch_something_else(explained):
    assert explained("--epoch", 2) == explained("--epoch", 2)
    assert explained("--epoch", 2)["rotation"] != explained("--epoch", 3)["rotation"]


def test_steps_on_whole_batches_and_those_that_wait_for_the_training_images_are_told(explained, folder):
    words = (folder / "tiny.toml").read_text()
    standard, mixup = ADDED[ADDED.index("[steps.standard]") :], ADDED[: ADDED.index("[steps.standard]")]
    (folder / "more.toml").write_text(words.replace("[train]", standard + mixup + "[train]"))
    steps = explained(study="more.toml")
    assert steps["standard"] == {"op": "normalize", "acts": True, "drawn": {}}
    assert steps["mixup"] == {"acts": "on whole batches"}


def test_the_picture_is_written_as_the_model_sees_it(explained, folder):
    explained("--out", "seen.png")
    seen = np.asarray(Image.open(folder / "seen.png"))
    assert (seen.shape, seen.dtype) == ((16, 16, 3), np.uint8)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nothing.png"], "no picture 'nothing.png' in the data set"),
        ([".png"], "pictures end with '.png'"),
        (["x.png", "--epoch", 0], "greater than or equal to 1"),
        (["x.png", "--seed", 2**64], "less than or equal to 18446744073709551615"),
    ],
)
def test_what_cannot_be_explained_is_said_in_a_line(command, picture_folder, words, message):
    done = command("explain", *words, "--study", "tiny.toml", "--data", picture_folder)
    assert done.returncode != 0
    assert message in " ".join(done.stderr.replace("\u2502", " ").split())
    assert "Traceback" not in done.stderr
