"""The conformance suites find what they promise to find: each fault below is one that a plugin author could make."""

from __future__ import annotations

import itertools
import random
import types
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

import flowerablate as fa
from flowerablate.testing import (
    KeyedDraws,
    NoDraws,
    check_component,
    check_dataset,
    check_loss,
    check_model,
    check_optimizer,
    check_plugin,
    check_scheduler,
    check_step,
)


@pytest.fixture(autouse=True)
def one_thread():
    """Keep torch to one thread: the tensors are tiny, and a machine at work has no cores to spare."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def plugin_with(*specs, hook="flowerablate_register_step", decorate=True):
    module = types.ModuleType("a_plugin")

    def register_all(register):
        for spec in specs:
            register(spec)

    setattr(module, hook, fa.hookimpl(register_all) if decorate else register_all)
    return module


def python_step(function, **fields):
    return fa.StepSpec("odd", "Odd.", build=lambda context, **params: fa.PythonOp(function), **fields)


GOOD = python_step(lambda images, draws: 255 - images)


# -------------------------------------------------------------------------------------------------- plugins


def test_a_good_plugin_gives_its_specs():
    assert check_plugin(plugin_with(GOOD)) == [GOOD]


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (plugin_with(), "registers nothing"),
        (plugin_with(GOOD, hook="flowerablate_register_stp"), "unknown hook"),
        (plugin_with(GOOD, decorate=False), "lacks the @flowerablate.hookimpl decorator"),
        (plugin_with(GOOD, hook="flowerablate_register_model"), "takes a ModelSpec, not StepSpec"),
        (plugin_with(GOOD, GOOD), "registered twice"),
        (plugin_with(replace(GOOD, name="Odd Step")), "a name is small letters"),
        (plugin_with(replace(GOOD, summary=" ")), "the summary is empty"),
        (plugin_with(replace(GOOD, params=(fa.Param("size", 3, ""),))), "'size': the summary is empty"),
        (plugin_with(replace(GOOD, params=(fa.Param("size", 3, "s", low=1, off=0),))), "off must be a whole number"),
        (plugin_with(replace(GOOD, build=lambda: None)), r"build must take \(context\)"),
        (
            plugin_with(replace(GOOD, build=lambda context, sise: None, params=(fa.Param("size", 3, "s"),))),
            r"build must take \(context, size\)",
        ),
        (plugin_with(replace(GOOD, stand_in=lambda context: None)), "stand_in is for random steps"),
    ],
)
def test_a_faulty_plugin_is_told_what_to_mend(module, message):
    with pytest.raises(AssertionError, match=message):
        check_plugin(module)


def test_a_data_set_that_reads_paths_needs_a_parameter_for_them():
    spec = fa.DatasetSpec("odd", "Odd.", build=lambda context: None, reads=lambda path: False)
    with pytest.raises(AssertionError, match="must have a parameter path"):
        check_plugin(plugin_with(spec, hook="flowerablate_register_dataset"))


def test_a_plugin_that_imports_something_heavy_at_its_top_is_told_so(tmp_path, monkeypatch):
    (tmp_path / "heavy_plugin.py").write_text(
        "import scipy\nimport flowerablate as fa\n@fa.hookimpl\ndef flowerablate_register_step(register):\n"
        "    register(fa.StepSpec('odd', 'Odd.', build=lambda context: None))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import heavy_plugin

    with pytest.raises(AssertionError, match="importing heavy_plugin loads scipy"):
        check_plugin(heavy_plugin)


# ---------------------------------------------------------------------------------------------------- steps


def noise(images, draws):
    numbers = draws.uniform(images[0].size).reshape(images.shape)
    return np.where(numbers < 0.1, 255, images).astype(np.uint8)


def shrink(images, draws):
    return images[:, ::2, ::2]


def test_good_steps_pass():
    check_step(GOOD)
    check_step(python_step(noise, random=True))
    check_step(python_step(shrink))


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda images, draws: None, "must return a numpy array, not NoneType"),
        (lambda images, draws: images / 255, "must return uint8, not float64"),
        (lambda images, draws: images[..., 0], r"must return \[N, H, W, C\], not 3 dimensions"),
        (lambda images, draws: images[..., :1], "must keep the number of pictures and of channels"),
        (lambda images, draws: images[:1], "must keep the number of pictures and of channels"),
        (lambda images, draws: images[:, :0], "returns empty pictures"),
        (noise, "declare it with random=True"),
        (
            lambda images, draws: np.random.default_rng().integers(0, 256, images.shape, np.uint8),
            "gives two results for the same input",
        ),
        (lambda images, draws: images - images.min(axis=0), "which others are in its batch"),
        (lambda images, draws: images[:, : len(images)], "the size depends on the batch"),
    ],
)
def test_a_faulty_deterministic_step_is_told_what_to_mend(function, message):
    with pytest.raises(AssertionError, match=message):
        check_step(python_step(function))


def same_for_the_whole_batch(images, draws):
    return images if draws.uniform(1)[0, 0] < 0.5 else 255 - images


def in_order_of_the_batch(images, draws):
    return np.roll(images, 1, axis=0) if draws.uniform(1).shape else images


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda images, draws: 255 - images, "is declared random, but gives the same in 8 epochs"),
        (same_for_the_whole_batch, "use row i of draws.uniform"),
        (in_order_of_the_batch, "use row i of draws.uniform"),
        (lambda images, draws: shrink(noise(images, draws), draws), "give a stand_in that does so"),
    ],
)
def test_a_faulty_random_step_is_told_what_to_mend(function, message):
    with pytest.raises(AssertionError, match=message):
        check_step(python_step(function, random=True))


def test_random_numbers_from_elsewhere_are_found():
    tosses = itertools.cycle([0, 255])  # what a generator that goes on from call to call looks like
    with pytest.raises(AssertionError, match=r"take every random number from draws\.uniform"):
        check_step(python_step(lambda images, draws: images ^ next(tosses), random=True))


def test_a_stand_in_must_give_the_size_of_the_step():
    spec = python_step(lambda images, draws: shrink(noise(images, draws), draws), random=True)
    check_step(replace(spec, stand_in=lambda context: fa.PythonOp(shrink)))
    with pytest.raises(AssertionError, match="gives 10 x 10 pixels, but its stand_in 20 x 20"):
        check_step(replace(spec, stand_in=lambda context: fa.PythonOp(lambda images, draws: images)))
    with pytest.raises(AssertionError, match="a deterministic step called draws"):
        check_step(replace(spec, stand_in=lambda context: fa.PythonOp(noise)))


def test_settings_that_a_component_offers_but_refuses_are_found():
    def build(context, mode):
        if mode == "b":
            raise fa.StudyError("mode b is not there")
        return fa.PythonOp(lambda images, draws: images)

    spec = fa.StepSpec("odd", "Odd.", build=build, params=(fa.Param("mode", "a", "mode", choices=("a", "b")),))
    with pytest.raises(AssertionError, match="with mode = 'b' refuses its own settings: mode b is not there"):
        check_step(spec)


def test_params_that_the_component_does_not_have_are_refused():
    with pytest.raises(AssertionError, match="has no parameter 'sise'; did you mean 'size'"):
        check_component(replace(GOOD, params=(fa.Param("size", 3, "s"),)), params={"sise": 4})


def test_what_is_no_op_is_refused():
    with pytest.raises(AssertionError, match="must return a NativeOp or a PythonOp, not str"):
        check_step(fa.StepSpec("odd", "Odd.", build=lambda context: "blur"))


@pytest.mark.parametrize(
    ("op", "random", "message"),
    [
        (fa.NativeOp("blurr"), False, "the native core refuses NativeOp.*unknown name 'blurr'"),
        (fa.NativeOp("center_crop"), False, "the native core refuses .*'size' is missing"),
        (
            fa.NativeOp("horizontal_flip", {"probability": 0.5}),
            False,
            "depends on the seed; declare it with random=True",
        ),
        (fa.NativeOp("center_crop", {"size": 20}), True, "is declared random, but gives the same"),
    ],
)
def test_a_faulty_native_step_is_told_what_to_mend(op, random, message):
    with pytest.raises(AssertionError, match=message):
        check_step(fa.StepSpec("odd", "Odd.", build=lambda context: op, random=random))


def test_draws_depend_on_the_sample_and_the_number_of_the_draw_only():
    whole = KeyedDraws([3, 1, 2], seed=5, epoch=7)
    numbers = np.concatenate([whole.uniform(2), whole.uniform(3)], axis=1)
    assert numbers.shape == (3, 5)
    assert ((numbers >= 0) & (numbers < 1)).all()
    assert np.array_equal(KeyedDraws([2, 3], seed=5, epoch=7).uniform(5), numbers[[2, 0]])
    assert not np.array_equal(KeyedDraws([3, 1, 2], seed=5, epoch=8).uniform(5), numbers)
    assert not np.array_equal(KeyedDraws([3, 1, 2], seed=6, epoch=7).uniform(5), numbers)
    assert len(np.unique(numbers)) == numbers.size


def test_a_deterministic_step_has_nothing_to_draw_from():
    with pytest.raises(AssertionError, match="random=True"):
        NoDraws().uniform(1)


# --------------------------------------------------------------------------------------------------- models


def model_spec(make, **fields):
    return fa.ModelSpec("odd", "Odd.", build=lambda context, **params: make(context, **params), **fields)


def linear(context, **params):
    return nn.Sequential(nn.Flatten(), nn.Linear(context.channels * context.image_size**2, context.classes))


class Spoilt(nn.Module):
    """A linear model with one fault."""

    def __init__(self, context, fault, **params):
        super().__init__()
        self.inner, self.fault = linear(context), fault
        if fault == "unused":
            self.spare = nn.Parameter(torch.zeros(2))

    def forward(self, pictures):
        logits = self.inner(pictures)
        if self.fault == "batch":
            return logits - logits.mean(0)
        if self.fault == "nan":
            return logits * float("nan")
        return logits[:, :2] if self.fault == "shape" else logits


def random_start(context):
    model = linear(context)
    nn.init.uniform_(model[1].bias, random.random(), 2.0)
    return model


def rgb_only(context):
    assert context.channels == 3
    return linear(context)


def only_rgb_said_politely(context):
    if context.channels != 3:
        raise fa.StudyError("this model takes 3 channels only")
    return linear(context)


@pytest.mark.parametrize("make", [linear, only_rgb_said_politely])
def test_a_good_model_passes(make):
    check_model(model_spec(make))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda context: "model", "must return a torch.nn.Module, not str"),
        (lambda context: nn.Flatten(), r"must return logits \(4, 3\) \[N, classes\]"),
        (lambda context: Spoilt(context, "shape"), r"must return logits \(4, 3\) \[N, classes\], not \(4, 2\)"),
        (lambda context: Spoilt(context, "nan"), "logits that are not finite"),
        (lambda context: Spoilt(context, "batch"), "which others are in its batch"),
        (lambda context: Spoilt(context, "unused"), "spare gets no gradient"),
        (random_start, "begins with other values each time"),
    ],
)
def test_a_faulty_model_is_told_what_to_mend(make, message):
    with pytest.raises(AssertionError, match=message):
        check_model(model_spec(make))


def test_a_model_that_breaks_on_grey_pictures_is_found():
    with pytest.raises(AssertionError):
        check_model(model_spec(rgb_only))


def test_a_feature_of_a_model_that_changes_nothing_is_found():
    skip = fa.Param("skip", True, "shortcut", off=False)
    with pytest.raises(AssertionError, match="switching skip off changes neither the layers nor the result"):
        check_model(model_spec(linear, params=(skip,)))


# ------------------------------------------------------------------------- optimizers, schedules, losses


class Forgetful(torch.optim.SGD):
    """Keeps its momentum where state_dict does not look."""

    memory = 0.0

    @torch.no_grad()
    def step(self, closure=None):
        for value in self.param_groups[0]["params"]:
            self.memory = 0.9 * self.memory + value.grad.mean()
            value.sub_(value.grad * 0.1 + self.memory * 0.01)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda parameters: None, "must return a torch.optim.Optimizer"),
        (lambda parameters: torch.optim.SGD(parameters[:1], lr=0.1), "must take all the parameters"),
        (lambda parameters: torch.optim.SGD(parameters, lr=0.1, maximize=True), "the loss rose"),
        (lambda parameters: torch.optim.SGD(parameters, lr=1e38), "lower the default learning rate"),
        (lambda parameters: Forgetful(parameters, lr=0.1), "resumed from state_dict"),
    ],
)
def test_a_faulty_optimizer_is_told_what_to_mend(build, message):
    with pytest.raises(AssertionError, match=message):
        check_optimizer(fa.OptimizerSpec("odd", "Odd.", build=build))


def test_a_good_optimizer_passes():
    check_optimizer(fa.OptimizerSpec("good", "Good.", build=lambda parameters: torch.optim.Adam(parameters, lr=0.01)))


def one_cycle_too_short(context):
    return torch.optim.lr_scheduler.OneCycleLR(context.optimizer, max_lr=0.1, total_steps=max(1, context.epochs))


class Wandering(torch.optim.lr_scheduler.LRScheduler):
    def get_lr(self):
        return [random.random()]


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda context: None, "must return a torch.optim.lr_scheduler.LRScheduler"),
        (one_cycle_too_short, "cannot be stepped through 1 epochs of 7 steps"),
        (
            lambda context: torch.optim.lr_scheduler.LambdaLR(context.optimizer, lambda step: 1 - step),
            "sets the learning rate to -",
        ),
        (lambda context: Wandering(context.optimizer), "goes on with other rates"),
    ],
)
def test_a_faulty_schedule_is_told_what_to_mend(build, message):
    with pytest.raises(AssertionError, match=message):
        check_scheduler(fa.SchedulerSpec("odd", "Odd.", build=build))


def test_a_good_schedule_passes():
    def build(context):
        return torch.optim.lr_scheduler.CosineAnnealingLR(context.optimizer, context.total_steps)

    check_scheduler(fa.SchedulerSpec("good", "Good.", build=build))


def cross_entropy(logits, targets):
    return nn.functional.cross_entropy(logits, targets)


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        ("loss", "must return a function"),
        (lambda logits, targets: 0.5, "must return a scalar tensor, not float"),
        (
            lambda logits, targets: nn.functional.cross_entropy(logits, targets, reduction="none"),
            "must return a scalar",
        ),
        (lambda logits, targets: nn.functional.cross_entropy(logits, targets, reduction="sum"), "must be the mean"),
        (lambda logits, targets: -cross_entropy(logits, targets), "is not less for right answers"),
        (lambda logits, targets: cross_entropy(logits, targets) * float("nan"), "returns nan"),
        (lambda logits, targets: cross_entropy(logits * 0, targets), "a finite gradient that is not zero"),
        (lambda logits, targets: -logits.exp()[range(len(targets)), targets].log().mean(), "for large logits"),
    ],
)
def test_a_faulty_loss_is_told_what_to_mend(loss, message):
    with pytest.raises(AssertionError, match=message):
        check_loss(fa.LossSpec("odd", "Odd.", build=lambda context: loss))


def test_a_good_loss_passes():
    check_loss(fa.LossSpec("good", "Good.", build=lambda context: cross_entropy))


# ------------------------------------------------------------------------------------------------ data sets


def dataset_spec(change, folder):
    def build(context):
        keys = tuple(sorted(f"{path.parent.name}/{path.name}" for path in folder.rglob("*.png")))
        fields = {
            "classes": ("green", "red"),
            "keys": keys,
            "paths": tuple(folder / key for key in keys),
            "labels": tuple(int(key.startswith("red")) for key in keys),
        }
        return fa.Samples(**(fields | change(fields)))

    return fa.DatasetSpec("odd", "Odd.", build=build)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda fields: {"classes": ("red",), "labels": (0,) * 24}, "must have two classes or more"),
        (lambda fields: {"classes": ("red", "red")}, "has a class name twice"),
        (lambda fields: {"classes": ("green", "red", "blue")}, "has no sample of class 'blue'"),
        (lambda fields: {"labels": (0,) * 23 + (2,)}, r"labels must lie in 0\.\.1, not \[2\]"),
        (lambda fields: {"keys": list(fields["keys"])}, "keys must be a tuple"),
        (lambda fields: {"keys": ("a",) * 24}, "has the same key twice"),
        (lambda fields: {"keys": ("/a", *fields["keys"][1:])}, "must be the path relative to the data set's root"),
        (lambda fields: {"splits": ("train",) * 23 + ("holdout",)}, r"not \['holdout'\]"),
        (lambda fields: {"paths": (fields["paths"][0].parent / "none.png", *fields["paths"][1:])}, "is not a file"),
        (lambda fields: {"paths": (fields["paths"][0].parents[1] / "no.png",) * 24}, "does not open as a picture"),
        (
            lambda fields: {"keys": tuple(random.sample(fields["keys"], 24))},
            "gives other samples, or another order, the second time",
        ),
    ],
)
def test_a_faulty_data_set_is_told_what_to_mend(change, message, picture_folder, tmp_path):
    (picture_folder / "no.png").write_text("not a picture")
    (picture_folder / "no.png").rename(tmp_path / "no.png")
    spec = dataset_spec(lambda fields: _with_broken(change(fields), tmp_path), picture_folder)
    with pytest.raises(AssertionError, match=message):
        check_dataset(spec)


def _with_broken(fields, folder):
    """Point every path called no.png at the broken file outside the pictures."""
    if "paths" in fields:
        fields["paths"] = tuple(folder / path.name if path.name == "no.png" else path for path in fields["paths"])
    return fields


def test_a_good_data_set_passes(picture_folder, tmp_path):
    check_dataset(dataset_spec(lambda fields: {}, picture_folder), cache=tmp_path)
