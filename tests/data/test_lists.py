"""A study may say which images belong together and which are left out, whatever its data set."""

from pathlib import Path

import pytest

from flowerablate import Samples
from flowerablate.data.lists import with_lists, write_exclude, write_groups
from flowerablate.errors import DataError

KEYS = ("a/1.png", "a/2.png", "a/3.png", "b/1.png", "b/2.png")


@pytest.fixture
def samples():
    return Samples(("a", "b"), KEYS, tuple(map(Path, KEYS)), (0, 0, 0, 1, 1))


def test_images_of_a_group_get_its_name_and_others_their_own(samples, tmp_path):
    write_groups(tmp_path / "groups.csv", [("a/1.png", "b/2.png")])
    assert (tmp_path / "groups.csv").read_text() == "path,group\na/1.png,a/1.png\nb/2.png,a/1.png\n"
    found = with_lists(samples, tmp_path / "groups.csv", None)
    assert found.groups == ("a/1.png", "a/2.png", "a/3.png", "b/1.png", "a/1.png")
    assert found.keys == KEYS


def test_groups_of_the_data_set_are_joined_where_the_file_joins_their_images(samples, tmp_path):
    patients = Samples(samples.classes, KEYS, samples.paths, samples.labels, groups=("p1", "p2", "p2", "p3", "p4"))
    (tmp_path / "groups.csv").write_text("path,group,remark\na/3.png,x,same\nb/1.png,x,same\nb/2.png,y,alone\n")
    assert with_lists(patients, tmp_path / "groups.csv", None).groups == ("p1", "p2", "p2", "p2", "p4")


def test_excluded_images_are_left_out_and_counted_in_a_remark(samples, tmp_path):
    (tmp_path / "exclude.txt").write_text("# blurred\n\na/2.png\n  b/1.png  \ngone.png\n")
    found = with_lists(samples, None, tmp_path / "exclude.txt")
    assert found.keys == ("a/1.png", "a/3.png", "b/2.png")
    assert found.labels == (0, 0, 1)
    assert found.remarks == ("2 images left out by exclude.txt",)


def test_both_lists_work_together(samples, tmp_path):
    write_groups(tmp_path / "groups.csv", [("a/1.png", "a/2.png", "b/1.png")])
    write_exclude(tmp_path / "exclude.txt", [("a/1.png", "dark")])
    found = with_lists(samples, tmp_path / "groups.csv", tmp_path / "exclude.txt")
    assert dict(zip(found.keys, found.groups, strict=True)) == {
        "a/2.png": "a/1.png", "a/3.png": "a/3.png", "b/1.png": "a/1.png", "b/2.png": "b/2.png",
    }  # fmt: skip


def test_a_path_that_looks_like_a_remark_is_written_so_that_it_is_read(tmp_path):
    keys = ("# 1.png", "2.png")
    samples = Samples(("a", "b"), keys, tuple(map(Path, keys)), (0, 1))
    write_exclude(tmp_path / "exclude.txt", [("# 1.png", "dark"), ("2.png", "dark")])
    assert with_lists(samples, None, tmp_path / "exclude.txt").keys == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("image,group\na/1.png,x\n", r"has no column 'path'; it has: image, group"),
        ("", r"has no column 'path'; it has: none"),
        ("path,group\na/1.png,\n", r"line 2 lacks the group; fill it in, or remove the line"),
        ("path,group\na/1.png,x\na/1.png,y\n", r"line 3 puts 'a/1.png' in a second group; keep one of them"),
        ("path,group\nc/1.png,x\n", r"names no image of the data set; .* such as a/1\.png"),
    ],
)
def test_a_list_of_groups_that_cannot_be_meant_is_refused(samples, tmp_path, text, said):
    (tmp_path / "groups.csv").write_text(text)
    with pytest.raises(DataError, match=said):
        with_lists(samples, tmp_path / "groups.csv", None)


def test_a_missing_list_is_named_with_its_key(samples, tmp_path):
    with pytest.raises(DataError, match=r"dataset\.exclude: there is no file .*no\.txt; check the path"):
        with_lists(samples, None, tmp_path / "no.txt")
    with pytest.raises(DataError, match=r"dataset\.groups: there is no file .*no\.csv"):
        with_lists(samples, tmp_path / "no.csv", None)


def test_groups_may_be_found_in_paths(samples):
    assert with_lists(samples, group_from=r"(\d)\.png$").groups == ("1", "2", "3", "1", "2")
    assert with_lists(samples, group_from="^b").groups == ("a/1.png", "a/2.png", "a/3.png", "b", "b")
    with pytest.raises(DataError, match=r"dataset.group_from: '\(' is no regular expression"):
        with_lists(samples, group_from="(")
    with pytest.raises(DataError, match=r"dataset.group_from: 'x' is in the path of no image, such as a/1.png"):
        with_lists(samples, group_from="x")
