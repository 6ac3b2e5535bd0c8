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
PARTS = {"geometry": True, "color": True, "sharpness": True, "histogram": True}
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


PER_CHANNEL = [(0.0, True), (0.1, False)]
ERASED = {"scale_low": 0.05, "scale_high": 0.4, "ratio_low": 0.3, "ratio_high": 3.3}


@pytest.mark.parametrize("fuse", [True, False])
def test_merged_warps_do_not_depend_on_threads(pictures, fuse):
    enlarged = ("random_resized_crop", {**CROP, "size": 150}, 1)
    for ops in ([enlarged, *FULL[1:2], *geometry_ops()[2:3]], [*geometry_ops()[4:5], *geometry_ops()[11:12]]):
        chosen = [picture for picture in pictures if ops[0][0] != "affine" or picture.shape == pictures[0].shape]
        one = run(ops, chosen * 5, seed=8, threads=1, fuse=fuse)
        for threads in (2, 7):
            np.testing.assert_array_equal(run(ops, chosen * 5, seed=8, threads=threads, fuse=fuse), one)


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


def geometry_ops() -> list[tuple[str, dict[str, object], int]]:
    borders = ("constant", "edge", "reflect", "reflect101", "wrap")
    wild = {"degrees_low": -90, "degrees_high": 90, "scale_low": 0.3, "scale_high": 2, "shear_x_high": 30}
    return [
        *[("affine", {**wild, "border": b, "interpolation": i}, 4) for b in borders for i in ("bilinear", "nearest")],
        *[("rotate", {"degrees": 30, "border": b}, 4) for b in borders],
        *[("perspective", {"distortion": 0.5, "border": b, "fill": 9}, 5) for b in borders],
        *[("elastic", {"alpha": 40, "sigma": s, "border": "reflect"}, 6) for s in (1.5, 9)],
        *[("resize", {"size": s, "fit": "cover", "interpolation": "bicubic", "antialias": True}, 0) for s in (20, 90)],
        *[
            ("resize", {"size": s, "fit": "stretch", "interpolation": i}, 0)
            for s in (9, 70)
            for i in ("area", "nearest")
        ],
        ("random_resized_crop", CROP, 4),
        ("random_crop", {"size": 31, "padding": 4, "border": "reflect"}, 4),
        ("pad", {"pixels": 5, "border": "wrap"}, 0),
        ("horizontal_flip", {}, 0),
        ("vertical_flip", {}, 0),
    ]


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
        ops += [
            ("to_8_bits", {"low": 9000, "high": 50000}, 0),
            ("min_max", {"per_channel": False}, 0),
            ("percentile_stretch", {"low": 5, "high": 75, "per_channel": True}, 0),
            *(
                ("equalize", {"formula": f, "on": o}, 0)
                for f in ("opencv", "pillow")
                for o in ("channels", "luminance")
            ),
            *(("clahe", {"clip_limit": c, "rows": 8, "columns": 7}, 0) for c in (0, 2)),
            ("gamma", {"gamma": 0.6, "gain": 1.1}, 0),
            ("random_gamma", {"low": 0.3, "high": 3}, 5),
            *(("standardize", {"per_channel": one_by_one}, 0) for one_by_one in (False, True)),
        ]
        ops += [(name, {"size": size}, 0) for name in ("box_blur", "median_blur") for size in (3, 5, 9, 31)]
        ops += [
            ("gaussian_blur", {"size": size, "sigma": sigma}, 0) for size in (3, 5, 7, 9, 63) for sigma in (0.0, 2.5)
        ]
        ops += [("random_gaussian_blur", {"size": 0, "sigma_low": 0.1, "sigma_high": 4.0}, 1)]
        ops += [("unsharp", {"size": 5, "sigma": 0.0, "amount": 1.3, "threshold": 4}, 0)]
        ops += [("sharpness", {"low": 0.0, "high": 3.0}, 1)]
        ops += [("sobel", {"size": size, "output": out}, 0) for size in (1, 3, 5, 7) for out in ("magnitude", "x", "y")]
        ops += [
            ("gaussian_noise", {"std_low": low, "std_high": 0.4, "per_channel": each}, 1) for low, each in PER_CHANNEL
        ]
        ops += [
            ("salt_and_pepper", {"amount": 0.2, "salt_share": 0.6, "per_channel": each}, 1) for _, each in PER_CHANNEL
        ]
        ops += [("random_erasing", {**ERASED, "fill": fill, "value": 0.3}, 1) for fill in ("noise", "mean", "constant")]
        ops += [("cutout", {"holes": 3, "size": 0, "share": 0.4, "fill": "noise", "value": 0.0}, 1)]
        ops += geometry_ops()
        sixteen = {op[0] for op in geometry_ops()}
        for place, (op, depth) in enumerate((op, depth) for op in ops for depth in (8, 16)):
            if depth == 16 and op[0] not in sixteen:
                continue
            total = hashlib.sha256()
            for height, width in [(1, 1), (40, 61), (90, 133), (17, 301)]:
                image = rng.integers(0, 1 << depth, (height, width, channels), dtype=f"uint{depth}")
                floating = op[0] in ("normalize", "standardize")
                for floats, last in [(True, False), (True, True)] if floating else [(False, False)]:
                    total.update(run([op], [image] * 3, floats=floats, channels_last=last, seed=2).tobytes())
            found[f"{channels} {place} {op}"] = total.hexdigest()
        smooth = [np.kron(rng.integers(0, 256, (9, 11, channels), dtype=np.uint8), np.ones((4, 4, 1), np.uint8))] * 9
        merged = [("random_resized_crop", {**CROP, "size": 64}, 1), *FULL[1:2], FULL[3], geometry_ops()[2]]
        found[f"{channels} merged"] = hashlib.sha256(run(merged, smooth).tobytes()).hexdigest()
        found[f"{channels} 16 bits"] = wide_digest(channels)
    return found


def wide_digest(channels: int) -> str:
    """A digest of the ops that take 16-bit pictures."""
    ops = [
        ("to_8_bits", {"low": 9000, "high": 50000}, 0),
        ("min_max", {"per_channel": True}, 0),
        ("percentile_stretch", {"low": 5, "high": 75, "per_channel": False}, 0),
        *(("equalize", {"formula": "opencv", "on": on}, 0) for on in ("channels", "luminance")),
        ("gamma", {"gamma": 0.6, "gain": 1.1}, 0),
        ("standardize", {"per_channel": True}, 0),
    ]
    if channels == 1:
        ops.append(("clahe", {"clip_limit": 2, "rows": 2, "columns": 3}, 0))
    total = hashlib.sha256()
    for height, width in [(1, 1), (40, 61), (17, 301)]:
        image = np.random.default_rng(2).integers(0, 65536, (height, width, channels), dtype=np.uint16)
        for op in ops:
            total.update(run([op], [image] * 3, floats=op[0] == "standardize", seed=2).tobytes())
    return total.hexdigest()


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
