from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowerablate.contracts import Samples, SplitPlan
from flowerablate.data.splits import split_samples
from flowerablate.errors import DataError


def make(counts, splits=None, prefix=""):
    labels = tuple(label for label, count in enumerate(counts) for _ in range(count))
    keys = tuple(f"{prefix}{label}/{index}" for index, label in enumerate(labels))
    classes = tuple(f"class{label}" for label in range(len(counts)))
    return Samples(classes, keys, tuple(Path(key) for key in keys), labels, splits)


@given(
    st.lists(st.integers(5, 60), min_size=2, max_size=4),
    st.integers(0, 2**32),
    st.floats(0.1, 0.4),
    st.floats(0.1, 0.4),
)
def test_parts_are_disjoint_cover_everything_and_hold_every_class(counts, seed, validation, test):
    samples = make(counts)
    split = split_samples(samples, seed, SplitPlan(validation, test))
    parts = [split.train, split.validation, split.test]
    assert sorted(np.concatenate(parts)) == list(range(len(samples)))
    for part in parts:
        assert {samples.labels[index] for index in part} == set(range(len(counts)))


def test_fractions_are_kept_class_by_class():
    samples = make([100, 50])
    split = split_samples(samples, 0, SplitPlan(0.2, 0.2))
    for part, (first, second) in {"train": (60, 30), "validation": (20, 10), "test": (20, 10)}.items():
        labels = [samples.labels[index] for index in getattr(split, part)]
        assert (labels.count(0), labels.count(1)) == (first, second)


def test_each_seed_has_a_split_of_its_own_and_keeps_it():
    samples = make([40, 40])
    first, again, other = (split_samples(samples, seed, SplitPlan(0.2, 0.2)).test for seed in (1, 1, 2))
    assert list(first) == list(again)
    assert list(first) != list(other)


def test_one_image_more_moves_few_of_the_others():
    few, many = make([100, 100]), make([100, 101])
    before = {few.keys[i] for i in split_samples(few, 0, SplitPlan(0.2, 0.2)).test}
    after = {many.keys[i] for i in split_samples(many, 0, SplitPlan(0.2, 0.2)).test}
    assert len(before - after) <= 2


def test_an_official_split_is_kept():
    samples = make([10, 10], ("train", "val", "test", "train", "train") * 4)
    split = split_samples(samples, 7, SplitPlan(0.2, 0.2))
    assert [samples.splits[i] for i in split.test] == ["test"] * 4
    assert [samples.splits[i] for i in split.validation] == ["val"] * 4


def test_a_part_that_the_official_split_lacks_is_taken_from_training():
    samples = make([20, 20], (("train",) * 15 + ("test",) * 5) * 2)
    split = split_samples(samples, 0, SplitPlan(0.2, 0.2))
    assert {samples.splits[i] for i in split.validation} == {"train"}
    assert len(split.validation) == 6
    assert len(split.test) == 10


def test_a_class_too_small_for_three_parts_is_named():
    with pytest.raises(DataError, match="class 'class1' has 2 images"):
        split_samples(make([20, 2]), 0, SplitPlan(0.2, 0.2))
