"""What a trial trains, put together."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pipelines import small_study

from flowerablate.data.splits import split_samples
from flowerablate.discovery import discover
from flowerablate.errors import FlowerablateError
from flowerablate.study.resolve import resolve
from flowerablate.wiring.assemble import Assembler
from flowerablate.wiring.parts import build_batches, build_order, build_parts, check_parts

CPU = torch.device("cpu")
PLUGIN = """
import flowerablate as fa

@fa.hookimpl
def flowerablate_register_sampler(register):
    register(fa.SamplerSpec("beyond", "Names images that there are not.", lambda context: lambda epoch: [0, 10_000]))
"""


class Made:
    """A pipeline with its data, put together on the CPU."""

    def __init__(self, folder, cache, images, keys):
        self.assembler = Assembler(discover(folder).registry, folder, cache)
        self.pipeline = resolve(small_study(images, **keys), self.assembler.lookup)
        self.data = self.assembler.load_data(self.pipeline, skip_bad=False)
        self.split = split_samples(self.data.samples, 0, self.pipeline.split)

    def parts(self, seed=0, steps=3):
        return build_parts(self.pipeline, self.data, self.assembler, seed, steps, self.split, CPU)

    def order(self, seed=0):
        return build_order(self.pipeline, self.data, self.assembler, seed, self.split)

    def batches(self, indices, **options):
        prepared = self.assembler.prepare(self.pipeline, self.data).fitted(self.split.train, self.data.ids)
        return build_batches(self.pipeline, prepared, self.data, indices, 0, CPU, **options)


@pytest.fixture
def make(tmp_path, own_cache, image_folder, one_thread):
    (tmp_path / "flowerablate_local.py").write_text(PLUGIN)
    return lambda **keys: Made(tmp_path, own_cache, image_folder, keys)


def test_initial_weights_are_those_of_the_seed(make):
    made = make()
    first, again, other = (made.parts(seed).model.state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)


def test_a_model_answers_with_a_logit_for_each_class(make):
    model = make().parts().model
    assert model(torch.zeros(2, 3, 16, 16)).shape == (2, 2)


def test_the_optimizer_has_every_parameter_and_the_schedule_the_length_of_the_training(make):
    parts = make(**{"train.epochs": 2, "scheduler": {"use": "cosine"}}).parts(steps=3)
    held = {id(value) for group in parts.optimizer.param_groups for value in group["params"]}
    assert held == {id(value) for value in parts.model.parameters()}
    for _ in range(6):
        parts.optimizer.step()
        parts.scheduler.step()
    assert parts.scheduler.get_last_lr()[0] == pytest.approx(0.0, abs=1e-6)


def test_a_loss_is_told_the_class_counts_of_the_training_images(make):
    made = make(loss={"use": "cross-entropy"})
    counts = np.bincount(made.data.labels[made.split.train])
    seen = []
    build = made.assembler.build
    made.assembler.build = lambda slot, choice, *context: seen.append((slot, context)) or build(slot, choice, *context)
    made.parts()
    ((context,),) = [context for slot, context in seen if slot == "loss"]
    assert context.class_counts == tuple(counts)


def test_training_images_come_in_the_order_of_the_sampler_in_batches_of_the_study(make):
    made = make()
    batches = made.batches(made.split.train, order=made.order())
    assert batches.batch_size == 4
    labels = np.concatenate([labels.numpy().copy() for _, labels in batches.epoch(1)])
    wanted = made.data.labels[made.split.train][made.order()(1)]
    np.testing.assert_array_equal(labels, wanted[: len(labels)])


def test_images_for_evaluation_come_all_and_as_they_stand(make):
    made = make()
    batches = made.batches(made.split.test)
    labels = np.concatenate([labels.numpy().copy() for _, labels in batches.epoch(0)])
    np.testing.assert_array_equal(labels, made.data.labels[made.split.test])


def test_other_labels_may_take_the_place_of_the_true_ones(make):
    made = make()
    batches = made.batches(made.split.test, labels=1 - made.data.labels)
    labels = np.concatenate([labels.numpy().copy() for _, labels in batches.epoch(0)])
    np.testing.assert_array_equal(labels, 1 - made.data.labels[made.split.test])


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"train.best_by": "acuracy"}, "train.best_by: no metric is called 'acuracy'; did you mean 'accuracy'?"),
        ({"sampler": {"use": "beyond"}}, "sampler"),
    ],
)
def test_a_fault_of_a_variant_shows_when_it_is_put_together(make, keys, message):
    made = make(**keys)
    with pytest.raises(FlowerablateError, match=message):
        check_parts(made.pipeline, made.data, made.assembler)


def test_a_sound_variant_is_put_together_without_a_word(make):
    made = make()
    assert check_parts(made.pipeline, made.data, made.assembler) is None
