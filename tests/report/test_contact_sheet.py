"""The sheet as pixels: wins above losses, images as they are, whatever names they have."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from flowerablate.contracts import Contrast
from flowerablate.report.contact_sheet import contact_sheet
from flowerablate.report.image_report import ContrastImages
from flowerablate.report.sheets import IMAGE
from flowerablate.stats.image_wins import ImageCount, ImageWins

CONTRAST = Contrast("-flip", "removal", {"": 1.0, "-flip": -1.0})
WON, LOST, EMPTY = (10, 99, 166), (189, 75, 6), (239, 239, 234)


def count(key: str, won: int, lost: int) -> ImageCount:
    return ImageCount(key, "rose", 3, won, lost, won, lost, 0.1, "rose", "daisy")


def images(wins, losses) -> ContrastImages:
    return ContrastImages(CONTRAST, ImageWins(tuple(wins), tuple(losses), 9, 3, 27, 4, 2))


def drawn(rows, images, top=10) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(contact_sheet(rows, images, top))))


def lines_of(sheet: np.ndarray, color: tuple[int, int, int]) -> np.ndarray:
    return np.flatnonzero((sheet == color).all(axis=2).any(axis=1))


@pytest.fixture
def flat():
    return {"w": Image.new("RGB", (300, 200), "#00ff00"), "l": Image.new("L", (8, 8), 77)}


def test_wins_stand_above_losses_each_behind_its_heading(flat):
    sheet = drawn([images([count("w", 3, 0)], [count("l", 0, 3)])], flat)
    order = [lines_of(sheet, color)[0] for color in (WON, (0, 255, 0), LOST, (77, 77, 77))]
    assert order == sorted(order)


def test_a_small_image_is_enlarged_by_a_whole_factor_with_its_pixels_as_they_are(flat):
    sheet = drawn([images([], [count("l", 0, 3)])], flat)
    assert (sheet == (77, 77, 77)).all(axis=2).sum() == (IMAGE // 8 * 8) ** 2


def test_a_large_image_is_reduced_with_its_proportions(flat):
    sheet = drawn([images([count("w", 3, 0)], [])], flat)
    assert (sheet == (0, 255, 0)).all(axis=2).sum() == IMAGE * (IMAGE * 2 // 3)


def test_more_than_top_are_left_out(flat):
    three = [images([count("w", 3, 0), count("w", 2, 0), count("w", 1, 0)], [])]
    areas = [(drawn(three, flat, top) == (0, 255, 0)).all(axis=2).sum() for top in (1, 2, 9)]
    assert areas[1] == 2 * areas[0]
    assert areas[2] == 3 * areas[0]


def test_an_image_that_is_not_found_leaves_its_field_empty():
    sheet = drawn([images([count("gone", 3, 0)], [])], {})
    assert (sheet == EMPTY).all(axis=2).sum() > IMAGE * IMAGE / 2


def test_names_of_any_length_and_alphabet_stay_in_their_column(flat):
    narrow = drawn([images([count("w", 3, 0)], [])], flat)
    name = "Розы/薔薇/" + "x" * 500 + "\x1b\u202e.png"
    assert drawn([images([count(name, 3, 0)], [])], {name: flat["w"]}).shape == narrow.shape


def test_the_same_images_give_the_same_file(flat):
    rows = [images([count("w", 3, 0)], [count("l", 0, 3)])]
    assert contact_sheet(rows, flat, 5) == contact_sheet(rows, flat, 5)
