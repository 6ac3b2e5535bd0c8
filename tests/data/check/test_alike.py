"""Which images count as copies, and how many pairs are found among images that merely resemble each other."""

import numpy as np
import pytest
from PIL import Image, ImageEnhance
from scipy.ndimage import gaussian_filter

from flowerablate.data.check.alike import exact_groups, joined, near_pairs
from flowerablate.data.check.look import Look, look_at


def scene(seed: int, size: int = 96) -> Image.Image:
    """Smooth patches of colour, as unlike each other as photographs are."""
    noise = np.random.default_rng(seed).normal(size=(size, size, 3))
    smooth = sum(gaussian_filter(noise, (width, width, 0)) * width for width in (2, 5, 12))
    smooth = (smooth - smooth.min()) / (smooth.max() - smooth.min())
    return Image.fromarray((smooth * 255).astype(np.uint8))


def thumbnails(images, folder) -> np.ndarray:
    looks = []
    for number, image in enumerate(images):
        image.save(folder / f"{number:03}.png")
        found = look_at(folder / f"{number:03}.png")
        assert isinstance(found, Look)
        looks.append(found.thumbnail)
    return np.stack(looks)


def quietly(what, done, total):
    assert done <= total


def saved_poorly(image, folder):
    image.save(folder / "poor.jpg", quality=25)
    return Image.open(folder / "poor.jpg").copy()


CHANGES = {
    "smaller": lambda image, folder: image.resize((90, 90)),
    "squeezed": lambda image, folder: image.resize((120, 70)),
    "compressed": saved_poorly,
    "brighter": lambda image, folder: ImageEnhance.Brightness(image).enhance(1.3),
    "less contrast": lambda image, folder: ImageEnhance.Contrast(image).enhance(0.6),
    "grey": lambda image, folder: image.convert("L"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_found_and_nothing_else(change, tmp_path):
    images = [scene(seed) for seed in range(16)]
    images.append(CHANGES[change](images[7], tmp_path))
    assert near_pairs(thumbnails(images, tmp_path), quietly) == [(7, 16)]


def test_what_all_images_share_is_no_likeness(tmp_path):
    """As in X-rays, which all show the same ribs: a common image, and half of it their own."""
    common = np.asarray(scene(99), np.float32)
    images = [Image.fromarray((0.5 * common + 0.5 * np.asarray(scene(seed))).astype(np.uint8)) for seed in range(16)]
    assert near_pairs(thumbnails(images, tmp_path), quietly) == []


def test_a_set_of_copies_only_is_one_group(tmp_path):
    images = [saved_poorly(scene(1).resize((150 + 4 * number, 150)), tmp_path) for number in range(5)]
    assert joined(near_pairs(thumbnails(images, tmp_path), quietly)) == [(0, 1, 2, 3, 4)]


def test_flat_images_are_like_nothing(tmp_path):
    flat = [Image.new("RGB", (40, 40), (shade, shade, shade)) for shade in (0, 100, 200)]
    assert near_pairs(thumbnails(flat, tmp_path), quietly) == []


def test_pairs_are_found_across_blocks(monkeypatch):
    monkeypatch.setattr("flowerablate.data.check.alike._BLOCK", 7)
    images = np.random.default_rng(0).integers(0, 256, (40, 32, 32), dtype=np.uint8)
    images[38], images[12], images[3] = images[2], images[11], images[2]
    assert sorted(near_pairs(images, quietly)) == [(2, 3), (2, 38), (3, 38), (11, 12)]


def test_joined_makes_groups_of_pairs():
    assert joined([(5, 9), (1, 2), (2, 5), (3, 4)]) == [(1, 2, 5, 9), (3, 4)]
    assert joined([]) == []


def test_exact_groups_holds_what_comes_more_than_once():
    assert exact_groups(["a", "b", "a", "c", "b", "a"]) == [(0, 2, 5), (1, 4)]
