from __future__ import annotations

import importlib
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowerablate import (
    IMAGE_SUFFIXES,
    DataError,
    MetricSpec,
    Param,
    PluginError,
    Samples,
    ScheduleContext,
    StepSpec,
    StudyError,
    low_and_high,
)
from flowerablate.contracts import RESERVED, SLOTS
from flowerablate.discovery import discover
from flowerablate.testing import check_component, check_plugin

FLAG = Param("flag", True, "a switch")
SIZE = Param("size", 3, "pixels", low=1, high=63)
RATE = Param("rate", 0.5, "a share", low=0.0, high=1.0)
FREE = Param("free", 0.5, "any number")
WORD = Param("word", "", "any text")
SHAPE = Param("shape", "disk", "a shape", choices=("disk", "cross"))
PAIR = Param("pair", (0.1, 1.0), "two shares", low=0.0, high=1.0)
COUNTS = Param("counts", (1, 2), "whole numbers", low=0)
NAMES = Param("names", ("a",), "names", choices=("a", "b"))


@pytest.mark.parametrize(
    ("param", "value", "expected"),
    [
        (FLAG, False, False),
        (SIZE, 1, 1),
        (SIZE, 63, 63),
        (RATE, 1, 1.0),
        (RATE, 0.25, 0.25),
        (FREE, -1e300, -1e300),
        (WORD, "", ""),
        (SHAPE, "cross", "cross"),
        (PAIR, [0, 1], (0.0, 1.0)),
        (PAIR, (0.5, 0.5), (0.5, 0.5)),
        (PAIR, 0.5, (0.5,)),
        (PAIR, [], ()),
        (COUNTS, [4], (4,)),
        (NAMES, ["b", "a"], ("b", "a")),
    ],
)
def test_an_allowed_value_is_returned_in_the_type_of_the_parameter(param, value, expected):
    checked = param.check(value, "here")
    assert (checked, type(checked)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("param", "value", "message"),
    [
        (FLAG, 1, "here must be true or false, not 1"),
        (FLAG, "true", "here must be true or false, not 'true'"),
        (SIZE, 0, "here must be a whole number (1 to 63), not 0"),
        (SIZE, 64, "here must be a whole number (1 to 63), not 64"),
        (SIZE, 3.0, "here must be a whole number (1 to 63), not 3.0"),
        (SIZE, True, "here must be a whole number (1 to 63), not True"),
        (SIZE, "3", "here must be a whole number (1 to 63), not '3'"),
        (RATE, 1.01, "here must be a number (0 to 1), not 1.01"),
        (RATE, math.nan, "here must be a number (0 to 1), not nan"),
        (FREE, math.inf, "here must be a number, not inf"),
        (FREE, None, "here must be a number, not None"),
        (WORD, 3, "here must be a string, not 3"),
        (SHAPE, "disc", "here: unknown value 'disc'; did you mean 'disk'?"),
        (SHAPE, 3, "here must be a string (disk | cross), not 3"),
        (PAIR, [0.5, 2.0], "here must be a list (0 to 1), not [0.5, 2.0]"),
        (PAIR, "0.5", "here must be a list (0 to 1), not '0.5'"),
        (PAIR, [True, 1.0], "here must be a list (0 to 1), not [True, 1.0]"),
        (COUNTS, [1.5], "here must be a list (>= 0), not [1.5]"),
        (COUNTS, [-1], "here must be a list (>= 0), not [-1]"),
        (NAMES, ["a", "c"], "here must be a list (a | b), not ['a', 'c']"),
    ],
)
def test_any_other_value_is_refused_in_one_line_that_names_the_place(param, value, message):
    with pytest.raises(StudyError) as caught:
        param.check(value, "here")
    assert str(caught.value) == message


@given(st.floats(allow_nan=True, allow_infinity=True) | st.integers() | st.booleans() | st.text())
def test_a_bounded_number_comes_back_within_its_bounds_or_is_refused(value):
    try:
        checked = RATE.check(value, "here")
    except StudyError:
        assert isinstance(value, str | bool) or not 0 <= value <= 1
    else:
        assert checked == value
        assert type(checked) is float


