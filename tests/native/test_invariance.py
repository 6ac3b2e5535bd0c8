"""Results depend on seed, epoch, sample id and step names alone."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from reference.chain import pack, run, twin

from flowerablate import _native

CROP = {"size": 40, "scale_low": 0.3, "scale_high": 1.0, "ratio_low": 0.75, "ratio_high": 1.33, "antialias": True}
FULL = [
    ("random_resized_crop", CROP, 1),
    ("horizontal_flip", {"probability": 0.5}, 2),
    ("morphology", {"op": "open", "size": 3, "shape": "ellipse"}, 3),
    ("rotate", {"degrees": 20, "border": "reflect101", "probability": 0.8}, 4),
    ("morphology", {"op": "close", "size": 4, "shape": "rectangle"}, 5),
    ("brightness_contrast", {"brightness": 0.2, "contrast": 0.2, "probability": 0.9}, 6),
    ("normalize", {"mean": (0.5, 0.4, 0.3), "std": (0.2, 0.3, 0.4)}, 0),
]
PARTS = {"geometry": False, "color": True, "sharpness": True, "histogram": True}
COLOR = [
    ("grey", {}),
    ("single_channel", {"channel": 0}),
    ("channel_shuffle", {}),
    ("invert", {}),
    ("brightness", {"low": 0.2, "high": 2.5}),
    ("contrast", {"low": 0.0, "high": 3.0}),
    ("saturation", {"low": 0.0, "high": 3.0}),
    ("hue", {"low": -0.5, "high": 0.5}),
    ("posterize", {"bits_low": 1, "bits_high": 8}),
    ("solarize", {"threshold_low": 0.0, "threshold_high": 256.0}),
    ("color_jitter", {"brightness": 0.4, "contrast": 0.4, "saturation": 1.5, "hue": 0.1}),
    ("hsv_jitter", {"hue": 20.0, "saturation": 30.0, "value": 20.0}),
    ("rand_augment", {"ops": 3, "magnitude": 20, **PARTS}),
    ("trivial_augment", PARTS),
]


def test_results_do_not_depend_on_threads(pictures):
    many = pictures * 5
    one = run(FULL, many, floats=True, seed=8, threads=1)
    for threads in (2, 7, 0):
        np.testing.assert_array_equal(run(FULL, many, floats=True, seed=8, threads=threads), one)


@pytest.mark.parametrize(("name", "params"), COLOR, ids=[name for name, _ in COLOR])
def test_changes_of_colour_do_not_depend_on_threads(pictures, name, params):
    many = [pictures[0]] * 20
    one = run([(name, params, 5)], many, seed=8, threads=1)
    for threads in (2, 7):
        np.testing.assert_array_equal(run([(name, params, 5)], many, seed=8, threads=threads), one)


def test_results_do_not_depend_on_the_batch_or_its_order(pictures):
    packed = pack(pictures)
    chain = _native.Chain(FULL, 3)

    def of(order):
        out = np.empty((len(order), 3, 40, 40), np.float32)
        picked = {**packed, "indices": packed["indices"][order], "ids": packed["ids"][order]}
        chain.run(**picked, out=out, seed=1, epoch=2)
        return out

    whole = of([0, 1, 2, 3, 4, 5, 6])
    np.testing.assert_array_equal(np.concatenate([of([0]), of([1, 2, 3]), of([4, 5]), of([6])]), whole)
    np.testing.assert_array_equal(of([6, 2, 2, 0]), whole[[6, 2, 2, 0]])


def test_layout_and_type_of_the_output_do_not_change_the_values(pictures):
    planar = run(FULL, pictures, floats=True)
    np.testing.assert_array_equal(run(FULL, pictures, floats=True, channels_last=True), planar)
    without = FULL[:-1]
    scaled = run(without, pictures).transpose(0, 3, 1, 2).astype(np.float32) * np.float32(1 / 255)
    np.testing.assert_array_equal(run(without, pictures, floats=True), scaled)


def test_seed_epoch_and_sample_each_change_the_draws(pictures):
    same = [pictures[0], pictures[0]]
    base = run(FULL, same, floats=True)
    assert not np.array_equal(base[0], base[1])
    assert not np.array_equal(base, run(FULL, same, floats=True, seed=1))
    assert not np.array_equal(base, run(FULL, same, floats=True, epoch=1))
    np.testing.assert_array_equal(base, run(FULL, same, floats=True))


@pytest.mark.parametrize("removed", range(len(FULL) - 1))
def test_removing_a_step_leaves_the_draws_of_all_others(pictures, removed):
    """What is left must be the twins of the steps that are left, each with its own stream."""
    left = [op for i, op in enumerate(FULL[:-1]) if i != removed]
    images = [picture[:40, :40] for picture in pictures if min(picture.shape[:2]) >= 40]
    images = [np.ascontiguousarray(image) for image in images] * 3
    got = run(left, images, seed=4, epoch=7)
    for sample, image in enumerate(images):
        wanted = twin(left, image, seed=4, epoch=7, sample=sample).astype(int)
        # Errors of one level grow through contrast and can shift; a draw of another step would change the picture.
        assert np.abs(got[sample] - wanted).mean() < 1.0


@pytest.mark.parametrize("removed", [i for i, (_, params, _) in enumerate(FULL) if "probability" in params])
def test_a_step_that_never_applies_changes_no_byte_of_what_the_others_do(pictures, removed):
    name, params, stream = FULL[removed]
    idle = [*FULL[:removed], (name, {**params, "probability": 0.0}, stream), *FULL[removed + 1 :]]
    without = [*FULL[:removed], *FULL[removed + 1 :]]
    np.testing.assert_array_equal(run(idle, pictures, floats=True), run(without, pictures, floats=True))


def digests() -> dict[str, str]:
    """A digest of each op on pictures of many sizes; run in a subprocess for each instruction set."""
    rng = np.random.default_rng(1)
    found = {}
    for channels in (1, 3, 4):
        mean, std = (0.5, 0.4, 0.3, 0.2)[:channels], (0.2, 0.3, 0.4, 0.1)[:channels]
        ops = [*FULL[:-1], ("normalize", {"mean": mean, "std": std}, 0)]
        ops += [
            ("morphology", {"op": op, "size": size, "shape": shape}, 0)
            for op in ("erode", "close")
            for size in (2, 3, 9, 15, 31, 63)
            for shape in ("rectangle", "cross", "ellipse")
        ]
        ops += [
            ("morphology", {"op": op, "size": 5, "shape": shape, "iterations": 2, "on": on, "border": border}, 0)
            for op, on, border in [("gradient", "luminance", "edge"), ("tophat", "channels", "reflect")]
            for shape in ("rectangle", "disk")
        ]
        ops += [
            ("threshold", {"value": (90.0, 125.0, 30.0, 200.0)[:channels], "mode": mode}, 0)
            for mode in ("binary", "truncate", "tozero_inv")
        ]
        ops += [("threshold", {"value": (90.0,), "channel": str(channels - 1), "output": "mask"}, 0)]
        ops += [("otsu", {"on": on, "mode": "tozero"}, 0) for on in ("luminance", "channels")]
        ops += [
            ("adaptive_threshold", {"method": method, "block_size": size, "c": 2.0, "on": on}, 0)
            for method in ("mean", "gaussian")
            for size in (3, 15)
            for on in ("luminance", "channels")
        ]
        ops += [("rotate", {"degrees": 180, "border": b, "probability": 1.0}, 4) for b in ("constant", "edge", "wrap")]
        ops += [
            ("resize", {"size": size, "fit": fit, "antialias": antialias}, 0)
            for size in (7, 64, 200)
            for fit in ("cover", "stretch", "shorter")
            for antialias in (True, False)
        ]
        ops += [("center_crop", {"size": 50}, 0)]
        ops += [(name, params, 5) for name, params in COLOR]
        for place, op in enumerate(ops):
            total = hashlib.sha256()
            for height, width in [(1, 1), (40, 61), (90, 133), (17, 301)]:
                image = rng.integers(0, 256, (height, width, channels), dtype=np.uint8)
                for floats, last in [(True, False), (True, True)] if op[0] == "normalize" else [(False, False)]:
                    total.update(run([op], [image] * 3, floats=floats, channels_last=last, seed=2).tobytes())
            found[f"{channels} {place} {op}"] = total.hexdigest()
    return found


@pytest.mark.parametrize("path", ["avx2", "avx512"])
def test_instruction_sets_agree_to_the_bit(path):
    def digests_of(forced):
        source = Path(__file__)
        code = f"import sys, json; sys.path[:0] = {[str(source.parent), str(source.parents[1])]!r}\n"
        code += "import test_invariance as t; from flowerablate import _native\n"
        code += "print(json.dumps([_native.simd_path(), t.digests()]))"
        environment = {**os.environ, "FLOWERABLATE_SIMD": forced}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
        if "cannot run" in done.stderr:
            pytest.skip(f"this CPU has no {path}")
        assert done.returncode == 0, done.stderr
        used, found = json.loads(done.stdout)
        assert used == forced
        return found

    assert digests_of(path) == digests_of("baseline")


def test_an_unknown_instruction_set_is_named():
    code = "from flowerablate import _native; _native.simd_path()"
    environment = {**os.environ, "FLOWERABLATE_SIMD": "mmx"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert "ValueError: FLOWERABLATE_SIMD must be baseline, avx2 or avx512, not 'mmx'" in done.stderr
