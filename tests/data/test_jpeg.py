"""The fast way into JPEG files gives what Pillow gives, takes no file that Pillow refuses, and scales where it may."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from flowerablate import DataError
from flowerablate.data import jpeg
from flowerablate.data.decode import decode


def photograph(height: int = 61, width: int = 83, seed: int = 0) -> Image.Image:
    """Soft blobs with some noise, which use all of a JPEG coder's frequencies."""
    numbers = np.random.default_rng(seed)
    coarse = Image.fromarray(numbers.integers(0, 256, (5, 7, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC)).astype(np.int64)
    return Image.fromarray((smooth + numbers.integers(-12, 13, smooth.shape)).clip(0, 255).astype(np.uint8))


def written(image: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", **options)
    return buffer.getvalue()


def by_pillow(raw: bytes, mode: str) -> np.ndarray:
    with Image.open(io.BytesIO(raw)) as image:
        return np.asarray(image.convert(mode)).reshape(image.height, image.width, -1)


@pytest.fixture
def fast_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a test fail that leaves the fast way, which would compare Pillow with itself."""

    def forbidden(*told: object) -> None:
        raise AssertionError("Pillow was asked for the pixels")

    monkeypatch.setattr("flowerablate.data.decode._upright", forbidden)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize(
    "options",
    [
        {"quality": 30},
        {"quality": 95, "subsampling": 0},
        {"quality": 80, "subsampling": 1},
        {"quality": 80, "subsampling": 2},
        {"progressive": True},
        {"optimize": True},
        {"restart_marker_blocks": 3},
        {"comment": b"a daisy", "dpi": (72, 72), "icc_profile": b"x" * 3000},
        {"keep_rgb": True},
    ],
    ids=lambda options: "-".join(options),
)
def test_pixels_are_pillows_to_the_bit(
    tmp_path: Path, fast_only: None, options: dict[str, object], mode: str, channels: int
) -> None:
    raw = written(photograph().convert(mode), **options)
    path = tmp_path / "a.jpg"
    path.write_bytes(raw)
    pixels = decode(path, channels)
    assert np.array_equal(pixels, by_pillow(raw, {1: "L", 3: "RGB", 4: "RGBA"}[channels]))
    assert pixels.flags.writeable
    assert pixels.flags.c_contiguous


@pytest.mark.parametrize("folder", ["flowers/daisy", "flowers/rose", "chest_xray/test/NORMAL"])
def test_pixels_of_real_photographs_are_pillows_to_the_bit(real_data: Path, fast_only: None, folder: str) -> None:
    paths = sorted((real_data / folder).glob("*.jp*g"))[::25]
    assert paths
    for path in paths:
        assert np.array_equal(decode(path, 3), by_pillow(path.read_bytes(), "RGB"))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("channels", [1, 3])
def test_a_turned_photograph_is_turned_back(tmp_path: Path, fast_only: None, channels: int, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    raw = written(photograph(), exif=exif)
    path = tmp_path / "a.jpg"
    path.write_bytes(raw)
    with Image.open(io.BytesIO(raw)) as image:
        expected = ImageOps.exif_transpose(image).convert("L" if channels == 1 else "RGB")
    assert np.array_equal(decode(path, channels).squeeze(), np.asarray(expected))


def test_files_that_are_not_plain_are_left_to_pillow() -> None:
    plain = written(photograph())
    assert jpeg.read_header(plain) == jpeg.Header(61, 83, 3, False)
    assert jpeg.read_header(written(photograph().convert("L"))) == jpeg.Header(61, 83, 1, False)
    assert jpeg.read_header(written(photograph().convert("CMYK"))) is None
    frame = plain.index(b"\xff\xc0")
    for marker in (0xC3, 0xC5, 0xC9, 0xCA):
        assert jpeg.read_header(plain[:frame] + bytes([0xFF, marker]) + plain[frame + 2 :]) is None
    twelve_bits = plain[: frame + 4] + b"\x0c" + plain[frame + 5 :]
    assert jpeg.read_header(twelve_bits) is None
    for end in range(0, 620, 7):
        jpeg.read_header(plain[:end])
    assert jpeg.read_header(jpeg.MAGIC + b"\xe0\x00\x02\xff" * 100_000) is None


@pytest.mark.parametrize("progressive", [False, True])
def test_a_cut_photograph_is_refused_wherever_it_was_cut(tmp_path: Path, progressive: bool) -> None:
    raw = written(photograph(), progressive=progressive)
    path = tmp_path / "cut.jpg"
    for end in range(1, len(raw) - 20, 29):
        path.write_bytes(raw[:end])
        with pytest.raises(DataError, match=r"cut\.jpg: .*skip-bad"):
            decode(path, 3, min_side=8)


@pytest.mark.parametrize("seed", range(40))
def test_of_a_garbled_photograph_the_fast_way_gives_pillows_pixels_or_none(seed: int) -> None:
    draws = np.random.default_rng(seed)
    raw = bytearray(written(photograph(seed=seed), progressive=seed % 2 == 1))
    for position in draws.integers(20, len(raw), 1 + seed % 3):
        raw[position] = draws.integers(0, 256)
    header = jpeg.read_header(bytes(raw))
    if header is None or header.height * header.width > 1_000_000:
        return
    pixels = jpeg.read_pixels(bytes(raw), header, None)
    if pixels is not None and not header.tagged:
        assert np.array_equal(pixels, by_pillow(bytes(raw), "RGB" if header.components == 3 else "L"))


@pytest.mark.parametrize(
    ("size", "min_side", "expected"),
    [
        ((640, 480), None, (640, 480)),
        ((640, 480), 241, (640, 480)),
        ((640, 480), 240, (320, 240)),
        ((480, 640), 121, (240, 320)),
        ((480, 640), 120, (120, 160)),
        ((480, 640), 60, (60, 80)),
        ((480, 640), 1, (60, 80)),
        ((488, 640), 1, (122, 160)),  # an eighth would cut the margin of 76 in the middle of a pixel
        ((481, 641), 1, (481, 641)),
        ((480, 642), 1, (480, 642)),
        ((8, 8), 1, (1, 1)),
        ((1, 1), 1, (1, 1)),
    ],
)
def test_the_smallest_part_whose_shorter_side_is_large_enough_is_decoded(
    tmp_path: Path, size: tuple[int, int], min_side: int | None, expected: tuple[int, int]
) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(written(photograph(*size)))
    assert decode(path, 3, min_side=min_side).shape == (*expected, 3)
    assert decode(path, 1, min_side=min_side).shape == (*expected, 1)


def test_a_turned_photograph_is_scaled_as_well(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "a.jpg"
    path.write_bytes(written(photograph(96, 192), exif=exif))
    assert decode(path, 3, min_side=24).shape == (48, 24, 3)


def test_a_scaled_photograph_looks_like_the_whole_one_made_smaller(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(written(photograph(400, 304), quality=95))
    scaled = decode(path, 3, min_side=76).astype(np.float64)
    boxes = decode(path, 3).astype(np.float64).reshape(100, 4, 76, 4, 3).mean((1, 3))
    assert np.abs(scaled - boxes).mean() < 2


def test_other_files_come_whole(tmp_path: Path) -> None:
    photograph(100, 80).save(tmp_path / "a.png")
    assert decode(tmp_path / "a.png", 3, min_side=10).shape == (100, 80, 3)
    photograph(100, 80).convert("CMYK").save(tmp_path / "a.jpg")
    assert decode(tmp_path / "a.jpg", 3, min_side=10).shape == (100, 80, 3)
