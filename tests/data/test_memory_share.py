"""Images that are decoded at once share the memory for it: large ones wait for each other, and none for ever."""

import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from PIL import Image

from flowerablate.data import decode as decoding
from flowerablate.data.decode import decode
from flowerablate.data.memory_share import VARIABLE, memory_for_decoding, reserve
from flowerablate.data.window import in_order
from flowerablate.errors import DataError


class Meter:
    """How much is held at the same time."""

    def __init__(self):
        self.now = self.most = 0
        self._lock = threading.Lock()

    def use(self, amount, seconds=0.002):
        reserve(amount)
        with self._lock:
            self.now += amount
            self.most = max(self.most, self.now)
        time.sleep(seconds)
        with self._lock:
            self.now -= amount


def test_items_that_fit_together_are_worked_at_together_and_others_wait(monkeypatch):
    monkeypatch.setenv(VARIABLE, "100")
    meter = Meter()
    assert list(in_order(lambda item: meter.use(40_000_000) or item, range(20))) == list(range(20))
    assert meter.most <= 120_000_000  # and one more, when it is its turn


def test_an_item_that_is_larger_than_all_memory_is_worked_at_when_it_is_its_turn(monkeypatch):
    monkeypatch.setenv(VARIABLE, "10")
    meter = Meter()
    assert list(in_order(lambda item: meter.use(500_000_000) or item, range(8))) == list(range(8))
    assert meter.most == 500_000_000


def test_small_items_hardly_wait_and_several_threads_work(monkeypatch):
    monkeypatch.setenv(VARIABLE, "100")
    meter = Meter()
    list(in_order(lambda item: meter.use(10_000_000, 0.01), range(40)))
    assert meter.most >= 20_000_000


def test_results_that_wait_for_their_turn_are_counted(monkeypatch):
    monkeypatch.setenv(VARIABLE, "1")
    alive = []

    def work(item):
        alive.append(item)
        if item == 0:
            time.sleep(0.3)
        return np.zeros(400_000, np.uint8)

    results = in_order(work, range(1000))
    next(results)
    assert len(alive) < 20
    results.close()


def test_an_item_may_ask_again_for_more(monkeypatch):
    monkeypatch.setenv(VARIABLE, "50")
    meter = Meter()

    def work(item):
        reserve(30_000_000)
        meter.use(45_000_000)
        return item

    assert list(in_order(work, range(30))) == list(range(30))
    assert meter.most <= 90_000_000


def test_leaving_early_ends_those_that_wait(monkeypatch):
    monkeypatch.setenv(VARIABLE, "1")
    for taken in in_order(lambda item: reserve(10_000_000) or item, range(100)):
        if taken == 3:
            break
    assert threading.active_count() < 50


def test_an_error_in_its_turn_lets_nobody_wait_for_ever(monkeypatch):
    monkeypatch.setenv(VARIABLE, "1")

    def work(item):
        reserve(10_000_000)
        if item == 5:
            raise LookupError("five")
        return item

    with pytest.raises(LookupError):
        list(in_order(work, range(100)))


def test_outside_of_a_window_nothing_waits():
    reserve(1 << 60)


@pytest.mark.parametrize("text", ["0", "-3", "2 GB", "many", "1.5"])
def test_a_wrong_setting_is_refused_in_one_line(monkeypatch, text):
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(DataError, match="FLOWERABLATE_DECODE_MEMORY must be a number of MB above 0"):
        memory_for_decoding()


def test_without_a_setting_it_is_part_of_the_memory_and_enough_for_photographs(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert memory_for_decoding() >= 1 << 30


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "gif", "tif", "bmp"])
def test_an_image_asks_for_memory_by_its_size_before_it_is_decoded(tmp_path, monkeypatch, suffix):
    asked = []
    monkeypatch.setattr(decoding, "reserve", asked.append)
    Image.new("RGB", (640, 480)).save(tmp_path / f"a.{suffix}")
    decode(tmp_path / f"a.{suffix}", 3)
    assert 640 * 480 * 3 <= asked[0] <= 640 * 480 * 30


def test_a_jpeg_that_is_decoded_at_an_eighth_asks_for_little(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(decoding, "reserve", asked.append)
    Image.new("RGB", (640, 640)).save(tmp_path / "a.jpg")
    decode(tmp_path / "a.jpg", 3, min_side=64)
    assert asked == [80 * 80 * 6]


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA", "CMYK", "I;16", "I", "F"])
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("bits", [8, 16])
def test_large_images_are_converted_in_strips_to_the_same_pixels(tmp_path, monkeypatch, mode, channels, bits):
    numbers = np.random.default_rng(0).integers(0, 255, (37, 23, 4), dtype=np.uint8)
    image = Image.fromarray(numbers).convert("RGB" if mode == "CMYK" else "RGBA")
    image = image.convert("L").convert("I").convert(mode) if mode == "I;16" else image.convert(mode)
    path = tmp_path / ("a.tif" if mode in ("CMYK", "I", "F", "I;16") else "a.png")
    image.save(path)
    whole = decode(path, channels, bits=bits)
    monkeypatch.setattr(decoding, "_AT_ONCE", 100)
    strips = decode(path, channels, bits=bits)
    assert strips.dtype == whole.dtype
    assert strips.flags.c_contiguous
    assert strips.flags.writeable
    np.testing.assert_array_equal(strips, whole)


MEASURED = """
from pathlib import Path
from flowerablate.data.decode import decode
from flowerablate.data.window import in_order
for _ in in_order(lambda path: decode(path, 3)[::100, ::100].copy(), [Path("a.png")] * 8):
    pass
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM:")))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak is told in other units")
def test_a_folder_of_large_images_takes_the_memory_of_one(tmp_path, monkeypatch):
    Image.new("1", (8000, 8000)).save(tmp_path / "a.png")

    def peak(megabytes):
        monkeypatch.setenv(VARIABLE, str(megabytes))
        done = subprocess.run(
            [sys.executable, "-c", MEASURED], capture_output=True, text=True, check=True, cwd=tmp_path
        )
        return int(done.stdout)

    assert peak(100) < 0.7 * peak(100_000)
