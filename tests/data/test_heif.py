"""HEIC, HEIF and AVIF: decoded upright, refused with a reason, and named where a package is missing."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

from flowerablate import DataError
from flowerablate.data.decode import UnreachableError, decode, stored_as
from flowerablate.data.file_kinds import is_avif, is_heif

heif = pytest.importorskip("pillow_heif")

ROWS, COLUMNS = np.mgrid[0:48, 0:64]
SMOOTH = np.stack([ROWS * 5, COLUMNS * 4 - 1, (ROWS + COLUMNS) * 2], -1).clip(0, 255).astype(np.uint8)


def saved(path: Path, pixels: np.ndarray = SMOOTH, **options: object) -> Path:
    heif.from_pillow(Image.fromarray(pixels)).save(path, quality=95, **options)
    return path


@pytest.mark.parametrize("suffix", [".heic", ".heif", ".hif", ".jpg"])
def test_a_photograph_is_known_by_its_content(tmp_path: Path, suffix: str) -> None:
    made = saved(tmp_path / "a.heic")
    path = made.rename(tmp_path / f"b{suffix}")
    pixels = decode(path, 3)
    assert pixels.shape == SMOOTH.shape
    assert np.abs(pixels.astype(int) - SMOOTH).mean() < 3
    assert np.array_equal(decode(path, 3, bits=16), pixels * np.uint16(257))
    assert decode(path, 1).shape == (48, 64, 1)
    assert stored_as(path) == ("RGB", {})


def test_it_is_turned_upright_once(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = saved(tmp_path / "a.heic", exif=exif.tobytes())
    pixels = decode(path, 3)
    assert pixels.shape == (64, 48, 3)
    assert np.abs(pixels.astype(int) - np.rot90(SMOOTH, -1)).mean() < 3


def test_transparent_pixels_are_laid_on_white(tmp_path: Path) -> None:
    colours = np.zeros((16, 16, 4), np.uint8)
    colours[:, 8:, 3] = 255
    pixels = decode(saved(tmp_path / "a.heic", colours), 3)
    assert pixels[:, :6].min() > 245
    assert pixels[:, 10:].max() < 10


def test_of_several_images_the_primary_one_is_taken(tmp_path: Path) -> None:
    several = heif.HeifFile()
    for colour in ("red", "blue"):
        several.add_from_pillow(Image.new("RGB", (32, 32), colour))
    several.save(tmp_path / "a.heic", primary_index=1)
    assert np.abs(decode(tmp_path / "a.heic", 3).astype(int) - [0, 0, 255]).max() < 8


def test_more_pixels_than_allowed_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="64 x 48 pixels exceed the 3,000 allowed"):
        decode(saved(tmp_path / "a.heic"), 3, max_pixels=3000)


@pytest.mark.parametrize("keep", [0.01, 0.3, 0.6, 0.95])
def test_a_truncated_file_gives_one_line(tmp_path: Path, keep: float) -> None:
    path = saved(tmp_path / "a.heic")
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * keep)])
    with pytest.raises(DataError, match=r"a\.heic: .*skip-bad") as caught:
        decode(path, 3)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("seed", range(10))
def test_garbled_bytes_give_pixels_or_a_data_error(tmp_path: Path, seed: int) -> None:
    path = saved(tmp_path / "a.heic")
    raw, draws = bytearray(path.read_bytes()), np.random.default_rng(seed)
    for position in draws.integers(12, len(raw), 20):
        raw[position] = draws.integers(0, 256)
    path.write_bytes(raw)
    with contextlib.suppress(DataError):
        assert decode(path, 3).shape[2] == 3


def test_a_missing_pillow_heif_is_named_and_is_no_fault_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(tmp_path / "a.heic")
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(UnreachableError, match=r"HEIC needs pillow-heif: pip install 'flowerablate\[heic\]'"):
        decode(path, 3)


def test_avif_is_left_to_pillow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.avif"
    if features.check("avif"):
        Image.fromarray(SMOOTH).save(path, quality=95)
        assert np.abs(decode(path, 3).astype(int) - SMOOTH).mean() < 3
    path.write_bytes(b"\0\0\0\x1cftypavif" + bytes(40))
    monkeypatch.setattr(features, "check", lambda name: False)
    with pytest.raises(UnreachableError, match=r"AVIF needs Pillow 11\.3 or newer: pip install --upgrade pillow"):
        decode(path, 3)


@pytest.mark.parametrize(
    ("brands", "kind"),
    [
        ([b"heic", b"\0\0\0\0", b"mif1"], "heif"),
        ([b"mif1", b"\0\0\0\0", b"mif1", b"heic"], "heif"),
        ([b"mif1", b"\0\0\0\0", b"mif1", b"avif"], "avif"),
        ([b"avis", b"\0\0\0\0", b"avis"], "avif"),
        ([b"isom", b"\0\0\0\0", b"mp41"], ""),
    ],
)
def test_brands_tell_heif_from_avif_and_films(brands: list[bytes], kind: str) -> None:
    head = (8 + 4 * len(brands)).to_bytes(4, "big") + b"ftyp" + b"".join(brands) + b"avif" * 20
    assert (is_heif(head), is_avif(head)) == (kind == "heif", kind == "avif")
