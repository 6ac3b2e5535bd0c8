"""A study in Python says what the file and the command line would say."""

import math
from pathlib import Path

import numpy as np
import pytest

import flowerablate as fa
from flowerablate.execute.execution import bytes_of
from flowerablate.study.read import read_study
from flowerablate.study.templates import default_study


def test_without_a_file_it_is_the_default_study():
    assert fa.Study().file == read_study(default_study(), None)
    assert fa.Study.read().file == fa.Study().file


def test_a_study_of_this_folder_is_read_where_none_is_named():
    Path("study.toml").write_text("[train]\nepochs = 3\n[dataset]\nuse = 'synthetic-flowers'\n")
    assert fa.Study.read().file.train.params["epochs"] == 3
    assert fa.Study().file.train.params["epochs"] == 10


def test_override_returns_another_study_and_the_last_word_counts(tmp_path):
    (tmp_path / "a.toml").write_text("[train]\nepochs = 3\n[ablation]\nseeds = 4\n")
    first = fa.Study.read("a.toml").override("dataset.use", "synthetic-flowers")
    second = first.override("train.epochs", 16).ask(seeds=2).override("ablation.seeds", 5)
    assert (first.file.train.params["epochs"], first.file.ablation.seeds) == (3, 4)
    assert (second.file.train.params["epochs"], second.file.ablation.seeds) == (16, 5)
    assert second.name == "a"
    assert second.override("train.epochs", 2).file.train.params["epochs"] == 2


def test_overriding_part_of_a_table_leaves_other_studies_as_they_are(image_folder):
    tracked = fa.Study().ask(trackers="csv,every=2")
    assert tracked.override("trackers.csv.every", 3).file.trackers["csv"].params == {"every": 3}
    assert tracked.file.trackers["csv"].params == {"every": 2}


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (np.int64(3), 3),
        (np.float64(0.5), 0.5),
        (np.array([0.5, 1.0]), [0.5, 1.0]),
        ((0.5, 1.0), [0.5, 1.0]),
        (Path("a/b"), "a/b"),
        (True, True),
        ("text", "text"),
    ],
)
def test_values_may_be_of_the_types_that_python_has(value, read):
    study = fa.Study().override("steps.crop.scale", value)
    assert study.file.steps["crop"].params["scale"] == read


def test_an_iterator_is_read_once_and_kept():
    study = fa.Study().override("ablation.disable", (name for name in ["flip"]))
    assert study.file.ablation.disable == study.override("train.epochs", 2).file.ablation.disable == ["flip"]


@pytest.mark.parametrize("overrides", [3, [3], [("a", 1, 2)], [(None, 3)], [{"train.epochs": 3}]])
def test_what_overrides_nothing_is_refused_in_our_words(overrides):
    with pytest.raises(fa.StudyError, match=r"overrid.*, not "):
        fa.Study(overrides=overrides)


def test_a_key_and_a_path_are_texts():
    with pytest.raises(fa.StudyError, match="the key to override: give a string, not None"):
        fa.Study().override(None, 3)
    for wrong in (lambda: fa.Study(data=3), lambda: fa.Study.read(3), lambda: fa.run(3), lambda: fa.report(3)):
        with pytest.raises(fa.StudyError, match="give a path, not 3"):
            wrong()
    with pytest.raises(fa.StudyError, match="runs: give a path, not 3"):
        fa.plan_of(runs=3)


@pytest.mark.parametrize(
    ("options", "read"),
    [
        ({"trial_timeout": 60}, "60s"),
        ({"stall_timeout": 0.5}, "0.5s"),
        ({"stall_timeout": 1e-7}, "0.0000001s"),
        ({"trial_timeout": "2h"}, "2h"),
        ({"memory": 8_000_000_000}, "7812500.0K"),
        ({"memory": "8GB"}, "8GB"),
    ],
)
def test_limits_are_numbers_or_texts(options, read):
    asked = fa.Study().ask(**options)
    ((name, _),) = options.items()
    assert getattr(asked.file.execution, name) == read
    few = fa.Study().override("dataset.images", 20).override("executor.use", "processes")
    assert fa.plan_of(few, seeds=1, disable="flip", **options).missing


