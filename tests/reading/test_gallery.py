"""Sample images come from the same chain as training, and faults are said instead of raised."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pipelines import make_pipeline

from flowerablate.contracts import (
    Choice,
    DatasetSpec,
    NativeOp,
    Pipeline,
    Samples,
    StepChoice,
    StepSpec,
)
from flowerablate.errors import DataError, LedgerError
from flowerablate.reading.gallery import StudyImages, frame, originals, pipeline_of, sample_images
from flowerablate.registry import Owner, Registry
from flowerablate.study.identity import describe
from flowerablate.wiring.assemble import Assembler


def scan(context, path=""):
    paths = tuple(sorted(Path(context.root).glob("*/*.png")))
    if not paths:
        raise DataError(f"no images in {context.root}")
    labels = tuple(int(file.parent.name == "red") for file in paths)
    return Samples(("green", "red"), tuple(f"{file.parent.name}/{file.name}" for file in paths), paths, labels)


SPECS = [
    DatasetSpec("images", "", scan),
    StepSpec("resize", "", lambda context: NativeOp("resize", {"size": 16, "fit": "cover", "antialias": True})),
    StepSpec("invert", "", lambda context: NativeOp("invert", {"probability": 0.5}), random=True),
    StepSpec("normalize", "", lambda context: NativeOp("normalize", {"mean": (0.5,) * 3, "std": (0.5,) * 3})),
]


def pipeline() -> Pipeline:
    steps = tuple(StepChoice(name, {}, name=name) for name in ("resize", "invert", "normalize"))
    others = {slot: Choice(slot, {"scale": (0.5, 1.0), "on": True}) for slot in ("model", "optimizer", "loss")}
    return make_pipeline(steps=steps, image_size=16, train={"batch_size": 4}, dataset=Choice("images"), **others)


@pytest.fixture
def images(image_folder, tmp_path) -> StudyImages:
    registry = Registry()
    registry.add(SPECS, Owner("test", "test", "1"))
    return StudyImages(pipeline(), Assembler(registry, image_folder, tmp_path / "cache"))


def pixels(one) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(one.content)))


def test_a_pipeline_comes_back_from_its_description():
    assert pipeline_of({"pipeline": describe(pipeline())}) == pipeline()


@pytest.mark.parametrize("record", [{}, {"pipeline": {"dataset": 3}}])
def test_a_description_of_another_version_is_refused(record):
    with pytest.raises(LedgerError, match="another version"):
        pipeline_of(record)


def test_the_strip_begins_with_the_file_and_shows_each_step_with_bytes(images, image_folder):
    shown = sample_images(images, 0)
    strip = shown.strips[0]
    assert [one.step for one in strip.frames] == ["original", "resize", "invert"]
    assert (pixels(strip.frames[0]) == np.asarray(Image.open(image_folder / strip.key))).all()
    assert pixels(strip.frames[1]).shape == (16, 16, 3)
    assert any("normalize" in remark for remark in shown.remarks)


def test_a_step_that_was_not_drawn_says_so_and_changes_nothing(images):
    frames = [strip.frames for seed in range(6) for strip in sample_images(images, seed).strips]
    idle = [one for one in frames if one[2].remark == "not applied"]
    acting = [one for one in frames if one[2].remark == ""]
    assert idle
    assert acting
    assert all((pixels(one[2]) == pixels(one[1])).all() for one in idle)
    assert all((pixels(one[2]) == 255 - pixels(one[1])).all() for one in acting)


def test_the_first_images_of_each_class_are_shown_in_turn(images):
    assert images.first_of_each_class(3) == ["green/00.png", "green/01.png", "red/00.png"]
    assert images.truth("red/00.png") == "red"


def test_an_image_that_cannot_be_read_is_left_out_with_the_reason(images, image_folder):
    (image_folder / "green" / "00.png").write_bytes(b"no image")
    shown = sample_images(images, 0)
    assert len(shown.strips) == 3
    assert any(remark.startswith("green/00.png: ") for remark in shown.remarks)


def test_originals_leaves_out_what_is_gone(images, image_folder):
    (image_folder / "red" / "01.png").unlink()
    assert list(originals(images, ["red/00.png", "red/01.png", "never/there.png"])) == ["red/00.png"]


def test_data_that_are_gone_are_an_error_that_says_so(images, tmp_path):
    with pytest.raises(DataError, match="no images"):
        StudyImages(images.pipeline, replace(images.assembler, root=tmp_path / "nowhere"))


def test_few_pixels_are_kept_exactly_and_many_become_a_thumbnail():
    noise = np.random.default_rng(0).integers(0, 256, (96, 64, 3), np.uint8)
    exact = frame("x", noise)
    assert exact.media_type == "image/png"
    assert (pixels(exact) == noise).all()
    large = frame("x", np.repeat(np.repeat(noise, 5, axis=0), 5, axis=1))
    assert (large.media_type, large.width, large.height) == ("image/jpeg", 96, 144)
    deep = frame("x", noise[:, :, :1].astype(np.uint16) * 257)
    assert (pixels(deep) == noise[:, :, 0]).all()
