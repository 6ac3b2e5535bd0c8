"""``flowerablate explain`` tells what training does to one image."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest
from PIL import Image

from flowerablate.api.study import Study
from flowerablate.loader import PackedDataset, collate
from flowerablate.preprocess import Preprocess
from flowerablate.preprocess.steps import writes_floats
from flowerablate.report.step_sheet import FIELD
from flowerablate.study.resolve import resolve

ONE = "rose/000017.png"

LOCAL = """
import flowerablate as fa


@fa.hookimpl
def flowerablate_register_step(register):
    register(fa.StepSpec(name="negative", summary="Negative.", kind="color", build=build))


def build(context):
    return fa.PythonOp(lambda images, draws: 255 - images)
"""

X_RAY = """
[dataset]
use = "folder"
path = "rays"
[input]
image_size = 16
channels = 1
bits = 16
[steps.resize]
use = "resize"
removable = false
[steps.flip]
use = "horizontal_flip"
probability = 1.0
[steps.normalize]
use = "standardize"
"""


@pytest.fixture
def told(command) -> Any:
    """Return the steps that ``explain --format json`` tells of, by name."""

    def explain(*words: object) -> dict[str, Any]:
        done = command("explain", *words, "--format", "json")
        assert done.returncode == 0, done.stderr
        return {step["step"]: step for step in json.loads(done.stdout)["steps"]}

    return explain


@pytest.fixture
def seen(folder) -> Any:
    """Return the image that the loader gives to training for a study file, without its last, normalising step."""

    def load(study: str, key: str, seed: int, epoch: int) -> np.ndarray:
        wanted = Study.read(folder / study)
        assembler = wanted.assembler()
        pipeline = resolve(wanted.file, assembler.lookup)
        samples = assembler.load_data(pipeline, skip_bad=False)
        prepared = assembler.prepare(pipeline, samples)
        ops = [named for named in prepared.train.ops if not writes_floats(named.op)]
        chain = Preprocess(ops, pipeline.input.channels, dtype=prepared.images.pixels.dtype.name)
        labels = np.zeros(len(samples.ids), np.int64)
        dataset = PackedDataset(chain, prepared.images, samples.ids, labels, seed=seed)
        dataset.set_epoch(epoch)
        images, _ = collate(dataset.__getitems__([samples.samples.keys.index(key)]))
        values = images[0].permute(1, 2, 0).numpy() * np.iinfo(chain.output_dtype).max  # they come in [0, 1]
        return np.rint(values).astype(chain.output_dtype)

    return load


def test_every_step_has_a_row_in_the_order_of_the_study(command):
    done = command("explain", ONE, "--study", "tiny.toml")
    assert (done.returncode, done.stderr) == (0, "")
    title, heads, *rows = done.stdout.splitlines()
    assert title == f"{ONE}, seed 0, epoch 1"
    assert heads.split() == ["step", "acts", "drawn"]
    assert [row.split()[0] for row in rows] == ["resize", "morphology", "crop", "flip", "rotation", "light"]
    assert all("once, before training" in row for row in rows[:2])
    assert re.search(r"rotation +yes +angle -?\d+\.\d+", done.stdout)


def test_what_is_printed_fits_into_eighty_columns_without_colour_codes_and_trailing_blanks(command):
    lines = command("explain", ONE, "--study", "tiny.toml").stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert all(line == line.rstrip() and "\x1b" not in line for line in lines)


def test_json_holds_the_drawn_values_as_numbers(told):
    steps = told(ONE, "--study", "tiny.toml")
    assert steps["resize"] == {"step": "resize", "op": None, "acts": "once", "drawn": {}}
    assert steps["rotation"]["op"] == "rotate"
    assert -15 <= steps["rotation"]["drawn"]["angle"] <= 15
    assert steps["rotation"]["acts"] is True


def test_each_epoch_and_replicate_draws_anew_and_the_same_one_draws_the_same(told):
    def angle(*words):
        return told(ONE, "--study", "tiny.toml", *words)["rotation"]["drawn"]["angle"]

    assert angle() == angle("--seed", 0, "--epoch", 1)
    assert len({angle(), angle("--epoch", 2), angle("--seed", 1)}) == 3


def test_removing_a_step_leaves_the_draws_of_the_others(told, folder):
    whole = told(ONE, "--study", "tiny.toml")
    text = (folder / "tiny.toml").read_text()
    (folder / "less.toml").write_text(text.replace('[steps.flip]\nuse = "horizontal_flip"\n', ""))
    less = told(ONE, "--study", "less.toml")
    assert "flip" not in less
    assert all(whole[name] == less[name] for name in less)


def test_a_step_that_never_acts_says_so(command):
    done = command("explain", ONE, "--study", "tiny.toml", "--set", "steps.flip.probability=0")
    assert re.search(r"^flip +not applied$", done.stdout, flags=re.MULTILINE)


def test_the_image_written_is_the_one_that_the_loader_gives(command, folder, seen):
    done = command("explain", ONE, "--study", "tiny.toml", "--seed", 3, "--epoch", 2, "--out", "seen.png")
    said = "wrote seen.png: the image as the model sees it, 16x16 pixels\n"
    assert (done.returncode, done.stderr) == (0, said)
    written = np.asarray(Image.open(folder / "seen.png"))
    assert written.shape == (16, 16, 3)
    np.testing.assert_array_equal(written, seen("tiny.toml", ONE, 3, 2))


def test_a_sheet_shows_the_image_after_each_step_large_enough_to_see(command, folder):
    done = command("explain", ONE, "--study", "tiny.toml", "--sheet", "steps.png")
    assert (done.returncode, done.stderr) == (0, "wrote steps.png: the original and the image after 6 steps\n")
    width, height = Image.open(folder / "steps.png").size
    assert width > 7 * FIELD
    assert height > FIELD


def test_steps_that_learn_or_mix_batches_are_told_too(command, folder):
    more = '[steps.normalize]\nuse = "standardize_dataset"\n[steps.mix]\nuse = "mixup"\n'
    (folder / "mixed.toml").write_text((folder / "tiny.toml").read_text().replace("[train]", more + "[train]"))
    rows = command("explain", ONE, "--study", "mixed.toml", "--out", "seen.png").stdout.splitlines()
    assert rows[-2].split(maxsplit=2) == ["normalize", "yes", "(computed from the training images)"]
    assert " ".join(rows[-1].split()) == "mix on whole batches (drawn for the batch)"


def test_a_step_in_python_is_named_as_such_and_shown_in_the_image(command, folder, seen):
    (folder / "flowerablate_local.py").write_text(LOCAL)
    text = (folder / "tiny.toml").read_text()
    text = text.replace("[steps.rotation]", '[steps.negative]\nuse = "negative"\n[steps.rotation]')
    (folder / "python.toml").write_text(text)
    done = command("explain", ONE, "--study", "python.toml", "--out", "seen.png")
    assert re.search(r"^negative +yes +\(a step in Python\)$", done.stdout, flags=re.MULTILINE)
    assert re.search(r"^rotation +yes +angle", done.stdout, flags=re.MULTILINE)
    np.testing.assert_array_equal(np.asarray(Image.open(folder / "seen.png")), seen("python.toml", ONE, 0, 1))


def test_images_of_sixteen_bits_are_written_with_sixteen_bits(command, folder, seen):
    rng = np.random.default_rng(5)
    for name in ("ill", "well"):
        (folder / "rays" / name).mkdir(parents=True)
        for number in range(6):
            values = rng.integers(0, 65536, (20, 20)).astype(np.uint16)
            Image.fromarray(values).save(folder / "rays" / name / f"{number}.png")
    (folder / "rays.toml").write_text(X_RAY)
    done = command("explain", "well/3.png", "--study", "rays.toml", "--out", "seen.png")
    assert done.returncode == 0, done.stderr
    written = np.asarray(Image.open(folder / "seen.png"))
    assert written.max() > 255
    np.testing.assert_array_equal(written, seen("rays.toml", "well/3.png", 0, 1)[:, :, 0])
    ambiguous = command("explain", "3.png", "--study", "rays.toml")
    assert ambiguous.returncode == 1
    assert ambiguous.stderr == "error: 2 images end with '3.png', such as ill/3.png; give more of the path\n"


def test_a_whole_file_name_is_preferred_to_the_end_of_a_longer_one(command, folder):
    for name in ("ill", "well"):
        (folder / "rays" / name).mkdir(parents=True)
        for number in (range(6), range(13, 19))[name == "well"]:
            Image.new("I;16", (20, 20), number * 1000).save(folder / "rays" / name / f"{number}.png")
    (folder / "rays.toml").write_text(X_RAY)
    assert command("explain", "3.png", "--study", "rays.toml").stdout.startswith("ill/3.png, ")


def test_an_unknown_image_is_one_line_with_an_example(command):
    done = command("explain", "nothing.png", "--study", "tiny.toml")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: no image 'nothing.png' in the data set, whose first is daisy/000000.png\n"