def test_a_number_of_bytes_is_what_it_says():
    for size in (1, 1000, 8_000_000_000, 3 * 2**40 + 1):
        assert bytes_of(fa.Study().ask(memory=size).file.execution.memory) == size


@pytest.mark.parametrize(
    "options",
    [{"trial_timeout": "x"}, {"stall_timeout": -5}, {"trial_timeout": math.inf}, {"memory": "lots"}, {"memory": -8}],
)
def test_limits_that_are_none_are_refused_before_anything_runs(options):
    ((name, _),) = options.items()
    with pytest.raises(fa.StudyError, match=rf"^execution\.{name}: '.*' is not a (duration|size)"):
        fa.plan_of(fa.Study(), **options)


def test_another_component_starts_from_its_own_defaults():
    study = fa.Study().override("optimizer.lr", 0.5).override("optimizer.use", "adam")
    assert study.file.optimizer.params == {"lr": 0.5}
    assert study.file.optimizer.use == "adam"


def test_images_come_from_the_folder_that_is_named(image_folder):
    study = fa.Study(data=image_folder)
    assert study.file.dataset.use == "folder"
    assert study.name == "images"


def test_what_is_wrong_is_said_in_one_line(tmp_path):
    with pytest.raises(fa.StudyError, match=r"no study file nothing\.toml"):
        fa.Study.read("nothing.toml")
    with pytest.raises(fa.StudyError, match=r"unknown key 'trian.epochs'; did you mean 'train'"):
        _ = fa.Study().override("trian.epochs", 3).file
    with pytest.raises(fa.StudyError, match=r"^study: ablation\.seeds: input should be a valid integer, not 'many'"):
        _ = fa.Study().override("ablation.seeds", "many").file
    with pytest.raises(fa.DataError, match="no file or folder nowhere"):
        _ = fa.Study(data="nowhere").file


def test_it_shows_what_is_laid_over_it():
    assert repr(fa.Study()) == "<Study (the default study)>"
    study = fa.Study("a.toml", "photographs").ask(seeds=3).override("train.epochs", 2)
    assert repr(study) == "<Study 'a.toml' data='photographs' ablation.seeds=3 train.epochs=2>"


def test_controls_are_added_to_those_that_were_asked_for_before():
    both = fa.Study().ask(placebo=True).ask(seed_control=True)
    assert both.file.ablation.controls == ["placebo", "seed_control"]


def test_numbers_of_numpy_and_overrides_in_any_shape_are_taken():
    study = fa.Study(overrides={"train.epochs": 2}).ask(seeds=np.int64(3))
    assert (study.file.train.params["epochs"], study.file.ablation.seeds) == (2, 3)
    assert fa.Study(overrides="train.epochs=4").file.train.params["epochs"] == 4


@pytest.mark.parametrize("given", [5, [None], {"a": 1}.values()])
def test_what_is_no_text_is_an_error_of_ours(given):
    with pytest.raises(fa.StudyError, match="give a string, or a list of strings"):
        fa.Study().ask(disable=given)


@pytest.mark.parametrize(
    ("options", "cure"),
    [
        ({"devices": "gpu7"}, r"execution\.devices.*name cpu, cuda, or one GPU, such as cuda:1, not 'gpu7'"),
        ({"jobs": "many"}, r"execution\.jobs: give a number, or auto, not 'many'"),
    ],
)
def test_a_place_or_a_number_of_jobs_that_is_none_is_refused_with_what_may_be_said(options, cure):
    with pytest.raises(fa.StudyError, match=cure):
        fa.plan_of(fa.Study(), **options)
