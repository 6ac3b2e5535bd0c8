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


def pairs_of(images: np.ndarray, labels=None) -> list[tuple[int, int]]:
    labels = np.zeros(len(images), np.int64) if labels is None else labels
    return near_pairs(images, labels, quietly)[0]


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
    assert pairs_of(thumbnails(images, tmp_path)) == [(7, 16)]


def test_what_all_images_share_is_no_likeness(tmp_path):
    """As in X-rays, which all show the same ribs: a common image, and half of it their own."""
    common = np.asarray(scene(99), np.float32)
    images = [Image.fromarray((0.5 * common + 0.5 * np.asarray(scene(seed))).astype(np.uint8)) for seed in range(16)]
    assert pairs_of(thumbnails(images, tmp_path)) == []


def test_a_set_of_copies_only_is_one_group(tmp_path):
    images = [saved_poorly(scene(1).resize((150 + 4 * number, 150)), tmp_path) for number in range(5)]
    assert joined(pairs_of(thumbnails(images, tmp_path))) == [(0, 1, 2, 3, 4)]


def test_flat_images_are_like_nothing(tmp_path):
    flat = [Image.new("RGB", (40, 40), (shade, shade, shade)) for shade in (0, 100, 200)]
    assert pairs_of(thumbnails(flat, tmp_path)) == []


def test_pairs_are_found_across_blocks(monkeypatch):
    monkeypatch.setattr("flowerablate.data.check.alike._BLOCK", 7)
    images = np.random.default_rng(0).integers(0, 256, (40, 32, 32), dtype=np.uint8)
    images[38], images[12], images[3] = images[2], images[11], images[2]
    assert sorted(pairs_of(images)) == [(2, 3), (2, 38), (3, 38), (11, 12)]


def trousers(rng) -> np.ndarray:
    """Two legs on black, which differ in height, width, gap and shade only; uint8 [32, 32]."""
    top, bottom, waist, hem, gap = rng.uniform((1, 28, 4.5, 5, 0.3), (4, 31, 6.5, 7, 2))
    y, x = np.mgrid[:32, :32]
    down = (y - top) / (bottom - top)
    from_middle = abs(x - 15.5)
    legs = np.clip(waist + (hem - waist) * down - from_middle, 0, 1) * ((down >= 0) & (down <= 1))
    legs *= np.clip(from_middle - gap * down + 0.5, 0, 1)
    return np.clip(legs * rng.uniform(90, 230) + rng.normal(0, 2, (32, 32)), 0, 255).astype(np.uint8)


def test_images_that_are_alike_as_their_class_is_are_no_copies_and_copies_among_them_are_found():
    rng = np.random.default_rng(4)
    others = rng.integers(0, 256, (600, 32, 32), dtype=np.uint8)
    alike = np.stack([trousers(rng) for _ in range(200)])
    labels = np.array([0] * 600 + [1] * 200)
    pairs, classes = near_pairs(np.concatenate([others, alike]), labels, quietly)
    assert pairs == []
    assert list(classes) == [1]
    assert classes[1] > 0.9

    copy = (alike[7] * 0.8).astype(np.uint8)
    pairs, _ = near_pairs(np.concatenate([others, alike, copy[None], others[3:4]]), np.array([*labels, 1, 0]), quietly)
    assert sorted(pairs) == [(3, 801), (607, 800)]


def test_a_class_of_copies_is_not_taken_for_one_whose_images_are_alike(tmp_path):
    images = [scene(seed) for seed in range(30)]
    twice = thumbnails([*images, *(saved_poorly(image, tmp_path) for image in images)], tmp_path)
    assert sorted(pairs_of(twice)) == [(number, number + 30) for number in range(30)]


def test_joined_makes_groups_of_pairs():
    assert joined([(5, 9), (1, 2), (2, 5), (3, 4)]) == [(1, 2, 5, 9), (3, 4)]
    assert joined([]) == []


def test_exact_groups_holds_what_comes_more_than_once():
    assert exact_groups(["a", "b", "a", "c", "b", "a"]) == [(0, 2, 5), (1, 4)]
