import threading
from concurrent.futures import ThreadPoolExecutor
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


def forbidden(image):
    raise AssertionError("prepared again")


def test_a_store_that_is_there_is_not_built_again(tmp_path, samples):
    open_store(tmp_path, samples, "name", 3, lambda image: image, silent)
    assert len(open_store(tmp_path, samples, "name", 3, forbidden, silent)) == 5


def cut(path):
    path.write_bytes(path.read_bytes()[:-10])


def empty(path):
    path.write_bytes(b"")


def remove(path):
    path.unlink()


def garble(path):
    path.write_bytes(bytes(byte ^ 0x5A for byte in path.read_bytes()))


def flip_one_bit(path):
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)


@pytest.mark.parametrize("harm", [cut, empty, remove, garble, flip_one_bit])
@pytest.mark.parametrize("name", ["pixels.bin", "index.npz", "manifest.json"])
def test_a_store_with_a_damaged_file_is_built_anew(tmp_path, samples, name, harm):
    whole = open_store(tmp_path, samples, "name", 3, lambda image: image, silent).pixels.copy()
    harm(tmp_path / "name" / name)
    prepared = []
    packed = open_store(tmp_path, samples, "name", 3, lambda image: prepared.append(1) or image, silent)
    assert len(prepared) == 5
    assert np.array_equal(packed.pixels, whole)
    assert len(open_store(tmp_path, samples, "name", 3, forbidden, silent)) == 5


SIDES = {"heights": np.arange(4, 9, dtype=np.int32), "widths": np.full(5, 6, np.int32)}


@pytest.mark.parametrize(
    "index",
    [
        {"heights": SIDES["heights"]},
        {"heights": SIDES["widths"], "widths": SIDES["heights"]},
        {name: sides[:4] for name, sides in SIDES.items()},
        {name: sides.astype(np.float64) for name, sides in SIDES.items()},
        {name: sides.astype(object) for name, sides in SIDES.items()},
        {name: sides * np.int32(2) for name, sides in SIDES.items()},
        {name: -sides for name, sides in SIDES.items()},
    ],
    ids=["one column", "swapped", "too few", "floats", "pickles", "too large", "negative"],
)
def test_an_index_that_does_not_belong_to_the_pixels_is_not_believed(tmp_path, samples, index):
    open_store(tmp_path, samples, "name", 3, lambda image: image, silent)
    np.savez(tmp_path / "name" / "index.npz", **index)
    packed = open_store(tmp_path, samples, "name", 3, lambda image: image, silent)
    assert np.array_equal(packed.image(4), np.asarray(Image.open(samples.paths[4])))


@pytest.mark.parametrize("text", ["[]", "null", "{}", '{"format": 2, "images": 5, "channels": 3}'])
def test_a_manifest_without_the_checksum_is_not_believed(tmp_path, samples, text):
    open_store(tmp_path, samples, "name", 3, lambda image: image, silent)
    manifest = tmp_path / "name" / "manifest.json"
    whole = manifest.read_text()
    manifest.write_text(text)
    open_store(tmp_path, samples, "name", 3, lambda image: image, silent)
    assert manifest.read_text() == whole


def test_a_store_of_other_channels_or_another_number_of_images_is_built_anew(tmp_path, samples):
    open_store(tmp_path, samples, "name", 3, lambda image: image, silent)
    assert open_store(tmp_path, samples, "name", 1, lambda image: image, silent).image(0).shape == (4, 6, 1)
    fewer = replace(samples, keys=samples.keys[1:], paths=samples.paths[1:], labels=samples.labels[1:])
    assert len(open_store(tmp_path, fewer, "name", 1, lambda image: image, silent)) == 4


def test_what_does_not_come_back_as_it_was_written_is_an_error(tmp_path, samples):
    with pytest.raises(DataError, match="do not come back as they were written"):
        open_store(tmp_path, samples, "name", 3, lambda image: image[..., :1], silent)


def test_a_complete_store_is_read_without_its_lock(tmp_path, samples, monkeypatch):
    open_store(tmp_path, samples, "name", 3, lambda image: image, silent)

    class Forbidden:
        def __init__(self, path):
            raise PermissionError(30, "Read-only file system")

    monkeypatch.setattr("flowerablate.data.store.FileLock", Forbidden)
    assert len(open_store(tmp_path, samples, "name", 3, forbidden, silent)) == 5
    with pytest.raises(DataError, match=r"cannot store the packed images in .*: read-only file system; make room"):
        open_store(tmp_path, samples, "other", 3, lambda image: image, silent)


def test_of_two_that_want_the_same_store_one_builds_and_the_other_waits(tmp_path, samples):
    started, go_on = threading.Event(), threading.Event()

    def slow(image):
        started.set()
        assert go_on.wait(20)
        return image

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(open_store, tmp_path, samples, "name", 3, slow, silent)
        assert started.wait(20)
        second = pool.submit(open_store, tmp_path, samples, "name", 3, forbidden, silent)
        with pytest.raises(TimeoutError):
            second.result(0.2)
        go_on.set()
        assert np.array_equal(first.result(20).pixels, second.result(20).pixels)


def test_what_a_killed_build_left_is_cleared_away(tmp_path, samples):
    (tmp_path / ".name.partial").mkdir()
    (tmp_path / ".name.partial" / "pixels.bin").write_bytes(b"half of it")
    open_store(tmp_path, samples, "name", 3, lambda image: image, silent)
    assert {path.name for path in tmp_path.iterdir() if not path.name.endswith((".png", ".lock"))} == {"name"}


def test_a_build_that_fails_leaves_nothing_behind(tmp_path, samples):
    samples.paths[3].write_bytes(b"not a picture")
    with pytest.raises(DataError, match=r"3\.png"):
        open_store(tmp_path / "cache", samples, "name", 3, lambda image: image, silent)
    assert [path.name for path in (tmp_path / "cache").iterdir() if not path.name.endswith(".lock")] == []


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


@pytest.mark.parametrize("name", ["gone.png", "folder"])
def test_a_file_that_cannot_be_got_at_is_no_bad_picture(tmp_path, samples, name):
    (tmp_path / "folder").mkdir()
    paths = (tmp_path / name, *samples.paths[1:])
    with pytest.raises(DataError, match=rf"cannot read image .*{name}"):
        without_unreadable(replace(samples, paths=paths), 3, silent)


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
