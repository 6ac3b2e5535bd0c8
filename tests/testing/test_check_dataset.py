"""The suites find what they promise to find: each fault below is one that a plugin author could make."""

from __future__ import annotations

import random

import pytest

import flowerablate as fa
from flowerablate.testing import check_dataset


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
        (lambda fields: {"classes": ("red",), "labels": (0,) * 24}, "must have two or more classes"),
        (lambda fields: {"classes": ("red", "red")}, "has a duplicate class name"),
        (lambda fields: {"classes": ("green", "red", "blue")}, "has no sample of class 'blue'"),
        (lambda fields: {"labels": (0,) * 23 + (2,)}, "has label 2, but labels index the 2 classes"),
        (lambda fields: {"keys": list(fields["keys"])}, "keys must be a tuple"),
        (lambda fields: {"groups": ["a"] * 24}, "groups must be a tuple"),
        (lambda fields: {"keys": ("a",) * 24}, "has the key 'a' twice"),
        (lambda fields: {"keys": ("/a", *fields["keys"][1:])}, "must be the path relative to the data set's root"),
        (lambda fields: {"splits": ("train",) * 23 + ("holdout",)}, "is in split 'holdout'"),
        (lambda fields: {"paths": (fields["paths"][0].parent / "none.png", *fields["paths"][1:])}, "is not a file"),
        (lambda fields: {"paths": (fields["paths"][0].parents[1] / "no.png",) * 24}, "does not open as an image"),
        (
            lambda fields: {"keys": tuple(random.sample(fields["keys"], 24))},
            "returns other samples, or another order, the second time",
        ),
    ],
)
def test_a_faulty_data_set_is_reported_with_its_fix(change, message, image_folder, tmp_path):
    (image_folder / "no.png").write_text("not an image")
    (image_folder / "no.png").rename(tmp_path / "no.png")
    spec = dataset_spec(lambda fields: _with_broken(change(fields), tmp_path), image_folder)
    with pytest.raises(AssertionError, match=message):
        check_dataset(spec)


def _with_broken(fields, folder):
    """Point every path called no.png at the broken file outside the images."""
    if "paths" in fields:
        fields["paths"] = tuple(folder / path.name if path.name == "no.png" else path for path in fields["paths"])
    return fields


def test_a_good_data_set_passes(image_folder, tmp_path):
    check_dataset(dataset_spec(lambda fields: {}, image_folder), cache=tmp_path)
