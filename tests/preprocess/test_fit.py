from __future__ import annotations

import numpy as np
import pytest

from flowerablate.contracts import NativeOp, PythonOp
from flowerablate.data.store import PackedImages
from flowerablate.preprocess import Preprocess, fit
from flowerablate.preprocess.fit import moments_of
from flowerablate.preprocess.steps import NamedOp

COUNT, SIDE = 70, 9
IDS = np.arange(COUNT, dtype=np.uint64) * 17
TRAINING = np.arange(0, COUNT, 2)


@pytest.fixture
def pixels() -> np.ndarray:
    rng = np.random.default_rng(3)
    values = rng.normal([90, 120, 160], [10, 30, 50], (COUNT, SIDE, SIDE, 3))
    return np.clip(values, 0, 255).astype(np.uint8)


def packed(pixels: np.ndarray) -> PackedImages:
    count, height, width, channels = pixels.shape
    offsets = np.arange(count, dtype=np.int64) * (height * width * channels)
    return PackedImages(
        pixels.reshape(-1), offsets, np.full(count, height, np.int32), np.full(count, width, np.int32), channels
    )


def learned(per_channel=True):
    return NamedOp("last", NativeOp("normalize", {"statistics": "training", "per_channel": per_channel}))


def numbers(chain):
    params = chain.ops[-1].op.params
    return np.array(params["mean"]), np.array(params["std"])


def fitted(ops, pixels, *, indices=TRAINING, evaluation=None):
    chains = Preprocess(ops, 3), Preprocess(ops if evaluation is None else evaluation, 3)
    return fit(*chains, packed(pixels), indices, IDS)


def test_the_numbers_are_mean_and_deviation_of_the_training_images(pixels):
    train, _ = fitted([learned()], pixels)
    mean, std = numbers(train)
    values = pixels[TRAINING].reshape(-1, 3) / 255.0
    np.testing.assert_allclose(mean, values.mean(axis=0), rtol=1e-13)
    np.testing.assert_allclose(std, values.std(axis=0), rtol=1e-12)


def test_all_channels_together_have_the_same_numbers(pixels):
    mean, std = numbers(fitted([learned(per_channel=False)], pixels)[0])
    values = pixels[TRAINING] / 255.0
    np.testing.assert_allclose(mean, [values.mean()] * 3, rtol=1e-13)
    np.testing.assert_allclose(std, [values.std()] * 3, rtol=1e-12)


def test_other_images_have_no_part_in_the_numbers(pixels):
    other = pixels.copy()
    other[1::2] = 255 - other[1::2]
    assert fitted([learned()], pixels)[0].ops == fitted([learned()], other)[0].ops


def test_the_order_of_the_images_changes_no_bit_of_the_numbers(pixels):
    assert fitted([learned()], pixels)[0].ops == fitted([learned()], pixels, indices=TRAINING[::-1].copy())[0].ops


def test_training_and_evaluation_get_the_same_numbers_from_images_without_random_changes(pixels):
    darken = NamedOp("dark", PythonOp(lambda batch, draws: batch // 2))
    light = NamedOp("light", NativeOp("brightness_contrast", {"brightness": 0.5, "contrast": 0.5, "probability": 1.0}))
    train, evaluate = fitted([darken, light, learned()], pixels, evaluation=[darken, learned()])
    assert [named.name for named in train.ops] == ["dark", "light", "last"]
    assert train.ops[-1] == evaluate.ops[-1]
    np.testing.assert_allclose(numbers(train)[0], (pixels[TRAINING] // 2).reshape(-1, 3).mean(axis=0) / 255, rtol=1e-13)


def test_training_images_come_out_with_mean_0_and_deviation_1(pixels):
    train, _ = fitted([learned()], pixels)
    out = np.empty((len(TRAINING), 3, SIDE, SIDE), np.float32)
    train.run(packed(pixels), TRAINING, IDS[TRAINING], out, seed=0, epoch=0)
    np.testing.assert_allclose(out.mean(axis=(0, 2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(out.std(axis=(0, 2, 3)), 1, atol=1e-5)


def test_a_channel_that_never_varies_becomes_0(pixels):
    pixels[..., 1] = 77
    train, _ = fitted([learned()], pixels)
    out = np.empty((COUNT, 3, SIDE, SIDE), np.float32)
    train.run(packed(pixels), np.arange(COUNT), IDS, out, seed=0, epoch=0)
    np.testing.assert_allclose(out[:, 1], 0, atol=1e-4)


def test_a_chain_that_waits_knows_its_size_but_does_not_run(pixels):
    chain = Preprocess([learned()], 3)
    assert chain.output_size(SIDE, SIDE) == (SIDE, SIDE)
    out = np.empty((1, 3, SIDE, SIDE), np.float32)
    with pytest.raises(RuntimeError, match="'last' needs statistics of the training images"):
        chain.run(packed(pixels), np.zeros(1, np.int64), IDS[:1], out, seed=0, epoch=0)


def test_chains_that_wait_for_nothing_come_back_as_they_are(pixels):
    chains = Preprocess([], 3), Preprocess([], 3)
    assert fit(*chains, packed(pixels), TRAINING, IDS) == chains


def test_sums_are_exact_however_many_16_bit_pixels_a_batch_has():
    pixels = np.random.default_rng(0).integers(60000, 65536, (2, 1100, 1100, 1), dtype=np.uint16)
    found = moments_of([pixels])
    wide = pixels.astype(np.uint64)
    assert (found.count, found.sums, found.squares) == (pixels.size, (int(wide.sum()),), (int((wide**2).sum()),))


def test_a_chain_that_waits_explains_the_step_that_it_waits_for(pixels):
    flip = NamedOp("flip", NativeOp("horizontal_flip", {"probability": 0.5}))
    waiting = Preprocess([flip, learned()], 3)
    ready, _ = fitted([flip, learned()], pixels)
    explained = waiting.explain(SIDE, SIDE, 5, seed=1, epoch=2)
    assert [drawn.step for drawn in explained] == ["flip", "last"]
    assert explained == ready.explain(SIDE, SIDE, 5, seed=1, epoch=2)
