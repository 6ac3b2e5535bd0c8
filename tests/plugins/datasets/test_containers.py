"""What all containers share: they are unpacked once, by nobody half, and what the cache holds is checked."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from flowerablate_datasets.class_order import in_number_order
from flowerablate_datasets.containers.unpacked import ImageOrigin, ImageWriter, unpacked_once
from PIL import Image

from flowerablate import DataContext, DataError

GREY = np.arange(12, dtype=np.uint8).reshape(3, 4)


@pytest.fixture
def container(context: DataContext) -> Path:
    path = context.root / "set.box"
    path.write_bytes(b"content")
    return path


def unpack(writer: ImageWriter) -> None:
    for number, label in enumerate(("b", "a")):
        writer.write_pixels(f"{number}", GREY, ImageOrigin(label))


def left(context: DataContext) -> list[str]:
    return [path.name for path in context.cache.iterdir() if not path.name.endswith(".lock")]


def test_the_content_the_names_and_the_settings_make_the_place(context: DataContext, container: Path) -> None:
    first = unpacked_once(context, [container], {}, unpack)
    assert unpacked_once(context, [container], {}, lambda writer: pytest.fail("it is there")) == first
    assert unpacked_once(context, [container], {"channels": "first"}, unpack).paths != first.paths
    container.write_bytes(b"other")
    assert unpacked_once(context, [container], {}, unpack).paths != first.paths
    assert len(left(context)) == 3


def test_images_lost_from_the_cache_or_a_damaged_list_are_told(context: DataContext, container: Path) -> None:
    folder = unpacked_once(context, [container], {}, unpack).paths[0].parent
    for content in ("{", "[]", '{"faults": {}, "keys": 3}'):
        (folder / "index.json").write_text(content, encoding="utf-8")
        with pytest.raises(DataError, match=r"index.json is damaged; remove .*, and it is made anew"):
            unpacked_once(context, [container], {}, unpack)
    shutil.rmtree(folder)
    assert len(unpacked_once(context, [container], {}, unpack)) == 2


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(errno.ENOSPC, "No space left on device")])
def test_what_is_stopped_half_way_leaves_nothing(context: DataContext, container: Path, monkeypatch, error) -> None:
    def save(image: Image.Image, path: Path, **options: object) -> None:
        path.touch()
        if path.name == "1.png":
            raise error

    with monkeypatch.context() as patched:
        patched.setattr(Image.Image, "save", save)
        with pytest.raises((KeyboardInterrupt, DataError), match=r"^$|no space left on device; free space"):
            unpacked_once(context, [container], {}, unpack)
    assert left(context) == []
    assert len(unpacked_once(context, [container], {}, unpack)) == 2


def test_faults_are_errors_unless_they_are_skipped(context: DataContext, container: Path) -> None:
    def with_fault(writer: ImageWriter) -> None:
        unpack(writer)
        writer.leave_out("2", "image 2 is missing")

    with pytest.raises(DataError, match="image 2 is missing; mend it, or leave it out"):
        unpacked_once(context, [container], {}, with_fault)
    skipping = DataContext(cache=context.cache, root=context.root, skip_bad=True)
    assert unpacked_once(skipping, [container], {}, with_fault).skipped == ("2",)


def test_a_container_without_images_is_refused(context: DataContext, container: Path) -> None:
    with pytest.raises(DataError, match=r"set.box holds no images"):
        unpacked_once(context, [container], {}, lambda writer: None)
    assert left(context) == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_what_is_no_file_is_refused_at_once(context: DataContext) -> None:
    os.mkfifo(context.root / "fifo")
    with pytest.raises(DataError, match=r"cannot read .*fifo: it is a fifo"):
        unpacked_once(context, [context.root / "fifo"], {}, unpack)


def test_validation_without_a_test_part_is_the_test_part(context: DataContext, container: Path) -> None:
    def parts(writer: ImageWriter) -> None:
        writer.write_pixels("train/0", GREY, ImageOrigin("a", "train"))
        writer.write_pixels("val/0", GREY, ImageOrigin("b", "val"))

    assert unpacked_once(context, [container], {}, parts).splits == ("train", "test")


def test_classes_are_in_the_order_of_numbers_of_any_length() -> None:
    assert in_number_order(["10", "9", "1" + "0" * 5000, "0", "9"]) == ("0", "9", "10", "1" + "0" * 5000)
    assert in_number_order(["rose", "2", "daisy"]) == ("daisy", "rose", "2")


@pytest.mark.parametrize("keys", [("a.png", "./a.png"), ("a/b.png", "a//b.png"), ("a.png", "a.png/b.png")])
def test_names_that_are_the_same_file_are_refused(context: DataContext, container: Path, keys: tuple[str, str]) -> None:
    def write(writer: ImageWriter) -> None:
        for key in keys:
            writer.write_file(key, b"content", ImageOrigin("a"))

    with pytest.raises(DataError, match="twice, or another name that this file system takes for the same"):
        unpacked_once(context, [container], {}, write)
    assert left(context) == []
