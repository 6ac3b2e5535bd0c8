from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flowerablate.contracts import Samples
from flowerablate.data.fingerprint import fingerprint
from flowerablate.data.store import open_store, sample_ids, without_unreadable
from flowerablate.errors import DataError


def silent(what, done, total):
    pass


@pytest.fixture
def samples(tmp_path) -> Samples:
    numbers = np.random.default_rng(3)
    paths = []
    for index in range(5):
        path = tmp_path / f"{index}.png"
        Image.fromarray(numbers.integers(0, 255, (4 + index, 6, 3), dtype=np.uint8)).save(path)
        paths.append(path)
    return Samples(("a", "b"), tuple(path.name for path in paths), tuple(paths), (0, 1, 0, 1, 0))


def test_images_of_many_sizes_come_back_as_they_were_prepared(tmp_path, samples):
    packed = open_store(tmp_path / "cache", samples, "name", 3, lambda image: 255 - image, silent)
    assert len(packed) == 5
    for index, path in enumerate(samples.paths):
        assert np.array_equal(packed.image(index), 255 - np.asarray(Image.open(path)))


def test_a_store_that_is_there_is_not_built_again(tmp_path, samples):
    open_store(tmp_path, samples, "name", 3, lambda image: image, silent)

    def fail(image):
        raise AssertionError("prepared again")

    assert len(open_store(tmp_path, samples, "name", 3, fail, silent)) == 5


def test_a_store_whose_pixels_were_cut_off_is_built_anew(tmp_path, samples):
    open_store(tmp_path, samples, "name", 3, lambda image: image, silent)
    pixels = tmp_path / "name" / "pixels.bin"
    pixels.write_bytes(pixels.read_bytes()[:10])
    packed = open_store(tmp_path, samples, "name", 3, lambda image: image, silent)
    assert np.array_equal(packed.image(4), np.asarray(Image.open(samples.paths[4])))


def test_a_build_that_fails_leaves_nothing_behind(tmp_path, samples):
    samples.paths[3].write_bytes(b"not a picture")
    with pytest.raises(DataError, match=r"3\.png"):
        open_store(tmp_path / "cache", samples, "name", 3, lambda image: image, silent)
    assert list((tmp_path / "cache").iterdir()) == []


def test_progress_counts_the_images(tmp_path, samples):
    seen = []
    open_store(tmp_path, samples, "name", 3, lambda image: image, lambda *told: seen.append(told))
    assert seen[-1] == ("packing images", 5, 5)


def test_unreadable_images_are_left_out_and_listed(samples):
    samples.paths[1].write_bytes(samples.paths[1].read_bytes()[:60])
    kept = without_unreadable(samples, 3, silent)
    assert kept.keys == ("0.png", "2.png", "3.png", "4.png")
    assert kept.labels == (0, 0, 1, 0)
    assert kept.skipped == ("1.png",)


def test_ids_belong_to_keys_not_to_places(samples):
    fewer = replace(samples, keys=samples.keys[1:], paths=samples.paths[1:], labels=samples.labels[1:])
    assert list(sample_ids(fewer)) == list(sample_ids(samples)[1:])


def test_the_fingerprint_sees_content_labels_and_split(samples):
    first = fingerprint(samples)
    assert fingerprint(samples) == first
    assert fingerprint(replace(samples, labels=(1, 1, 0, 1, 0))) != first
    assert fingerprint(replace(samples, splits=("train",) * 5)) != first
    Image.new("RGB", (4, 4)).save(samples.paths[0])
    assert fingerprint(samples) != first


def test_a_file_that_vanished_is_named(samples):
    gone = replace(samples, paths=(Path("nowhere.png"), *samples.paths[1:]))
    with pytest.raises(DataError, match=r"nowhere\.png"):
        fingerprint(gone)
