"""Policies: they do what explain() says, and draw from their spaces as often as they should."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from reference import policy
from reference.chain import run
from reference.philox import Draws

from flowerablate import _native

STREAM = 31
NEEDS = {"geometry": "affine", "color": "contrast", "sharpness": "sharpness", "histogram": "equalize"}
HERE = {part: op in _native.op_names() for part, op in NEEDS.items()}
"""The parts of a space whose ops this build has."""

NONE = dict.fromkeys(NEEDS, False)
TRIVIAL = ("trivial_augment", HERE)
RAND = ("rand_augment", {"ops": 2, "magnitude": 17, **HERE})


def draw_image(rng, channels=3, height=21, width=34):
    return rng.integers(20, 200, (height, width, channels), dtype=np.uint8)


@lru_cache(maxsize=2)
def chain_of(name, params, channels):
    return _native.Chain([(name, dict(params), STREAM)], channels)


def explained(name, params, sample, channels=3, size=(21, 34), **keys):
    """The entries that explain() names, with their values, and whether the op is applied at all."""
    chain = chain_of(name, tuple(params.items()), channels)
    ((_, applied, values),) = chain.explain(*size, sample, **{"seed": 0, "epoch": 0, **keys})
    count = params.get("ops", 1)
    numbers = [""] if count == 1 else [str(i + 1) for i in range(count)]
    return applied, [(values[f"op{i}"], values.get(f"value{i}")) for i in numbers] if applied else []


def same_entries(found, wanted):
    assert [name for name, _ in found] == [name for name, _ in wanted]
    for (_, got), (_, value) in zip(found, wanted, strict=True):
        assert got == value if value is None else got == pytest.approx(value, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize(
    ("name", "params"),
    [
        TRIVIAL,
        RAND,
        ("rand_augment", {"ops": 1, "magnitude": 30, **HERE}),
        ("rand_augment", {"ops": 8, "magnitude": 5, **HERE}),
        ("rand_augment", {"ops": 3, "magnitude": 0, **HERE}),
    ],
)
def test_an_image_is_what_the_explained_ops_make_of_it(rng, name, params, channels):
    image = draw_image(rng, channels)
    got = run([(name, params, STREAM)], [image] * 60, seed=3, epoch=4)
    for sample in range(60):
        _, entries = explained(name, params, sample, channels, seed=3, epoch=4)
        calls = [policy.call(*entry) for entry in entries]
        ops = [(*call, 0) for call in calls if call]
        np.testing.assert_array_equal(got[sample], run(ops, [image], fuse=False)[0])


@pytest.mark.parametrize(("name", "params"), [TRIVIAL, RAND, ("rand_augment", {"ops": 5, "magnitude": 30, **HERE})])
def test_the_draws_are_those_of_the_twin(name, params):
    for sample in range(300):
        wanted = getattr(policy, name)(Draws(9, STREAM, 2, sample), **params)
        same_entries(explained(name, params, sample, seed=9, epoch=2)[1], wanted)


@pytest.mark.parametrize(("name", "params"), [TRIVIAL, RAND])
def test_every_op_is_drawn_equally_often(name, params):
    names = policy.left(**HERE)
    drawn = [entry for sample in range(3000) for entry, _ in explained(name, params, sample)[1]]
    counts = [drawn.count(entry) for entry in names]
    expected = len(drawn) / len(names)
    assert sum(counts) == len(drawn)
    assert sum((count - expected) ** 2 for count in counts) / expected < 20 + 2 * len(names)  # p < 1e-4 for 6 to 14


def test_magnitudes_and_signs_are_drawn_equally_often():
    parts = {**NONE, "color": True}
    factors = [
        value
        for sample in range(12000)
        for entry, value in explained("trivial_augment", parts, sample)[1]
        if entry in ("brightness", "color", "contrast")
    ]
    bins = np.rint((np.array(factors) - 1) / 0.99 * 30).astype(int)
    np.testing.assert_allclose(factors, 1 + 0.99 * bins / 30, rtol=1e-12)
    counts = np.bincount(bins + 30, minlength=61).astype(float)
    counts[30] /= 2  # no change, whatever its sign
    expected = len(factors) / 62
    assert ((counts - expected) ** 2 / expected).sum() < 110  # p = 1e-4 for 60 degrees of freedom
    assert abs((bins < 0).sum() - (bins > 0).sum()) < 4 * np.sqrt(len(bins))


def test_the_two_ops_of_an_image_are_drawn_independently():
    parts = {**NONE, "color": True}
    names = policy.left(**parts)
    table = np.zeros((len(names), len(names)))
    for sample in range(3600):
        (first, _), (second, _) = explained("rand_augment", {"ops": 2, "magnitude": 9, **parts}, sample)[1]
        table[names.index(first), names.index(second)] += 1
    expected = 3600 / table.size
    assert ((table - expected) ** 2 / expected).sum() < 77  # p = 1e-4 for 35 degrees of freedom


@pytest.mark.parametrize("magnitude", range(31))
def test_bits_and_thresholds_are_torchvisions(magnitude):
    """As torchvision's tables have them."""
    bits = {"rand_augment": round(8 - magnitude / 7.5), "trivial_augment": round(8 - magnitude / 5)}
    for name, wanted in bits.items():
        assert policy.value(name, "posterize", magnitude, True) == wanted
        assert policy.value(name, "solarize", magnitude, True) == pytest.approx(255 * (1 - magnitude / 30))


