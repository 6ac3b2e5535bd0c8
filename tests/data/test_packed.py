"""Batches of packed images: the same pixels from small and large stores, and how much memory they take."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flowerablate.contracts import NativeOp, PythonOp
from flowerablate.data import layout, packed
from flowerablate.data.layout import Contents, Writer, read_store
from flowerablate.data.packed import PackedImages
from flowerablate.errors import DataError
from flowerablate.preprocess import Preprocess
from flowerablate.preprocess.steps import NamedOp

SIZES = [(5, 7), (3, 4), (8, 8), (1, 9), (6, 2)]


def silent(what: str, done: int, total: int) -> None:
    pass


def a_store(folder: Path, dtype: str = "uint8") -> tuple[PackedImages, list[np.ndarray]]:
    numbers = np.random.default_rng(0)
    images = [numbers.integers(0, np.iinfo(dtype).max, (*size, 3), dtype=dtype) for size in SIZES]
    contents = Contents(len(images), 3, dtype=dtype)
    folder.mkdir()
    with Writer(folder, contents) as writer:
        for image in images:
            writer.add(image)
        writer.finish()
    stored = read_store(folder, contents, silent)
    assert stored is not None
    return stored, images


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch) -> None:
    """Treat every store as a large one."""
    monkeypatch.setattr(packed, "MAPPED_WHOLE", 0)


def test_batches_of_a_small_store_are_read_from_its_map(tmp_path: Path) -> None:
    images, _ = a_store(tmp_path / "store")
    chosen = np.array([3, 1], np.int64)
    source, places = images.batch(chosen)
    assert source is images
    assert places is chosen


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("chosen", [[0], [4, 0, 2, 2, 1, 3], [3, 3, 3], []])
def test_batches_of_a_large_store_hold_the_images_that_were_asked_for(
    tmp_path: Path, copied: None, dtype: str, chosen: list[int]
) -> None:
    stored, images = a_store(tmp_path / "store", dtype)
    source, places = stored.batch(np.array(chosen, np.int64))
    assert source is not stored
    assert source.pixels.dtype == dtype
    assert len(places) == len(source) == len(chosen)
    for place, index in zip(places, chosen, strict=True):
        assert np.array_equal(source.image(int(place)), images[index])


def test_a_chain_gives_the_same_from_the_map_and_from_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chain = Preprocess([NamedOp("fit", NativeOp("resize", {"size": 6, "fit": "cover", "antialias": True}))], 3)
    chosen, results = np.array([4, 1, 0, 2], np.int64), []
    for name, limit in (("small", 1 << 30), ("large", 0)):
        monkeypatch.setattr(packed, "MAPPED_WHOLE", limit)
        images, _ = a_store(tmp_path / name)
        source, places = images.batch(chosen)
        out = np.zeros((4, 3, 6, 6), np.float32)
        chain.run(source, places, chosen.astype(np.uint64), out, seed=3, epoch=1)
        results.append(out)
    assert np.array_equal(*results)
    assert results[0].any()


def test_the_buffer_is_used_again_and_each_thread_has_its_own(tmp_path: Path, copied: None) -> None:
    stored, images = a_store(tmp_path / "store")
    large = stored.batch(np.array([2, 0], np.int64))[0].pixels
    small = stored.batch(np.array([1], np.int64))[0].pixels
    assert np.shares_memory(large, small)
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(stored.batch, np.array([4], np.int64)).result()[0]
    assert not np.shares_memory(other.pixels, small)
    assert np.array_equal(other.image(0), images[4])


@pytest.mark.parametrize("index", [-1, 5])
def test_an_index_that_there_is_not_is_an_error(tmp_path: Path, copied: None, index: int) -> None:
    images, _ = a_store(tmp_path / "store")
    with pytest.raises(IndexError, match=str(index)):
        images.batch(np.array([0, index], np.int64))


def test_a_store_cut_short_while_it_is_read_is_an_error_and_no_crash(tmp_path: Path, copied: None) -> None:
    images, _ = a_store(tmp_path / "store")
    with (tmp_path / "store" / "pixels.bin").open("r+b") as file:
        file.truncate(100)
    with pytest.raises(DataError, match=r"pixels\.bin was written to"):
        images.batch(np.array([4], np.int64))


READ_AT_RANDOM = """
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import numpy as np
from flowerablate.data.layout import Contents, Writer, read_store
from flowerablate.preprocess import Preprocess

folder, count, side = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])

def resident():
    lines = Path("/proc/self/status").read_text().splitlines()
    return {name: int(rest.split()[0]) / 1024 for name, _, rest in (line.partition(":") for line in lines)
            if name in ("VmRSS", "VmHWM", "RssFile")}

