import json
import os
import pickle
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flowerablate.contracts import Samples
from flowerablate.data import layout
from flowerablate.data.fingerprint import fingerprint
from flowerablate.data.store import open_store, sample_ids, verify_store, without_unreadable
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
@pytest.mark.parametrize("name", ["pixels.bin", "index.bin", "blocks.bin", "manifest.json"])
def test_a_store_with_a_damaged_file_is_built_anew(tmp_path, samples, name, harm):
    whole = open_store(tmp_path, samples, "name", 3, lambda image: image, silent).pixels.copy()
    harm(tmp_path / "name" / name)
    prepared = []
    packed = open_store(tmp_path, samples, "name", 3, lambda image: prepared.append(1) or image, silent)
    assert len(prepared) == 5
    assert np.array_equal(packed.pixels, whole)
    assert len(open_store(tmp_path, samples, "name", 3, forbidden, silent)) == 5


def index_of(**changed):
    columns = {
        "offsets": np.cumsum([0, *(72, 90, 108, 126)], dtype=np.int64),
        "heights": np.arange(4, 9, dtype=np.int32),
        "widths": np.full(5, 6, np.int32),
    } | changed
    return b"".join(column.tobytes() for column in columns.values())


@pytest.mark.parametrize(
    "index",
    [
        index_of(heights=np.full(5, 6, np.int32), widths=np.arange(4, 9, dtype=np.int32)),
        index_of(heights=np.arange(4, 8, dtype=np.int32)),
        index_of(heights=np.arange(8, 18, 2, dtype=np.int32)),
        index_of(heights=-np.arange(4, 9, dtype=np.int32)),
        index_of(offsets=np.arange(5, dtype=np.int64) << 40),
    ],
    ids=["swapped", "too few", "too large", "negative", "elsewhere"],
)
def test_an_index_that_does_not_belong_to_the_pixels_is_not_believed(tmp_path, samples, index):
    open_store(tmp_path, samples, "name", 3, lambda image: image, silent)
    path = tmp_path / "name" / "index.bin"
    assert path.read_bytes() == index_of()
    path.write_bytes(index)
    packed = open_store(tmp_path, samples, "name", 3, lambda image: image, silent)
    assert np.array_equal(packed.image(4), np.asarray(Image.open(samples.paths[4])))


@pytest.mark.parametrize(
    "change", [lambda kept: [], lambda kept: None, lambda kept: {}, lambda kept: kept | {"at_least": 9}]
)
def test_a_manifest_that_does_not_belong_to_its_checksum_is_not_believed(tmp_path, samples, change):
    open_store(tmp_path, samples, "name", 3, lambda image: image, silent)
    manifest = tmp_path / "name" / "manifest.json"
    whole = manifest.read_text()
    manifest.write_text(json.dumps(change(json.loads(whole))))
    open_store(tmp_path, samples, "name", 3, lambda image: image, silent, min_side=9)
    open_store(tmp_path, samples, "name", 3, lambda image: image, silent)
    assert manifest.read_text() == whole


def test_a_store_of_other_channels_or_another_number_of_images_is_built_anew(tmp_path, samples):
    open_store(tmp_path, samples, "name", 3, lambda image: image, silent)
    assert open_store(tmp_path, samples, "name", 1, lambda image: image, silent).image(0).shape == (4, 6, 1)
    fewer = replace(samples, keys=samples.keys[1:], paths=samples.paths[1:], labels=samples.labels[1:])
    assert len(open_store(tmp_path, fewer, "name", 1, lambda image: image, silent)) == 4


@pytest.mark.parametrize(
    ("prepare", "got"),
    [
        (lambda image: image[..., :1], r"uint8 \[4, 6, 1\]"),
        (lambda image: image.astype(np.uint16), r"uint16 \[4, 6, 3\]"),
        (lambda image: image[..., 0], r"uint8 \[4, 6\]"),
        (lambda image: image[:0], r"uint8 \[0, 6, 3\]"),
    ],
)
def test_an_image_that_the_store_cannot_hold_is_an_error(tmp_path, samples, prepare, got):
    with pytest.raises(DataError, match=f"returned an image as {got}, but the store needs uint8"):
        open_store(tmp_path, samples, "name", 3, prepare, silent)