@pytest.mark.parametrize("name", ["rand_augment", "trivial_augment"])
def test_the_space_is_torchvisions(name):
    from torchvision.transforms import v2

    transform = {"rand_augment": v2.RandAugment, "trivial_augment": v2.TrivialAugmentWide}[name]
    theirs = {key.lower(): entry for key, entry in transform._AUGMENTATION_SPACE.items()}
    assert sorted(theirs) == sorted(entry.replace("_", "") for entry in policy.NAMES)
    for entry in policy.NAMES:
        magnitudes, signed = theirs[entry.replace("_", "")]
        values = magnitudes(31, 224, 224)
        assert (entry in policy.SIGNED) == signed
        if values is None:
            assert policy.value(name, entry, 7, False) is None
            continue
        ours = np.array([policy.value(name, entry, bin, False) for bin in range(31)], float)
        if entry.startswith("shear"):
            ours = np.tan(np.radians(ours))
        elif entry.startswith("translate"):
            ours = ours * 224
        elif entry == "solarize":
            ours = ours / 255
        elif signed and entry != "rotate":
            ours = ours - 1
        np.testing.assert_allclose(ours, values.double().numpy(), atol=1e-5)


@pytest.mark.parametrize(("name", "params"), [TRIVIAL, RAND])
def test_the_probability_is_the_share_of_the_images_that_are_changed(rng, name, params):
    image = draw_image(rng)
    share = {**params, "probability": 0.4}
    whole, got = (run([(name, chosen, STREAM)], [image] * 200) for chosen in (params, share))
    applied = [explained(name, share, sample)[0] for sample in range(200)]
    assert applied == [Draws(0, STREAM, 0, sample).uniform(0) < 0.4 for sample in range(200)]
    for sample in range(200):
        np.testing.assert_array_equal(got[sample], whole[sample] if applied[sample] else image)


def test_a_policy_with_all_parts_left_out_changes_nothing(rng):
    image = draw_image(rng)
    assert explained("trivial_augment", NONE, 5)[1] == [("identity", None)]
    np.testing.assert_array_equal(run([("trivial_augment", NONE, 1)], [image] * 3)[2], image)


def test_a_policy_fits_anywhere_in_a_chain(rng):
    images = [draw_image(rng) for _ in range(20)]
    before, after = ("horizontal_flip", {"probability": 0.5}, 1), ("brightness", {"low": 0.5, "high": 1.5}, 2)
    middle = ("rand_augment", {"ops": 3, "magnitude": 12, **HERE}, STREAM)
    step = list(images)
    for op in (before, middle, after):
        step = [run([op], [image] * (sample + 1))[sample] for sample, image in enumerate(step)]
    np.testing.assert_array_equal(run([before, middle, after], images), step)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"ops": 0, "magnitude": 9}, "'ops' must be between 1 and 8, not 0"),
        ({"ops": 2, "magnitude": 31}, "'magnitude' must be between 0 and 30, not 31"),
        ({"ops": 2}, "'magnitude' is missing"),
    ],
)
def test_wrong_parameters_are_named(params, message):
    with pytest.raises(ValueError, match=message):
        _native.Chain([("rand_augment", {**params, **NONE}, 0)], 3)
