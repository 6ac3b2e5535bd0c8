"""What a command line means by its images."""

import os
from itertools import pairwise
from pathlib import Path

import pytest

from flowerablate.errors import DataError
from flowerablate.inference.image_files import find_images, spread


def test_a_folder_gives_the_images_below_it_in_order_and_a_file_itself(tmp_path):
    for name in ("b/2.png", "a/1.JPG", "b/notes.txt", ".hidden/3.png", "b/.4.png", "odd.bin"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = find_images([tmp_path / "odd.bin", tmp_path])
    assert [path.relative_to(tmp_path).as_posix() for path in found] == ["odd.bin", "a/1.JPG", "b/2.png"]


def test_what_is_not_there_or_empty_is_said(tmp_path):
    with pytest.raises(DataError, match="there is no file or folder"):
        find_images([tmp_path / "gone"])
    with pytest.raises(DataError, match="there are no images in"):
        find_images([tmp_path])


def test_a_sample_is_spread_evenly_over_all_and_has_none_twice():
    found = [Path(f"{number:04}.png") for number in range(1544)]
    sample = spread(found, 120)
    places = [found.index(path) for path in sample]
    assert len(sample) == len(set(sample)) == 120
    assert {after - before for before, after in pairwise(places)} == {12, 13}
    assert places[0] < 13
    assert places[-1] > 1530
    assert spread(found[:5], 5) == spread(found[:5], 99) == found[:5]
    assert spread(found[:5], 1) == [found[2]]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no links or FIFOs here")
def test_links_are_followed_as_in_a_data_set_and_what_is_no_file_is_refused(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/1.jpg").touch()
    (tmp_path / "set").mkdir()
    (tmp_path / "set/0.jpg").touch()
    (tmp_path / "set/linked").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (tmp_path / "elsewhere/back").symlink_to(tmp_path / "set", target_is_directory=True)
    assert find_images([tmp_path / "set"]) == [tmp_path / "set/0.jpg", tmp_path / "set/linked/1.jpg"]
    os.mkfifo(tmp_path / "set/pipe.jpg")
    for named in (tmp_path / "set", tmp_path / "set/pipe.jpg"):
        with pytest.raises(DataError, match=r"pipe\.jpg is a FIFO, not a file"):
            find_images([named])
