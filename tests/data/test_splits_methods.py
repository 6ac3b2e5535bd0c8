"""Splits by groups and by folds, official ones, and subsets of the training part."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowerablate.contracts import Samples, SplitPlan
from flowerablate.data.splits import method_of, split_remarks, split_samples
from flowerablate.errors import DataError, StudyError

PARTS = ("train", "validation", "test")


def make(labels, groups=None, splits=None):
    keys = tuple(f"{index:04}" for index in range(len(labels)))
    classes = tuple(f"class{label}" for label in range(max(labels) + 1))
    groups = None if groups is None else tuple(groups)
    return Samples(classes, keys, tuple(map(Path, keys)), tuple(labels), splits, groups=groups)


def patients(count, images=3, classes=2):
    """*count* patients of each class with *images* images each."""
    labels = [label for label in range(classes) for _ in range(count * images)]
    return make(labels, [f"{label}-{index % (count * images) // images}" for index, label in enumerate(labels)])


def names_in(samples, indices):
    return {samples.groups[index] for index in indices}


@st.composite
def grouped(draw):
    """Samples of groups of all sizes, some with several classes."""
    classes = draw(st.integers(2, 4))
    groups, labels = [], []
    for number in range(draw(st.integers(3 * classes, 40))):
        own = number % classes
        for label in [own, *draw(st.lists(st.integers(0, classes - 1), max_size=4))]:
            groups.append(f"g{number}")
            labels.append(label)
    return make(labels, groups)


@settings(deadline=None)
@given(grouped(), st.integers(0, 2**32), st.sampled_from(["grouped", "k-fold", "auto"]), st.integers(2, 5))
def test_no_group_is_ever_on_two_sides(samples, seed, method, folds):
    try:
        split = split_samples(samples, seed, SplitPlan(0.2, 0.2, method, folds))
    except DataError:
        return  # a class in too few groups, which is said
    parts = [getattr(split, part) for part in PARTS]
    assert sorted(np.concatenate(parts)) == list(range(len(samples)))
    sides = [names_in(samples, part) for part in parts]
    assert len(set.union(*sides)) == sum(map(len, sides))
    for part in parts:
        assert {samples.labels[index] for index in part} == set(samples.labels)


def test_groups_of_one_size_keep_the_shares_class_by_class():
    samples = patients(50)
    split = split_samples(samples, 0, SplitPlan(0.2, 0.1))
    counts = {part: np.bincount(np.array(samples.labels)[getattr(split, part)]).tolist() for part in PARTS}
    assert counts == {"train": [105, 105], "validation": [30, 30], "test": [15, 15]}


def test_one_patient_more_moves_few_of_the_others():
    few, many = patients(100), patients(101)
    before, after = (names_in(each, split_samples(each, 0, SplitPlan(0.2, 0.2)).test) for each in (few, many))
    assert len(before - after) <= 2


def test_auto_is_official_then_grouped_then_stratified():
    labels, groups, splits = [0, 1] * 3, list("aabbcc"), ("train", "train", "val", "val", "test", "test")
    plan = SplitPlan(0.2, 0.2)
    assert method_of(make(labels, groups, splits), plan) == "official"
    assert method_of(make(labels, groups), plan) == "grouped"
    assert method_of(make(labels), plan) == "stratified"


def test_what_an_official_split_lacks_is_drawn_by_groups():
    samples = patients(20)
    names = sorted(set(samples.groups))
    held_out = {name for name in names if name.endswith(("-0", "-1", "-2"))}
    splits = tuple("test" if group in held_out else "train" for group in samples.groups)
    official = make(samples.labels, samples.groups, splits)
    split = split_samples(official, 3, SplitPlan(0.2, 0.2))
    assert names_in(samples, split.test) == held_out
    assert not names_in(samples, split.train) & names_in(samples, split.validation)
    assert list(split_samples(official, 4, SplitPlan(0.2, 0.2)).validation) != list(split.validation)


def test_a_group_in_two_official_parts_is_named_with_the_cure():
    samples = make([0, 1] * 3, list("aabbca"), ("train", "train", "val", "val", "test", "test"))
    with pytest.raises(DataError, match=r"group 'a' in train and in test.*split.method = 'grouped'"):
        split_samples(samples, 0, SplitPlan(0.2, 0.2))


def test_a_method_that_the_data_set_cannot_serve_is_refused():
    for method, what in (("official", "no split of its own"), ("grouped", "no groups")):
        with pytest.raises(DataError, match=what):
            split_samples(make([0, 1] * 10), 0, SplitPlan(0.2, 0.2, method))


def test_a_class_in_too_few_groups_is_named():
    samples = make([0] * 30 + [1] * 30, [f"p{index}" for index in range(30)] + ["one", "two"] * 15)
    with pytest.raises(DataError, match=r"'class1' has 30 images, which are split in whole groups.*left for train"):
        split_samples(samples, 0, SplitPlan(0.2, 0.2))


@pytest.mark.parametrize("samples", [make([0] * 23 + [1] * 31), patients(11)])
def test_folds_share_no_test_image_and_cover_all_then_are_drawn_anew(samples):
    plan = SplitPlan(0.2, 0.2, "k-fold", folds=5)
    tests = [split_samples(samples, seed, plan).test.tolist() for seed in range(10)]
    for turn in (tests[:5], tests[5:]):
        assert sorted(index for test in turn for index in test) == list(range(len(samples)))
    assert sorted(tests[:5]) != sorted(tests[5:])
    for test in tests:
        assert 0.1 * len(samples) < len(test) < 0.3 * len(samples)


def test_the_validation_part_of_folds_is_its_share_of_all_images():
    split = split_samples(make([0] * 100 + [1] * 100), 2, SplitPlan(0.2, 0.2, "k-fold", folds=4))
    assert [len(getattr(split, part)) for part in PARTS] == [110, 40, 50]


def test_more_folds_than_a_class_has_images_or_groups_is_refused():
    with pytest.raises(DataError, match=r"'class1' has 4 images, too few for split.folds = 5"):
        split_samples(make([0] * 20 + [1] * 4), 0, SplitPlan(0.2, 0.2, "k-fold"))
    with pytest.raises(DataError, match="'class0' has 4 groups, too few"):
        split_samples(patients(4), 0, SplitPlan(0.2, 0.2, "k-fold"))
    with pytest.raises(DataError, match="leave nothing to train on"):
        split_samples(patients(9), 0, SplitPlan(0.5, 0.2, "k-fold", folds=2))


def test_a_subset_limits_the_training_part_alone():
    samples = make([0] * 100 + [1] * 50)
    whole = split_samples(samples, 0, SplitPlan(0.2, 0.2))
    for subset, counts in {"10": [10, 10], "40": [40, 30], "10%": [6, 3], "0.1%": [1, 1], "100%": [60, 30]}.items():
        split = split_samples(samples, 0, SplitPlan(0.2, 0.2, subset=subset))
        assert np.bincount(np.array(samples.labels)[split.train]).tolist() == counts
        assert list(split.test) == list(whole.test)
        assert list(split.validation) == list(whole.validation)
        assert set(split.train) <= set(whole.train)


@given(st.integers(0, 2**32), st.integers(1, 100), st.integers(1, 100))
def test_a_smaller_subset_is_a_part_of_a_larger_one(seed, one, other):
    samples = make([0] * 40 + [1] * 25)
    small, large = (
        set(split_samples(samples, seed, SplitPlan(0.2, 0.2, subset=f"{share}%")).train)
        for share in sorted((one, other))
    )
    assert small <= large


@pytest.mark.parametrize("subset", ["0", "0%", "101%", "ten", "-3", "1.5", "10%%"])
def test_what_is_no_subset_is_refused(subset):
    with pytest.raises(StudyError, match=r"split.subset"):
        SplitPlan(0.2, 0.2, subset=subset)


def test_a_reader_is_told_of_what_the_split_does_not_keep():
    samples = patients(5)
    assert split_remarks(samples, SplitPlan(0.2, 0.2)) == ()
    assert "ignores the groups" in split_remarks(samples, SplitPlan(0.2, 0.2, "stratified"))[0]
    assert "no two share a test image" in split_remarks(samples, SplitPlan(0.2, 0.2, "k-fold"))[0]


def test_an_empty_group_is_refused():
    with pytest.raises(DataError, match="'0001' has no group"):
        make([0, 1], ["a", " "])


def test_samples_left_out_take_their_groups_and_splits_along():
    samples = make([0, 1, 0], ["a", "b", "c"], ("train", "test", "val"))
    few = samples.only([2, 1])
    assert (few.keys, few.labels, few.groups, few.splits) == (("0002", "0001"), (0, 1), ("c", "b"), ("val", "test"))
