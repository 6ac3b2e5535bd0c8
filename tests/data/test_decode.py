"""Every odd image that a folder may hold, built here with Pillow, and what decode makes of it."""

from __future__ import annotations

import contextlib
import io
import os
import struct
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flowerablate import DataError
from flowerablate.contracts import IMAGE_SUFFIXES
from flowerablate.data.decode import MAX_PIXELS, UnreachableError, decode
from flowerablate.data.file_kinds import DICOM_SUFFIXES


def gradient(height: int = 12, width: int = 16) -> np.ndarray:
    """An RGB image without symmetry, uint8 [height, width, 3]."""
    rows, columns = np.mgrid[0:height, 0:width]
    return np.stack(
        [rows * 255 // max(height - 1, 1), columns * 255 // max(width - 1, 1), rows * 7 + columns], -1
    ).astype(np.uint8)


def saved(path: Path, image: Image.Image, **options: object) -> Path:
    image.save(path, **options)
    return path


def png_header(path: Path, width: int, height: int) -> Path:
    """A valid start of a grey PNG of any size, with an empty body."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    )
    return path


def test_a_colour_png_comes_back_as_it_was_stored(tmp_path: Path) -> None:
    image = gradient()
    pixels = decode(saved(tmp_path / "a.png", Image.fromarray(image)), 3)
    assert np.array_equal(pixels, image)
    assert pixels.dtype == np.uint8
    assert pixels.flags.c_contiguous
    assert pixels.flags.writeable


def test_channels_say_whether_grey_colour_or_alpha_comes_back(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", Image.fromarray(gradient()))
    assert [decode(path, channels).shape for channels in (1, 3, 4)] == [(12, 16, 1), (12, 16, 3), (12, 16, 4)]
    assert np.array_equal(decode(path, 1)[..., 0], np.asarray(Image.fromarray(gradient()).convert("L")))
    assert (decode(path, 4)[..., 3] == 255).all()
    with pytest.raises(ValueError, match="1, 3 or 4, not 2"):
        decode(path, 2)


def test_grey_and_one_bit_images_give_equal_channels(tmp_path: Path) -> None:
    grey = gradient()[..., 1]
    pixels = decode(saved(tmp_path / "grey.png", Image.fromarray(grey)), 3)
    assert np.array_equal(pixels, np.repeat(grey[..., None], 3, axis=2))
    bits = grey > 128
    assert np.array_equal(decode(saved(tmp_path / "bits.png", Image.fromarray(bits)), 1)[..., 0], bits * np.uint8(255))


def test_a_palette_image_gives_its_colours_and_white_where_it_is_transparent(tmp_path: Path) -> None:
    image = Image.new("P", (3, 1))
    image.putpalette([255, 0, 0, 0, 0, 255, 0, 255, 0])
    image.putdata([0, 1, 2])
    opaque = decode(saved(tmp_path / "opaque.png", image), 3)
    assert opaque.tolist() == [[[255, 0, 0], [0, 0, 255], [0, 255, 0]]]
    by_index = decode(saved(tmp_path / "index.gif", image, transparency=1), 3)
    assert by_index.tolist() == [[[255, 0, 0], [255, 255, 255], [0, 255, 0]]]
    by_table = decode(saved(tmp_path / "table.png", image, transparency=b"\xff\x00\xff"), 3)
    assert by_table.tolist() == [[[255, 0, 0], [255, 255, 255], [0, 255, 0]]]


def test_transparent_pixels_are_laid_on_white_unless_alpha_is_wanted(tmp_path: Path) -> None:
    colours = np.array([[[10, 20, 30, 255], [10, 20, 30, 0], [0, 0, 0, 128]]], np.uint8)
    path = saved(tmp_path / "rgba.png", Image.fromarray(colours))
    assert np.allclose(decode(path, 3), [[[10, 20, 30], [255, 255, 255], [127, 127, 127]]], atol=1)
    assert np.array_equal(decode(path, 4), colours)
    grey_alpha = saved(tmp_path / "la.png", Image.fromarray(np.array([[[40, 255], [40, 0]]], np.uint8), "LA"))
    assert decode(grey_alpha, 1).tolist() == [[[40], [255]]]
    keyed = saved(tmp_path / "keyed.png", Image.fromarray(colours[..., :3]), transparency=(10, 20, 30))
    assert decode(keyed, 3)[0, 0].tolist() == [255, 255, 255]


def test_cmyk_jpeg_which_adobe_stores_inverted_gives_the_right_colours(tmp_path: Path) -> None:
    cmyk = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    path = saved(tmp_path / "red.jpg", cmyk, quality=95)
    assert b"Adobe" in path.read_bytes()
    assert np.allclose(decode(path, 3), [255, 0, 0], atol=6)
    assert np.allclose(decode(saved(tmp_path / "red.tif", cmyk), 3), [255, 0, 0], atol=1)


def test_lab_is_converted(tmp_path: Path) -> None:
    path = saved(tmp_path / "lab.tif", Image.new("LAB", (4, 4), (255, 128, 128)))
    assert np.allclose(decode(path, 3), 255, atol=3)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".pgm"])
def test_sixteen_bit_grey_is_scaled_and_not_clipped(tmp_path: Path, suffix: str) -> None:
    values = np.array([[0, 257, 257 * 100, 65535, 40000]], np.uint16)
    pixels = decode(saved(tmp_path / f"deep{suffix}", Image.fromarray(values)), 1)
    assert pixels[0, :, 0].tolist() == [0, 1, 100, 255, 156]


def test_big_endian_sixteen_bit_tiff_is_read(tmp_path: Path) -> None:
    values = np.array([[0, 65535, 257 * 77]], ">u2")
    path = saved(tmp_path / "big.tif", Image.frombytes("I;16B", (3, 1), values.tobytes()))
    assert decode(path, 3)[0, :, 0].tolist() == [0, 255, 77]


@pytest.mark.parametrize("suffix", [".png", ".tif", ".pgm"])
def test_sixteen_bit_grey_keeps_its_values_where_they_are_wanted(tmp_path: Path, suffix: str) -> None:
    values = np.array([[0, 1, 257 * 100, 65535, 40000]], np.uint16)
    path = saved(tmp_path / f"deep{suffix}", Image.fromarray(values))
    pixels = decode(path, 1, bits=16)
    assert pixels.dtype == np.uint16
    assert np.array_equal(pixels[..., 0], values)
    assert np.array_equal(decode(path, 3, bits=16), np.repeat(values[..., None], 3, axis=2))
    assert (decode(path, 4, bits=16)[..., 3] == 65535).all()


def test_big_endian_values_come_in_the_byte_order_of_the_machine(tmp_path: Path) -> None:
    values = np.array([[0, 65535, 258]], ">u2")
    path = saved(tmp_path / "big.tif", Image.frombytes("I;16B", (3, 1), values.tobytes()))
    pixels = decode(path, 1, bits=16)
    assert pixels.dtype == np.dtype("=u2")
    assert pixels[0, :, 0].tolist() == [0, 65535, 258]


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".gif"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_eight_bits_fill_the_range_of_sixteen(tmp_path: Path, suffix: str, channels: int) -> None:
    path = saved(tmp_path / f"a{suffix}", Image.fromarray(gradient()))
    pixels = decode(path, channels, bits=16)
    assert pixels.dtype == np.uint16
    assert np.array_equal(pixels, decode(path, channels).astype(np.int64) * 257)


def test_wide_ranges_are_not_rounded_to_eight_bits_first(tmp_path: Path) -> None:
    path = saved(tmp_path / "deep.tif", Image.fromarray(np.array([[0.0, 0.5, 1.0, 1 / 65535]], np.float32)))
    assert decode(path, 1, bits=16)[0, :, 0].tolist() == [0, 32768, 65535, 1]


def test_a_depth_or_size_that_there_is_not_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", Image.fromarray(gradient()))
    with pytest.raises(ValueError, match="8 or 16, not 12"):
        decode(path, 3, bits=12)  # type: ignore[call-overload]
    with pytest.raises(ValueError, match="1 or more, not 0"):
        decode(path, 3, min_side=0)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 17, 255], [0, 17, 255]),
        ([0, 257, 65535], [0, 1, 255]),
        ([-100, 0, 100], [0, 128, 255]),
        ([0, 500_000, 1_000_000], [0, 128, 255]),
        ([5, 5, 5], [5, 5, 5]),
    ],
)
def test_integers_of_32_bits_fit_the_first_range_that_holds_them(
    tmp_path: Path, values: list[int], expected: list[int]
) -> None:
    path = saved(tmp_path / "deep.tif", Image.fromarray(np.array([values], np.int32)))
    assert decode(path, 1)[0, :, 0].tolist() == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 0.2, 1.0], [0, 51, 255]),
        ([0.0, 51.0, 254.6], [0, 51, 255]),
        ([0.0, 257.0, 65535.0], [0, 1, 255]),
        ([-1.0, 0.0, 1.0], [0, 128, 255]),
        ([float("nan"), 0.2, float("inf")], [0, 51, 255]),
        ([float("nan")] * 3, [0, 0, 0]),
    ],
)
def test_floats_fit_the_first_range_that_holds_them(tmp_path: Path, values: list[float], expected: list[int]) -> None:
    path = saved(tmp_path / "deep.tif", Image.fromarray(np.array([values], np.float32)))
    assert decode(path, 1)[0, :, 0].tolist() == expected


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif"])
@pytest.mark.parametrize(
    ("orientation", "turn"),
    [
        (1, lambda stored: stored),
        (2, lambda stored: stored[:, ::-1]),
        (3, lambda stored: stored[::-1, ::-1]),
        (4, lambda stored: stored[::-1]),
        (5, lambda stored: stored.transpose(1, 0, 2)),
        (6, lambda stored: np.rot90(stored, -1)),
        (7, lambda stored: stored[::-1, ::-1].transpose(1, 0, 2)),
        (8, lambda stored: np.rot90(stored)),
        (42, lambda stored: stored),
    ],
)
def test_exif_orientation_is_applied_once(tmp_path: Path, suffix: str, orientation: int, turn) -> None:  # type: ignore[no-untyped-def]
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"quality": 100, "subsampling": 0} if suffix == ".jpg" else {}
    path = saved(tmp_path / f"turned{suffix}", Image.fromarray(gradient()), exif=exif, **options)
    expected = turn(gradient())
    pixels = decode(path, 3)
    assert pixels.shape == expected.shape
    assert np.allclose(pixels, expected, atol=6)


def test_a_broken_exif_block_leaves_the_image_as_it_is_stored(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.jpg", Image.fromarray(gradient()), exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xffrubbish")
    assert decode(path, 3).shape == (12, 16, 3)


def test_of_an_animation_the_first_image_is_taken(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    path = saved(tmp_path / "moving.gif", frames[0], save_all=True, append_images=frames[1:])
    assert (decode(path, 3) == [255, 0, 0]).all()


# Those of other libraries have tests of their own: test_dicom_files.py, test_heif.py.
@pytest.mark.parametrize("suffix", sorted(IMAGE_SUFFIXES - DICOM_SUFFIXES - {".heic", ".heif", ".hif"}))
def test_every_suffix_that_counts_as_an_image_can_be_decoded(tmp_path: Path, suffix: str) -> None:
    buffer = io.BytesIO()
    Image.init()
    kind = {".apng": "PNG", ".j2k": "JPEG2000"}.get(suffix) or Image.EXTENSION.get(suffix)
    mode = {".pgm": "L", ".pbm": "1", ".gif": "P"}.get(suffix, "RGB")
    if kind not in Image.SAVE:
        pytest.skip(f"this Pillow was built without {suffix}")
    Image.new(mode, (20, 10)).save(buffer, kind)
    path = tmp_path / f"a{suffix}"
    path.write_bytes(buffer.getvalue())
    assert decode(path, 3).shape == (10, 20, 3)


@pytest.mark.parametrize("size", [(1, 1), (20_000, 10), (10, 20_000)])
def test_extreme_sizes_work(tmp_path: Path, size: tuple[int, int]) -> None:
    width, height = size
    for suffix in (".png", ".jpg"):
        assert decode(saved(tmp_path / f"a{suffix}", Image.new("RGB", size)), 3).shape == (height, width, 3)


def test_more_pixels_than_allowed_are_refused_without_being_decoded(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"bomb\.png.*bomb.*skip-bad"):
        decode(png_header(tmp_path / "bomb.png", 60_000, 60_000), 3)
    # Between Pillow's limit for a warning and for an error: here only our own limit decides.
    path = png_header(tmp_path / "large.png", 12_000, 12_000)
    with pytest.raises(DataError, match="12000 x 12000 pixels exceed the 140,000,000 allowed"):
        decode(path, 1, max_pixels=140_000_000)
    small = saved(tmp_path / "small.png", Image.new("L", (10, 10)))
    assert decode(small, 1, max_pixels=100).shape == (10, 10, 1)
    with pytest.raises(DataError, match="allowed"):
        decode(small, 1, max_pixels=99)


def test_a_larger_limit_than_pillows_own_may_be_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 50)
    path = saved(tmp_path / "a.png", Image.new("L", (20, 10)))
    with pytest.raises(DataError, match="bomb"):
        decode(path, 1, max_pixels=100)
    assert decode(path, 1, max_pixels=200).shape == (10, 20, 1)
    assert MAX_PIXELS == 178_956_970


def _truncated(suffix: str, keep: float) -> bytes:
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(buffer, Image.registered_extensions()[suffix])
    return buffer.getvalue()[: int(len(buffer.getvalue()) * keep)]


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".gif", ".tif", ".webp"])
@pytest.mark.parametrize("keep", [0.0, 0.01, 0.5, 0.9])
def test_a_truncated_file_is_named_with_cause_and_cure_in_one_line(tmp_path: Path, suffix: str, keep: float) -> None:
    path = tmp_path / f"cut{suffix}"
    path.write_bytes(_truncated(suffix, keep))
    with pytest.raises(DataError) as caught:
        decode(path, 3)
    message = str(caught.value)
    assert str(path) in message
    assert "skip-bad" in message
    assert "\n" not in message
    assert ("empty" if keep == 0 else "image") in message


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".gif", ".tif", ".webp", ".bmp"])
def test_garbled_bytes_give_pixels_or_a_data_error_and_nothing_else(tmp_path: Path, suffix: str, seed: int) -> None:
    draws = np.random.default_rng(seed)
    raw = bytearray(_truncated(suffix, 1.0))
    for position in draws.integers(4, len(raw), 60):
        raw[position] = draws.integers(0, 256)
    for position in draws.integers(4, 64, 2):
        raw[position] = draws.integers(0, 256)
    path = tmp_path / f"garbled{suffix}"
    path.write_bytes(raw)
    try:
        pixels = decode(path, 3)
    except UnreachableError:
        pytest.fail("what the file holds was taken for a fault of the system")
    except DataError:
        return
    assert pixels.shape[2] == 3


def test_text_named_as_an_image_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "letter.jpg"
    path.write_text("Dear Sir or Madam")
    with pytest.raises(DataError, match=r"letter\.jpg: it is not an image"):
        decode(path, 3)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match=r"gone\.jpg: no such file.*check that it exists"):
        decode(tmp_path / "gone.jpg", 3)
    with pytest.raises(UnreachableError, match="directory"):
        decode(tmp_path, 3)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_named(tmp_path: Path) -> None:
    path = saved(tmp_path / "secret.png", Image.new("L", (2, 2)))
    path.chmod(0)
    with pytest.raises(UnreachableError, match="permission denied"):
        decode(path, 3)


def test_nothing_is_printed_or_warned_about_odd_files(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    palette = Image.new("P", (4, 4))
    palette.putpalette([1, 2, 3, 4, 5, 6])
    files = [
        saved(tmp_path / "palette.png", palette, transparency=b"\x00\x80"),
        saved(tmp_path / "exif.jpg", Image.fromarray(gradient()), exif=b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x05\x00"),
        png_header(tmp_path / "large.png", 12_000, 12_000),
    ]
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        for path in files:
            with contextlib.suppress(DataError):
                decode(path, 3, max_pixels=100_000_000)
    assert not heard
    assert capfd.readouterr() == ("", "")


def test_many_threads_get_the_same_pixels_as_one(tmp_path: Path) -> None:
    paths = []
    for number in range(12):
        image = Image.fromarray(np.roll(gradient(60, 80), number, axis=1))
        paths.append(saved(tmp_path / f"{number}{('.jpg', '.png', '.gif')[number % 3]}", image))
    alone = [decode(path, 3) for path in paths] * 8
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda path: decode(path, 3), paths * 8))
    assert all(np.array_equal(one, other) for one, other in zip(alone, together, strict=True))
