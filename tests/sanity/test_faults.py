"""Every rung passes where nothing is wrong, and fails where the fault is that it is there to find."""

import re
import shutil

import pytest

from flowerablate.sanity import RUNGS, climb

NORMALIZE = '[steps.normalize]\nuse = "normalize"\n'
PAINT = '[steps.white]\nuse = "paint"\n'


def test_a_sound_study_passes_every_rung(put):
    rungs = list(climb(put(), list(RUNGS)))
    assert [rung.name for rung in rungs] == list(RUNGS)
    assert {rung.name: rung.seen for rung in rungs if rung.status != "passed"} == {}
    assert not any(rung.do for rung in rungs)


@pytest.mark.parametrize(
    ("rung", "overrides", "said"),
    [
        ("batch", ["model.use=dead-branch"], r"no gradient reaches spare\.weight, spare\.bias"),
        ("batch", ["model.use=mixes"], "depends on its batch"),
        ("batch", ["model.use=narrow"], "the model returns 16 x 1"),
        ("batch", ["model.use=breaks"], "RuntimeError: it cannot"),
        ("batch", ["model.use=overflows"], "the outputs are not all finite"),
        ("batch", ["steps.normalize.mean=[0, 0, 0]", "steps.normalize.std=[0.004, 0.004, 0.004]"], "pixels reach 2"),
        ("initial-loss", ["loss.use=summed"], r"twice the batch gives 2\.00 times the loss"),
        ("initial-loss", ["loss.use=tiny"], "far from ln 2"),
        ("initial-loss", ["model.use=loud"], "the initial loss"),
        ("overfit", ["model.use=blind"], "not memorised"),
        ("overfit", ["optimizer.lr=1e-6"], "not memorised"),
        ("labels", ["model.use=knows"], "shuffled labels are enough for 100%"),
        ("subset", ["dataset.use=mislabelled"], "no better than always predicting the largest class"),
        ("subset", ["model.use=blind"], "loss on empty images is no higher"),
        ("lr-range", ["model.use=loud", "optimizer.lr=1"], "where the loss explodes"),
        ("lr-range", ["optimizer.lr=1e-6"], "hardly anything is learnt"),
        ("reproducible", ["model.use=moody"], "differ, such as"),
    ],
)
def test_a_rung_finds_its_fault(climbed, rung, overrides, said):
    found = climbed(rung, *overrides)
    assert found.status == "failed"
    assert re.search(said, " | ".join(found.seen)), found.seen
    assert found.do


def test_images_without_a_step_that_normalises_are_told_by_their_range(climbed):
    found = climbed("batch", without=NORMALIZE)
    assert found.values["minimum"] >= 0
    assert found.status == "passed" if found.values["maximum"] <= 1 else "failed"


def test_a_step_that_wipes_out_the_images_is_named(climbed):
    found = climbed("inputs", without=NORMALIZE, more=PAINT + NORMALIZE)
    assert found.status == "failed"
    assert found.seen[0].startswith("after 'white'")
    assert climbed("batch", without=NORMALIZE, more=PAINT + NORMALIZE).status == "failed"


def test_an_image_in_two_parts_of_the_split_is_found(put, tmp_path, study_folder):
    bench = put()
    assert next(iter(climb(bench, ["data"]))).status == "passed"
    samples = bench.data.samples
    source, copy = (samples.paths[int(part[0])] for part in (bench.split.train, bench.split.test))
    kept = copy.read_bytes()
    try:
        shutil.copy(source, copy)
        found = next(iter(climb(bench, ["data"])))
    finally:
        copy.write_bytes(kept)
    assert found.status == "failed"
    assert "across" in found.seen[0]


def test_a_run_of_few_steps_that_learns_nothing_is_told_to_be_longer(climbed):
    short = climbed("subset", "model.use=blind", subset="4")
    assert short.status == "failed"
    assert re.match(
        r"\d+ steps are too few to learn much: \d+ images in batches of \d+ give \d+ steps? per epoch; ", short.do
    )
    assert "set train.epochs=" in short.do