@given(st.lists(st.floats(0, 1)))
def test_checking_twice_changes_nothing_more(values):
    once = PAIR.check(values, "here")
    assert PAIR.check(once, "here") == once == tuple(values)


@pytest.mark.parametrize(
    ("param", "text"),
    [
        (SIZE, "1 to 63"),
        (COUNTS, ">= 0"),
        (Param("most", 1.0, "at most", high=2.5), "<= 2.5"),
        (SHAPE, "disk | cross"),
        (FREE, ""),
    ],
)
def test_a_range_reads_as_a_user_would_say_it(param, text):
    assert param.range_text == text


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_a_parameter_cannot_have_the_name_of_a_key_of_the_study(name):
    with pytest.raises(PluginError, match=name):
        StepSpec("blur", "Blur.", build=lambda context: None, params=(Param(name, 1, "one"),))


def test_a_parameter_cannot_be_given_twice():
    with pytest.raises(PluginError, match="size"):
        StepSpec("blur", "Blur.", build=lambda context: None, params=(SIZE, SIZE))


def test_a_default_that_its_own_range_forbids_is_refused():
    with pytest.raises(StudyError, match="step 'blur', default of size must be a whole number"):
        StepSpec("blur", "Blur.", build=lambda context: None, params=(Param("size", 0, "pixels", low=1),))


def test_a_probability_is_a_share_and_says_when_it_makes_a_step_random():
    often, seldom = Param.probability(random=False), Param.probability(0.25)
    assert (often.name, often.default, seldom.default, seldom.range_text) == ("probability", 1.0, 0.25, "0 to 1")
    assert often.summary == f"{seldom.summary}; below 1 it acts in training only"


def test_a_range_is_two_numbers_the_lower_one_first():
    assert low_and_high("step 'cut': scale", (0.5, 0.5)) == (0.5, 0.5)
    for values in [(1.0,), (0.5, 0.25), (1.0, 2.0, 3.0)]:
        with pytest.raises(StudyError, match=r"^step 'cut': scale must be two numbers, the lower one first, not "):
            low_and_high("step 'cut': scale", values)


def test_parameters_with_a_value_for_off_are_the_features():
    skip = Param("skip", True, "shortcut", off=False)
    spec = StepSpec("blur", "Blur.", build=lambda context: None, params=(SIZE, skip))
    assert spec.features == (skip,)
    assert spec.param("size") is SIZE
    assert spec.param("sise") is None


def test_samples_of_unequal_lengths_are_refused():
    with pytest.raises(DataError, match="one key, one path and one label"):
        Samples(("a", "b"), ("1", "2"), (Path("1"),), (0, 1))
    with pytest.raises(DataError, match="one split name"):
        Samples(("a", "b"), ("1", "2"), (Path("1"), Path("2")), (0, 1), splits=("train",))


TWO = (("a", "b"), ("1", "2"), (Path("1"), Path("2")))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((*TWO, (0, 2)), "sample '2' has label 2, but labels index the 2 classes"),
        ((*TWO, (-1, 0)), "sample '1' has label -1, but labels index the 2 classes"),
        ((("a",), ("1", "1"), (Path("1"), Path("2")), (0, 0)), "has the key '1' twice"),
        ((*TWO, (0, 1), ("train", "valid")), "sample '2' is in split 'valid'; choose from: train, val, test"),
    ],
)
def test_samples_with_a_wrong_label_key_or_split_are_refused_by_the_first_fault(arguments, message):
    with pytest.raises(DataError, match=message):
        Samples(*arguments)


def test_samples_may_have_any_official_split_or_none():
    assert Samples(*TWO, (0, 1)).splits is None
    assert Samples(*TWO, (0, 1), ("val", "test")).splits == ("val", "test")
    assert len(Samples(("a", "b"), (), (), (), ())) == 0


@pytest.mark.parametrize("name", ["blur", "Blur2", "3x3", "two-layers", "random_resized_crop", "a--b_"])
def test_a_component_may_be_called(name):
    assert StepSpec(name, "Blur.", build=lambda context: None).name == name


@pytest.mark.parametrize(
    "name", ["", "a b", "a+b", "a=b", "a,b", "a.b", "kind:a", "../a", "-a", "_a", "a\n", "größe", "a/b", "a\\b"]
)
def test_a_component_name_that_a_command_line_or_a_path_could_mistake_is_refused(name):
    with pytest.raises(PluginError, match="use letters, digits, - and _ for a name"):
        StepSpec(name, "Blur.", build=lambda context: None)