def test_what_does_not_come_back_as_it_was_written_is_an_error(tmp_path, samples, monkeypatch):
    def on_a_bad_disk(writer):
        finish(writer)
        flip_one_bit(tmp_path / ".name.partial" / "pixels.bin")

    finish = layout.Writer.finish
    monkeypatch.setattr(layout.Writer, "finish", on_a_bad_disk)
    with pytest.raises(DataError, match="cannot be read back as they were written"):
        open_store(tmp_path, samples, "name", 3, lambda image: image, silent)


def test_deep_images_are_packed_with_sixteen_bits(tmp_path, samples):
    values = np.arange(20, dtype=np.uint16).reshape(4, 5) * 3000
    Image.fromarray(values).save(samples.paths[0])
    packed = open_store(tmp_path, samples, "name", 1, lambda image: image, silent, bits=16)
    assert packed.pixels.dtype == np.uint16
    assert np.array_equal(packed.image(0)[..., 0], values)
    grey = np.asarray(Image.open(samples.paths[2]).convert("L"))
    assert np.array_equal(packed.image(2)[..., 0], grey * np.uint16(257))
    assert packed.offsets.tolist() == [0, 20, 50, 86, 128]


def test_a_chain_may_make_bytes_of_deep_images(tmp_path, samples):
    packed = open_store(
        tmp_path, samples, "name", 3, lambda image: (image // 257).astype(np.uint8), silent, bits=16, dtype="uint8"
    )
    assert packed.pixels.dtype == np.uint8
    assert np.array_equal(packed.image(1), np.asarray(Image.open(samples.paths[1])))


def test_a_store_of_another_depth_or_decoded_at_another_size_is_built_anew(tmp_path, samples):
    stores = [
        open_store(tmp_path, samples, "name", 3, lambda image: image, silent, **options).source.checksum
        for options in ({}, {"bits": 16}, {"min_side": 2}, {})
    ]
    assert len(set(stores)) == 3
    assert stores[0] == stores[3]


def test_what_the_native_core_takes_is_what_a_store_gives(tmp_path, samples):
    packed = open_store(tmp_path, samples, "name", 3, lambda image: image, silent)
    types = [column.dtype for column in (packed.offsets, packed.heights, packed.widths)]
    assert types == [np.int64, np.int32, np.int32]
    assert all(column.flags.c_contiguous and column.flags.aligned for column in (packed.offsets, packed.heights))
    assert not packed.pixels.flags.writeable


def test_a_large_store_is_read_whole_only_after_its_file_was_touched(tmp_path, samples, monkeypatch):
    monkeypatch.setattr(layout, "ALWAYS_CHECKED", 0)
    read = []
    whole = layout.first_damage
    monkeypatch.setattr(layout, "first_damage", lambda *told: read.append(1) or whole(*told))
    open_store(tmp_path, samples, "name", 3, lambda image: image, silent)
    assert len(open_store(tmp_path, samples, "name", 3, forbidden, silent)) == 5
    assert not read
    os.utime(tmp_path / "name" / "pixels.bin", ns=(1, 1))
    for _ in range(2):
        open_store(tmp_path, samples, "name", 3, forbidden, silent)
    assert len(read) == 1
    (tmp_path / "name" / "verified.json").write_bytes(b"{")
    open_store(tmp_path, samples, "name", 3, forbidden, silent)
    assert len(read) == 2


def test_a_large_store_that_was_written_to_is_built_anew(tmp_path, samples, monkeypatch):
    monkeypatch.setattr(layout, "ALWAYS_CHECKED", 0)
    whole = open_store(tmp_path, samples, "name", 3, lambda image: image, silent).pixels.copy()
    pixels = tmp_path / "name" / "pixels.bin"
    flip_one_bit(pixels)
    os.utime(pixels, ns=(1, 1))
    assert np.array_equal(open_store(tmp_path, samples, "name", 3, lambda image: image, silent).pixels, whole)


def test_verifying_finds_what_the_file_system_did_not_see(tmp_path, samples):
    packed = open_store(tmp_path, samples, "name", 3, lambda image: image, silent)
    verify_store(packed, silent)
    flip_one_bit(tmp_path / "name" / "pixels.bin")
    with pytest.raises(DataError, match=r"name are damaged in MiB 0; remove that folder"):
        verify_store(packed, silent)


def test_damage_is_found_in_the_block_where_it_is(tmp_path):
    paths = []
    for index in range(3):
        paths.append(tmp_path / f"{index}.png")
        Image.new("RGB", (1000, 500), (index, 7, 9)).save(paths[-1])
    samples = Samples(("a",), ("0", "1", "2"), tuple(paths), (0, 0, 0))
    packed = open_store(tmp_path, samples, "name", 3, lambda image: image, silent)
    assert (tmp_path / "name" / "blocks.bin").stat().st_size == 5 * 8
    flip_one_bit(tmp_path / "name" / "pixels.bin")
    assert layout.first_damage(tmp_path / "name", silent) == 2
    assert len(packed.pixels) == 4_500_000


def test_packed_images_are_handed_to_another_process_by_name(tmp_path, samples):
    packed = open_store(tmp_path, samples, "name", 3, lambda image: image, silent)
    sent = pickle.dumps(packed)
    assert len(sent) < 1000
    again = pickle.loads(sent)
    assert np.array_equal(again.pixels, packed.pixels)
    assert again.image(4).shape == packed.image(4).shape
    open_store(tmp_path, samples, "name", 3, lambda image: 255 - image, silent, min_side=1)
    with pytest.raises(DataError, match="removed or rebuilt"):
        pickle.loads(sent)


def test_packed_images_in_memory_are_handed_over_whole(tmp_path, samples):
    packed = open_store(tmp_path, samples, "name", 3, lambda image: image, silent)
    loose = replace(packed, pixels=255 - packed.pixels)
    assert np.array_equal(pickle.loads(pickle.dumps(loose)).image(3), 255 - packed.image(3))


def test_a_complete_store_is_read_without_its_lock(tmp_path, samples, monkeypatch):
    open_store(tmp_path, samples, "name", 3, lambda image: image, silent)

    class Forbidden:
        def __init__(self, path):
            raise PermissionError(30, "Read-only file system")

    monkeypatch.setattr("flowerablate.data.store.FileLock", Forbidden)
    assert len(open_store(tmp_path, samples, "name", 3, forbidden, silent)) == 5
    with pytest.raises(DataError, match=r"cannot store the packed images in .*: read-only file system; free space"):
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
    samples.paths[3].write_bytes(b"not an image")
    with pytest.raises(DataError, match=r"3\.png"):
        open_store(tmp_path / "cache", samples, "name", 3, lambda image: image, silent)
    assert [path.name for path in (tmp_path / "cache").iterdir() if not path.name.endswith(".lock")] == []


def test_an_interrupted_build_leaves_nothing_behind(tmp_path, samples):
    def interrupt(what, done, total):
        if done == 2:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        open_store(tmp_path / "cache", samples, "name", 3, lambda image: image, interrupt)
    assert [path.name for path in (tmp_path / "cache").iterdir() if not path.name.endswith(".lock")] == []


def test_a_bad_file_ends_the_build_when_its_turn_comes(tmp_path, samples):
    samples.paths[1].write_bytes(b"not an image")
    many = Samples(
        ("a",), tuple(map(str, range(5000))), tuple(samples.paths[min(i, 1)] for i in range(5000)), (0,) * 5000
    )
    prepared = []
    with pytest.raises(DataError, match=r"1\.png"):
        open_store(tmp_path / "cache", many, "name", 3, lambda image: prepared.append(1) or image, silent)
    assert len(prepared) == 1


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
def test_a_file_that_cannot_be_got_at_is_no_bad_image(tmp_path, samples, name):
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