before = resident()
contents = Contents(count, 3)
with Writer(folder, contents) as writer:
    images = np.random.default_rng(0).integers(0, 256, (8, side, side, 3), dtype=np.uint8)
    for index in range(count):
        images[index % 8, 0, 0] = index % 251, index % 241, index % 239
        writer.add(images[index % 8])
    writer.finish()
images = read_store(folder, contents, lambda *told: None)
chain = Preprocess([], 3)
out = np.empty((64, side, side, 3), np.uint8)
ids = np.arange(64, dtype=np.uint64)
order = np.random.default_rng(1).permutation(count)
for start in range(0, count - 63, 64):
    chosen = order[start : start + 64]
    chain.run(*images.batch(chosen), ids, out, seed=0, epoch=0)
    assert (out[:, 0, 0] == np.stack([chosen % 251, chosen % 241, chosen % 239], 1)).all()
after = resident()
print(after["VmHWM"] - before["VmRSS"], after["RssFile"] - before["RssFile"], images.pixels.nbytes / 2**20)
"""


def growth(folder: Path, count: int, side: int) -> tuple[float, float]:
    """MiB by which the resident memory grew at its highest, and that of mapped files, in a process of its own."""
    folder.mkdir()
    arguments = [sys.executable, "-c", READ_AT_RANDOM, str(folder), str(count), str(side)]
    told = subprocess.run(arguments, capture_output=True, text=True, check=True, timeout=500).stdout
    highest, mapped, stored = map(float, told.split())
    assert stored == pytest.approx(count * side * side * 3 / 2**20)
    return highest, mapped


needs_proc = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="this system has no /proc")


@needs_proc
def test_a_store_larger_than_what_may_be_resident_is_not_loaded_by_reading_all_of_it(tmp_path: Path) -> None:
    highest, mapped = growth(tmp_path / "store", 1000, 224)  # 144 MiB
    assert highest < 60
    assert mapped < 20


@needs_proc
@pytest.mark.slow
@pytest.mark.parametrize(("count", "side"), [(100_000, 64), (1_000_000, 16)])
def test_memory_stays_flat_while_a_large_store_is_written_and_read_at_random(
    tmp_path: Path, count: int, side: int
) -> None:
    highest, mapped = growth(tmp_path / "store", count, side)
    assert highest < 200
    assert mapped < 40


def overwrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(3)
        file.write(b"\xff\x01\xff")


def cut(path: Path) -> None:
    os.truncate(path, 0)


@pytest.mark.parametrize("harm", [overwrite, cut])
@pytest.mark.parametrize("name", ["pixels.bin", "index.bin"])
@pytest.mark.parametrize("whole", [0, 1 << 20])
def test_a_store_that_is_written_to_while_it_is_in_use_is_noticed_at_the_next_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: Callable[[Path], None], name: str, whole: int
) -> None:
    monkeypatch.setattr(packed, "MAPPED_WHOLE", whole)
    images, _ = a_store(tmp_path / "store")
    images.batch(np.array([0, 1], np.int64))
    time.sleep(0.02)  # the system's clock of files may tick as rarely
    harm(tmp_path / "store" / name)
    for _ in range(2):
        with pytest.raises(DataError, match=f"{name} was written to while it was in use"):
            images.batch(np.array([0, 1], np.int64))
    again = pickle.dumps(images)
    with pytest.raises(DataError):
        pickle.loads(again).batch(np.array([0, 1], np.int64))


def test_a_store_that_is_written_to_while_a_batch_is_made_is_noticed_after_it(tmp_path: Path) -> None:
    images, _ = a_store(tmp_path / "store")

    def step(batch: np.ndarray, draws: object) -> np.ndarray:
        overwrite(tmp_path / "store/pixels.bin")
        return batch

    chain = Preprocess([NamedOp("meanwhile", PythonOp(step))], 3)
    out = np.empty((1, 5, 7, 3), np.uint8)
    with pytest.raises(DataError, match="was written to while it was in use"):
        chain.run(images, np.array([0]), np.array([7], np.uint64), out, seed=0, epoch=0)


def test_a_store_that_is_removed_while_it_is_in_use_stays_what_it_was(tmp_path: Path) -> None:
    images, whole = a_store(tmp_path / "store")
    shutil.rmtree(tmp_path / "store")
    source, places = images.batch(np.array([2], np.int64))
    assert np.array_equal(source.image(int(places[0])), whole[2])


def test_a_store_that_is_written_to_between_its_check_and_its_opening_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_store(tmp_path / "store")
    checked = layout.first_damage

    def check_then_write(*words: Any) -> int | None:
        found = checked(*words)
        overwrite(tmp_path / "store/pixels.bin")
        return found

    monkeypatch.setattr(layout, "first_damage", check_then_write)
    assert read_store(tmp_path / "store", Contents(len(SIZES), 3), silent) is None
