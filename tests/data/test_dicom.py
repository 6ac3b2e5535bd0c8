"""Grey DICOM images: what becomes of stored values, by the formulas of the standard and by pydicom."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from dicom_files import dataset, image, pydicom, table, written
from reference import dicom as twin

from flowerablate.data.decode import decode

RAMP = np.arange(4096, dtype=np.uint16).reshape(64, 64)
"""Every value of 12 bits."""

SIGNED = np.arange(-2048, 2048, dtype=np.int16).reshape(64, 64)


def shown(path: Path, bits: int = 8) -> np.ndarray:
    return decode(path, 1, bits=bits)[..., 0]  # type: ignore[call-overload, no-any-return]


def by_twin(stored: np.ndarray, show: Callable[[float], float], white: int) -> np.ndarray:
    levels = [min(max(show(float(value)), 0.0), float(white)) for value in stored.ravel()]
    return np.array(levels).reshape(stored.shape)


def assert_shown(path: Path, stored: np.ndarray, show: Callable[[float, int], float]) -> None:
    """Each grey level is the nearest to what *show* makes of a value, at both depths."""
    for bits in (8, 16):
        white = 2**bits - 1
        expected = by_twin(stored, lambda value, white=white: show(value, white), white)  # type: ignore[misc]
        grey = shown(path, bits)
        assert grey.dtype == (np.uint8 if bits == 8 else np.uint16)
        assert np.abs(grey - expected).max() <= 0.5 + 1e-6


@pytest.mark.parametrize(("centre", "width"), [(2048, 4096), (600, 1500), (40.5, 1), (3000, 2), (-50, 400)])
@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID", None])
def test_a_window_is_applied_by_its_function(tmp_path: Path, centre: float, width: float, function: str | None) -> None:
    elements = {"WindowCenter": centre, "WindowWidth": width}
    path = image(tmp_path / "a.dcm", RAMP, **elements, **({"VOILUTFunction": function} if function else {}))
    formula = getattr(twin, (function or "LINEAR").lower())
    if width == 1 and function in ("LINEAR", None):  # a threshold, where the formula divides by zero nowhere
        assert set(np.unique(shown(path))) == {0, 255}
    assert_shown(path, RAMP, lambda value, white: formula(value, centre, width, white))


def test_slope_and_intercept_come_before_the_window(tmp_path: Path) -> None:
    scale = {"RescaleSlope": 0.5, "RescaleIntercept": -300, "WindowCenter": 50, "WindowWidth": 400}
    path = image(tmp_path / "a.dcm", SIGNED, **scale)
    assert_shown(path, SIGNED, lambda value, white: twin.linear(twin.rescaled(value, 0.5, -300), 50, 400, white))


def test_the_first_of_several_windows_is_taken(tmp_path: Path) -> None:
    path = image(tmp_path / "a.dcm", RAMP, WindowCenter=[1000, 40], WindowWidth=[800, 400])
    assert_shown(path, RAMP, lambda value, white: twin.linear(value, 1000, 800, white))


@pytest.mark.parametrize("small", [RAMP[:4, :4], RAMP])
def test_a_small_image_is_shown_as_the_same_values_in_a_large_one(tmp_path: Path, small: np.ndarray) -> None:
    """Of large images, each possible value is computed once."""
    values = np.ascontiguousarray(np.tile(small, (16, 16))[:90, :90])
    elements = {"WindowCenter": 7, "WindowWidth": 11, "RescaleSlope": 1.5, "RescaleIntercept": -3}
    large, alone = image(tmp_path / "a", values, **elements), image(tmp_path / "b", small, **elements)
    height, width = small.shape
    assert np.array_equal(shown(large, 16)[:height, :width], shown(alone, 16))


def test_windows_equal_those_of_pydicom(tmp_path: Path) -> None:
    from pydicom.pixels.processing import apply_modality_lut, apply_windowing

    elements = {"RescaleSlope": 2, "RescaleIntercept": -1000, "WindowCenter": 100, "WindowWidth": 900}
    path = image(tmp_path / "a.dcm", SIGNED, **elements)
    header = pydicom.dcmread(path)
    theirs = apply_windowing(apply_modality_lut(header.pixel_array, header), header)
    low, high = -2048 * 2 - 1000, 2047 * 2 - 1000
    assert np.abs(shown(path, 16) - (theirs - low) / (high - low) * 65535).max() <= 0.5 + 1e-6


@pytest.mark.parametrize(
    ("centre", "width", "function"),
    [("", "", ""), (100, 0, ""), (100, -5, "LINEAR_EXACT"), (100, "", ""), (100, 0, "SIGMOID")],
)
def test_a_window_without_a_width_is_none(tmp_path: Path, centre: object, width: object, function: str) -> None:
    given = {"WindowCenter": centre, "WindowWidth": width, "VOILUTFunction": function}
    assert np.array_equal(shown(image(tmp_path / "a", RAMP, **given)), shown(image(tmp_path / "b", RAMP)))


def test_an_unknown_function_is_taken_as_linear(tmp_path: Path) -> None:
    window = {"WindowCenter": 1000, "WindowWidth": 800}
    odd = image(tmp_path / "a", RAMP, VOILUTFunction="CURVED", **window)
    assert np.array_equal(shown(odd), shown(image(tmp_path / "b", RAMP, **window)))


def test_a_linear_window_narrower_than_one_is_exact(tmp_path: Path) -> None:
    """The standard has none, but images in small units do, such as those of PET."""
    scale = {"RescaleSlope": 0.0001, "RescaleIntercept": 0}
    path = image(tmp_path / "a", RAMP, WindowCenter=0.2, WindowWidth=0.25, **scale)
    assert_shown(path, RAMP, lambda value, white: twin.linear_exact(value * 0.0001, 0.2, 0.25, white))


@pytest.mark.parametrize("depth", [8, 12, 16])
def test_a_voi_table_is_looked_up_and_fills_the_grey_levels(tmp_path: Path, depth: int) -> None:
    """Also one of 8 bits with more than 256 entries, and one that begins below zero."""
    entries = [round((2**depth - 1) * (place / 999) ** 2) for place in range(1000)]
    for first, values in ((500, RAMP), (-700, SIGNED)):
        path = image(tmp_path / f"{first}.dcm", values, VOILUTSequence=[table(first, depth, entries)])
        assert_shown(
            path,
            values,
            lambda value, white, first=first: twin.looked_up(value, first, entries) / (2**depth - 1) * white,  # type: ignore[misc]
        )


def test_a_voi_table_is_preferred_to_a_window(tmp_path: Path) -> None:
    entries = list(range(0, 4096, 2))
    both = image(tmp_path / "a", RAMP, VOILUTSequence=[table(0, 12, entries)], WindowCenter=10, WindowWidth=5)
    assert np.array_equal(shown(both), shown(image(tmp_path / "b", RAMP, VOILUTSequence=[table(0, 12, entries)])))


def test_a_modality_table_comes_before_the_window_and_gives_the_range_without_one(tmp_path: Path) -> None:
    entries = [min(place * place // 64, 65535) for place in range(2048)]
    alone = image(tmp_path / "a", RAMP, ModalityLUTSequence=[table(100, 16, entries)])
    assert_shown(alone, RAMP, lambda value, white: twin.looked_up(value, 100, entries) / 65535 * white)
    window = {"WindowCenter": 20000, "WindowWidth": 9000}
    path = image(tmp_path / "b", RAMP, ModalityLUTSequence=[table(100, 16, entries)], **window)
    assert_shown(path, RAMP, lambda value, white: twin.linear(twin.looked_up(value, 100, entries), 20000, 9000, white))


def test_monochrome1_is_inverted(tmp_path: Path) -> None:
    for elements in ({}, {"WindowCenter": 1000, "WindowWidth": 800}):
        normal = image(tmp_path / "a", RAMP, **elements)
        inverted = image(tmp_path / "b", RAMP, PhotometricInterpretation="MONOCHROME1", **elements)
        assert np.abs(shown(inverted, 16).astype(int) - (65535 - shown(normal, 16))).max() <= 1


@pytest.mark.parametrize("stored", [8, 10, 12, 14, 15])
@pytest.mark.parametrize("kind", ["u2", "i2"])
def test_without_a_window_the_bits_that_are_stored_are_the_range_of_every_image(
    tmp_path: Path, stored: int, kind: str
) -> None:
    """So a dark image of a device stays darker than a bright one."""
    low = -(2 ** (stored - 1)) if kind == "i2" else 0
    high = low + 2**stored - 1
    values = np.array([[low, high, (low + high) // 2, 3]], kind)
    path = image(tmp_path / "a.dcm", values, stored)
    assert_shown(path, values, lambda value, white: (value - low) / (high - low) * white)
    dark = np.array([[low, low + 1]], kind)
    assert shown(image(tmp_path / "b.dcm", dark, stored), 16)[0].tolist() == [0, round(65535 / (high - low))]


def test_a_slope_below_zero_turns_the_range_round(tmp_path: Path) -> None:
    path = image(tmp_path / "a.dcm", RAMP, RescaleSlope=-1, RescaleIntercept=4095)
    assert_shown(path, RAMP, lambda value, white: (4095 - value) / 4095 * white)


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [([0, 4095], 0, 4095), ([17, 300], 0, 4095), ([0, 4096], 0, 65535), ([0, 65535], 0, 65535)],
)
def test_sixteen_bits_of_which_twelve_are_used_count_as_twelve(
    tmp_path: Path, values: list[int], low: int, high: int
) -> None:
    stored = np.array([values], np.uint16)
    assert_shown(
        image(tmp_path / "a.dcm", stored, 16), stored, lambda value, white: (value - low) / (high - low) * white
    )


@pytest.mark.parametrize(("values", "low", "high"), [([-2048, 2047], -2048, 2047), ([0, 4000], 0, 4095)])
def test_signed_values_of_sixteen_bits_count_as_twelve_too(
    tmp_path: Path, values: list[int], low: int, high: int
) -> None:
    stored = np.array([values], np.int16)
    assert_shown(
        image(tmp_path / "a.dcm", stored, 16), stored, lambda value, white: (value - low) / (high - low) * white
    )


@pytest.mark.parametrize("said", [{"Modality": "CT"}, {"RescaleType": "HU"}])
def test_ct_without_a_window_is_shown_in_hounsfield_units(tmp_path: Path, said: dict[str, str]) -> None:
    path = image(tmp_path / "a.dcm", RAMP, RescaleSlope=1.5, RescaleIntercept=-1024, **said)
    assert_shown(path, RAMP, lambda value, white: (value * 1.5 - 1024 + 1024) / 4095 * white)
    other = image(tmp_path / "b.dcm", RAMP, RescaleSlope=1.5, RescaleIntercept=-1024, Modality="CT", RescaleType="US")
    assert_shown(other, RAMP, lambda value, white: value / 4095 * white)


def test_values_of_more_than_sixteen_bits_go_from_the_smallest_to_the_largest(tmp_path: Path) -> None:
    values = np.array([[-(2**20), 0, 3 * 2**20]], np.int32)
    path = written(tmp_path / "a.dcm", dataset(values, 32))
    assert shown(path)[0].tolist() == [0, 64, 255]
    window = written(tmp_path / "b.dcm", dataset(values, 32, WindowCenter=0.5, WindowWidth=2**20 + 1))
    assert shown(window)[0].tolist() == [0, 128, 255]


def test_floats_go_from_the_smallest_to_the_largest_and_nan_is_black(tmp_path: Path) -> None:
    made = dataset(np.zeros((1, 4), np.uint32), 32)
    del made.PixelData, made.BitsStored, made.HighBit, made.PixelRepresentation
    made.FloatPixelData = np.array([[0.25, np.nan, 0.5, 0.75]], np.float32).tobytes()
    assert shown(written(tmp_path / "a.dcm", made))[0].tolist() == [0, 0, 128, 255]


@pytest.mark.parametrize("kind", ["MONOCHROME1", "MONOCHROME2"])
def test_padding_is_black_and_no_part_of_the_range(tmp_path: Path, kind: str) -> None:
    values = np.array([[4000, 65535, 0, 1000]], np.uint16)
    elements = {"PhotometricInterpretation": kind, "PixelPaddingValue": 65535}
    levels = shown(image(tmp_path / "a.dcm", values, 16, **elements), 16)[0]
    assert levels[1] == 0
    expected = np.array([4000, 0, 1000]) / 4095 * 65535
    assert np.abs(levels[[0, 2, 3]] - (65535 - expected if kind == "MONOCHROME1" else expected)).max() <= 0.5


def test_padding_may_be_a_range_or_a_negative_value_whose_type_is_said_wrongly(tmp_path: Path) -> None:
    values = np.array([[10, 20, 30, 40]], np.uint16)
    ranged = image(tmp_path / "a.dcm", values, PixelPaddingValue=20, PixelPaddingRangeLimit=30)
    assert (shown(ranged, 16)[0] > 0).tolist() == [True, False, False, True]
    made = dataset(np.array([[-2000, 100]], np.int16), 16, RescaleSlope=1, RescaleIntercept=3000)
    made.add_new("PixelPaddingValue", "US", 65536 - 2000)
    assert (shown(written(tmp_path / "b.dcm", made), 16)[0] > 0).tolist() == [False, True]


def test_what_an_enhanced_file_says_of_its_first_frame_is_used(tmp_path: Path) -> None:
    def item(**elements: object) -> pydicom.Dataset:
        made = pydicom.Dataset()
        for name, value in elements.items():
            setattr(made, name, value)
        return made

    def frame(centre: float) -> pydicom.Dataset:
        return item(FrameVOILUTSequence=[item(WindowCenter=centre, WindowWidth=400)])

    shared = item(PixelValueTransformationSequence=[item(RescaleSlope=2, RescaleIntercept=-100, RescaleType="US")])
    made = dataset(np.stack([RAMP, RAMP.T]), 12)
    made.SharedFunctionalGroupsSequence = [shared]
    made.PerFrameFunctionalGroupsSequence = [frame(700), frame(90)]
    path = written(tmp_path / "a.dcm", made)
    assert_shown(path, RAMP, lambda value, white: twin.linear(twin.rescaled(value, 2, -100), 700, 400, white))


def test_bits_above_those_that_are_stored_are_ignored(tmp_path: Path) -> None:
    """Old files keep overlays there."""
    marked = image(tmp_path / "a.dcm", RAMP | 0xF000)
    assert np.array_equal(shown(marked, 16), shown(image(tmp_path / "b.dcm", RAMP), 16))


def test_channels_and_depth_are_those_that_are_asked_for(tmp_path: Path) -> None:
    path = image(tmp_path / "a.dcm", RAMP)
    for bits, white in ((8, 255), (16, 65535)):
        grey = decode(path, 1, bits=bits)  # type: ignore[call-overload]
        for channels in (3, 4):
            pixels = decode(path, channels, bits=bits)  # type: ignore[call-overload]
            assert pixels.shape == (64, 64, channels)
            assert (pixels[..., :3] == grey).all()
            assert channels == 3 or (pixels[..., 3] == white).all()
        assert grey.flags.writeable
        assert grey.flags.c_contiguous
