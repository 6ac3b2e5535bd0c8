import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pipelines import make_pipeline

from flowerablate.contracts import (
    BatchOp,
    Choice,
    DatasetSpec,
    LossSpec,
    NativeOp,
    Pipeline,
    PythonOp,
    Samples,
    StepChoice,
    StepSpec,
)
from flowerablate.errors import DataError, PluginError, StudyError
from flowerablate.registry import Owner, Registry
from flowerablate.wiring.assemble import Assembler, data_choice

NOTHING = Choice("none")


def scan(context, path=""):
    paths = tuple(sorted(Path(context.root).glob("*/*.png")))
    labels = tuple(int(file.parent.name == "red") for file in paths)
    return Samples(("green", "red"), tuple(file.name + file.parent.name for file in paths), paths, labels)


def resize(context, antialias=True):
    return NativeOp("resize", {"size": context.image_size, "fit": "cover", "antialias": antialias})


def learn(context):
    return NativeOp("normalize", {"statistics": "training", "per_channel": True})


def fail(context):
    raise KeyError("no such thing")


def make_registry() -> Registry:
    registry = Registry()
    specs = [
        DatasetSpec("files", "Files.", scan, reads=Path.is_dir),
        StepSpec("resize", "Fits.", resize),
        StepSpec("rough", "Fits without a filter.", lambda context: resize(context, antialias=False)),
        StepSpec("invert", "Makes a negative.", lambda context: PythonOp(lambda batch, draws: 255 - batch)),
        StepSpec("broken", "Fails.", fail),
        StepSpec("mix", "Mixes.", lambda context: BatchOp(lambda *batch: None), random=True),
        LossSpec("hard", "Takes classes.", fail),
        LossSpec("soft", "Takes probabilities.", fail, soft_targets=True),
    ]
    registry.add(specs, Owner("mine", "mine", "1.0"))
    return registry


@pytest.fixture
def assembler(image_folder, tmp_path) -> Assembler:
    return Assembler(make_registry(), image_folder, tmp_path / "cache")


def pipeline(use: str = "resize", image_size: int = 16) -> Pipeline:
    step = StepChoice(use, name="fit")
    return make_pipeline(steps=(step,), image_size=image_size, train={"batch_size": 4}, dataset=Choice("files"))


def test_packed_images_of_one_size_are_not_taken_for_those_of_another(assembler):
    data = assembler.load_data(pipeline(), skip_bad=False)
    small = assembler.prepare(pipeline(image_size=16), data).images
    large = assembler.prepare(pipeline(image_size=24), data).images
    assert small.image(0).shape == (16, 16, 3)
    assert large.image(0).shape == (24, 24, 3)


def test_variants_that_share_a_prefix_share_their_packed_images(assembler):
    data = assembler.load_data(pipeline(), skip_bad=False)
    assert assembler.prepare(pipeline(), data).images is assembler.prepare(pipeline(), data).images


def decoded_min_side(assembler, *steps: StepChoice) -> int | None:
    data = assembler.load_data(pipeline(), skip_bad=False)
    images = assembler.prepare(replace(pipeline(), steps=steps), data).images
    return json.loads((images.source.folder / "manifest.json").read_text())["at_least"]


def test_images_are_decoded_small_only_where_the_study_begins_by_shrinking_them(assembler):
    fit, invert = StepChoice("resize", name="fit"), StepChoice("invert", name="invert")
    assert decoded_min_side(assembler, fit) == 2 * 16
    assert decoded_min_side(assembler, fit, invert) == 2 * 16
    assert decoded_min_side(assembler, invert, fit) is None
    assert decoded_min_side(assembler, StepChoice("rough", name="fit")) is None


def test_what_is_switched_off_before_a_resize_leaves_its_images_decoded_as_those_of_the_base(assembler):
    off = StepChoice("invert", name="invert", enabled=False)
    assert decoded_min_side(assembler, off, StepChoice("resize", name="fit")) is None


def test_what_a_step_learns_is_learned_from_the_images_that_are_given(assembler):
    assembler.registry.add([StepSpec("learn", "Learns.", learn)], Owner("learner", "learner", "1.0"))
    steps = (*pipeline().steps, StepChoice("learn", name="learn"))
    whole = replace(pipeline(), steps=steps)
    data = assembler.load_data(whole, skip_bad=False)
    prepared = assembler.prepare(whole, data)

    def learned(*indices):
        chosen = prepared.fitted(np.array(indices), data.ids)
        assert chosen.train.ops[-1] == chosen.evaluate.ops[-1]
        return chosen.train.ops[-1].op.params["mean"]

    first = prepared.images.image(0).reshape(-1, 3).mean(axis=0) / 255
    np.testing.assert_allclose(learned(0), first)
    assert learned(0) != learned(0, len(data.samples) - 1)


def test_what_goes_wrong_in_a_plugin_is_said_with_its_name(assembler):
    with pytest.raises(PluginError, match=r"step 'broken' of mine \(mine 1\.0\) could not be built: KeyError"):
        assembler.build_steps(pipeline("broken"))


def test_a_pipeline_that_gives_another_size_is_refused(assembler):
    data = assembler.load_data(pipeline(), skip_bad=False)
    with pytest.raises(StudyError, match=r"input\.image_size is 16"):
        assembler.prepare(replace(pipeline(), steps=()), data)


def test_a_data_set_of_one_class_is_refused(assembler, image_folder):
    for path in (image_folder / "red").iterdir():
        path.unlink()
    with pytest.raises(DataError, match="only images of class 'green'"):
        assembler.load_data(pipeline(), skip_bad=False)


def test_a_path_is_read_by_the_data_set_that_says_it_can(image_folder, tmp_path):
    assert data_choice(make_registry(), image_folder) == Choice("files", {"path": str(image_folder)})
    with pytest.raises(DataError, match="no file or folder"):
        data_choice(make_registry(), tmp_path / "nowhere")
    (tmp_path / "file.csv").touch()
    with pytest.raises(DataError, match="no data set can read"):
        data_choice(make_registry(), tmp_path / "file.csv")


def with_loss(use, *further):
    one = pipeline()
    return replace(one, steps=(*one.steps, *further), components={**one.components, "loss": Choice(use)})


def test_a_loss_that_takes_no_probabilities_is_refused_beside_a_step_that_makes_them(assembler):
    mix = StepChoice("mix", name="mine")
    study = with_loss("hard", mix)
    with pytest.raises(StudyError, match=r"step 'mine' mixes labels .* the loss 'hard' does not take.*: soft"):
        assembler.build_steps(study)
    assembler.build_steps(with_loss("soft", mix))
    assembler.build_steps(replace(study, steps=(*pipeline().steps, replace(mix, enabled=False))))


def test_what_mixes_batches_is_prepared_apart_from_the_chains(assembler):
    study = with_loss("soft", StepChoice("mix", name="mine"))
    prepared = assembler.prepare(study, assembler.load_data(study, skip_bad=False))
    assert [named.name for named in prepared.batch] == ["mine"]
    assert assembler.prepare(pipeline(), assembler.load_data(pipeline(), skip_bad=False)).images is prepared.images