@pytest.mark.parametrize("name", ["", "a-b", "a.b", "1a", "a b", "a=b", "lambda"])
def test_a_parameter_name_that_is_no_identifier_is_refused(name):
    with pytest.raises(PluginError, match="is not a Python identifier"):
        StepSpec("blur", "Blur.", build=lambda context: None, params=(Param(name, 1, "one"),))


def test_a_metric_cannot_take_the_name_of_the_training_loss():
    with pytest.raises(PluginError, match="metric 'loss': the name is taken by a trial's loss on the test images"):
        MetricSpec("loss", "Loss.", build=lambda context: None)


def test_the_names_of_image_files_are_there_for_every_plugin():
    assert {".jpg", ".png", ".tif"} <= IMAGE_SUFFIXES
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in IMAGE_SUFFIXES)


def test_a_schedule_counts_the_steps_of_the_whole_training():
    assert ScheduleContext(None, epochs=3, steps_per_epoch=7).total_steps == 21


# ------------------------------------------------------------------------- our own components keep the contract

CATALOGUE = discover()
LARGE = {"resnet32", "resnet44", "resnet56", "resnet110", "resnet34", "resnet50", "resnet101", "resnet152"}
LARGE |= {"wide_resnet50_2", "resnext50_32x4d", "resnet50d", "resnet14", "resnet18", "seresnet50"}
"""Networks that take long: resnet8 and resnet20, which are built of the same blocks, are always tried."""

OF_FILES = {
    "folder",
    "table",
    "flowers",
    "flowers102",
    "chest-xray",
    "findings",
    "arrays",
    "idx",
    "arrow",
    "webdataset",
}
"""Data sets that need files: the tests of their plugin make some, and run the suite on them."""


def _marks(name):
    if name in LARGE:
        return [pytest.mark.slow, pytest.mark.longest]
    return [pytest.mark.slow] if name in ("ray", "slurm") else []  # a cluster takes long to start and to end


COMPONENTS = [
    pytest.param(
        component.spec,
        id=f"{slot}-{component.spec.name}",
        marks=_marks(component.spec.name),
    )
    for slot in SLOTS
    for component in CATALOGUE.registry.slot(slot).values()
    if component.owner.distribution == "flowerablate" and component.spec.name not in OF_FILES
]
NEEDED = {
    "tensorboard": ("tensorboard",),
    "mlflow": ("mlflow", "sqlalchemy", "alembic"),
    "ray": ("ray",),
    "slurm": ("submitit",),
}
QUICK = {
    "synthetic-flowers": {"images": 12, "size": 24},
    **{name: {"width": 16, "norm_groups": 8} for name in LARGE - {"resnet14"}},
    "resnet18": {"width": 32},
    "resnext50_32x4d": {"width": 32, "norm_groups": 8},
    "slurm": {"cluster": "local"},
}
"""Parameters with which a component is tried in less time, or where there is no Slurm; the suite looks at behaviour."""


def test_our_own_plugins_load():
    assert CATALOGUE.failures == ()
    assert {"morphology", "geometry", "color", "intensity", "resnets", "optimizers", "datasets", "metrics"} <= {
        plugin.owner.plugin for plugin in CATALOGUE.plugins
    }


@pytest.mark.parametrize(
    "name", ["morphology", "geometry", "color", "intensity", "resnets", "optimizers", "datasets", "metrics"]
)
def test_our_own_plugin_passes_the_suite_that_we_ship(name):
    check_plugin(importlib.import_module(f"flowerablate_{name}"))


@pytest.mark.parametrize("spec", COMPONENTS)
def test_our_own_component_passes_the_suite_that_we_ship(spec, tmp_path, one_thread):
    for library in NEEDED.get(spec.name, ()):
        pytest.importorskip(library)
    check_component(spec, cache=tmp_path, params=QUICK.get(spec.name))


def test_the_folder_data_set_passes_the_suite_that_we_ship(image_folder):
    spec = CATALOGUE.registry.find("dataset", "folder").spec
    check_component(spec, params={"path": str(image_folder)})
