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
from catalogue import CROP, FULL, every_op, geometry_ops, takes, writes_floats
from reference.chain import pack, run, twin

from flowerablate import _native


@pytest.mark.parametrize("fuse", [True, False])
def test_merged_warps_do_not_depend_on_threads(images, fuse):
    enlarged = ("random_resized_crop", {**CROP, "size": 150}, 1)
    for ops in ([enlarged, *FULL[1:2], *geometry_ops()[2:3]], [*geometry_ops()[4:5], *geometry_ops()[11:12]]):
        chosen = [image for image in images if ops[0][0] != "affine" or image.shape == images[0].shape]
        one = run(ops, chosen * 5, seed=8, threads=1, fuse=fuse)
        for threads in (2, 7):
            np.testing.assert_array_equal(run(ops, chosen * 5, seed=8, threads=threads, fuse=fuse), one)


def test_results_do_not_depend_on_threads(images):
    many = images * 5
    one = run(FULL, many, floats=True, seed=8, threads=1)
    for threads in (2, 7, 0):
        np.testing.assert_array_equal(run(FULL, many, floats=True, seed=8, threads=threads), one)


def test_the_catalogue_has_every_op():
    assert {name for name, _, _ in every_op(3)} == set(_native.op_names())


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_no_op_depends_on_threads_or_on_how_a_batch_is_split(channels):
    rng = np.random.default_rng(5)
    for op in every_op(channels):
        for dtype in ("uint8", "uint16"):
            if not takes(op, channels, dtype):
                continue
            images = list(rng.integers(0, np.iinfo(dtype).max, (9, 19, 34, channels), dtype, endpoint=True))
            floats = writes_floats(op)
            whole = run([op], images, floats=floats, seed=8, threads=1)
            for threads in (2, 7):
                again = run([op], images, floats=floats, seed=8, threads=threads)
                assert again.tobytes() == whole.tobytes(), (op, dtype, threads)
            chain, packed, out = _native.Chain([op], channels, dtype=dtype), pack(images), np.empty_like(whole)
            for part in (slice(0, 1), slice(1, 6), slice(6, 9)):
                chosen = {**packed, "indices": packed["indices"][part], "ids": packed["ids"][part]}
                chain.run(**chosen, out=out[part], seed=8, epoch=0)
            assert out.tobytes() == whole.tobytes(), (op, dtype)


def test_results_do_not_depend_on_the_batch_or_its_order(images):
    packed = pack(images)
    chain = _native.Chain(FULL, 3)

    def of(order):
        out = np.empty((len(order), 3, 40, 40), np.float32)
        picked = {**packed, "indices": packed["indices"][order], "ids": packed["ids"][order]}
        chain.run(**picked, out=out, seed=1, epoch=2)
        return out

    whole = of([0, 1, 2, 3, 4, 5, 6])
    np.testing.assert_array_equal(np.concatenate([of([0]), of([1, 2, 3]), of([4, 5]), of([6])]), whole)
    np.testing.assert_array_equal(of([6, 2, 2, 0]), whole[[6, 2, 2, 0]])


def test_layout_and_type_of_the_output_do_not_change_the_values(images):
    planar = run(FULL, images, floats=True)
    np.testing.assert_array_equal(run(FULL, images, floats=True, channels_last=True), planar)
    without = FULL[:-1]
    scaled = run(without, images).transpose(0, 3, 1, 2).astype(np.float32) * np.float32(1 / 255)
    np.testing.assert_array_equal(run(without, images, floats=True), scaled)


def test_seed_epoch_and_sample_each_change_the_draws(images):
    same = [images[0], images[0]]
    base = run(FULL, same, floats=True)
    assert not np.array_equal(base[0], base[1])
    assert not np.array_equal(base, run(FULL, same, floats=True, seed=1))
    assert not np.array_equal(base, run(FULL, same, floats=True, epoch=1))
    np.testing.assert_array_equal(base, run(FULL, same, floats=True))


@pytest.mark.parametrize("removed", range(len(FULL) - 1))
def test_removing_a_step_leaves_the_draws_of_all_others(images, removed):
    """What is left must be the twins of the steps that are left, each with its own stream."""
    left = [op for i, op in enumerate(FULL[:-1]) if i != removed]
    images = [image[:40, :40] for image in images if min(image.shape[:2]) >= 40]
    images = [np.ascontiguousarray(image) for image in images] * 3
    got = run(left, images, seed=4, epoch=7)
    for sample, image in enumerate(images):
        wanted = twin(left, image, seed=4, epoch=7, sample=sample).astype(int)
        # Errors of one level grow through contrast and can shift; a draw of another step would change the image.
        assert np.abs(got[sample] - wanted).mean() < 1.0


@pytest.mark.parametrize("removed", [i for i, (_, params, _) in enumerate(FULL) if "probability" in params])
def test_a_step_that_never_applies_changes_no_byte_of_what_the_others_do(images, removed):
    name, params, stream = FULL[removed]
    idle = [*FULL[:removed], (name, {**params, "probability": 0.0}, stream), *FULL[removed + 1 :]]
    without = [*FULL[:removed], *FULL[removed + 1 :]]
    np.testing.assert_array_equal(run(idle, images, floats=True), run(without, images, floats=True))


def digests(*numbers_of_channels: int) -> dict[str, str]:
    """A digest of each op on images of many sizes; run in a subprocess for each instruction set."""
    rng = np.random.default_rng(1)
    found = {}
    for channels in numbers_of_channels:
        for place, op in enumerate(every_op(channels)):
            for depth in (8, 16):
                if not takes(op, channels, f"uint{depth}"):
                    continue
                total = hashlib.sha256()
                for height, width in [(1, 1), (40, 61), (90, 133), (17, 301)]:
                    image = rng.integers(0, 1 << depth, (height, width, channels), dtype=f"uint{depth}")
                    for floats, last in [(True, False), (True, True)] if writes_floats(op) else [(False, False)]:
                        total.update(run([op], [image] * 3, floats=floats, channels_last=last, seed=2).tobytes())
                found[f"{channels} channels, {depth} bits, {place} {op}"] = total.hexdigest()
        smooth = [np.kron(rng.integers(0, 256, (9, 11, channels), dtype=np.uint8), np.ones((4, 4, 1), np.uint8))] * 9
        merged = [("random_resized_crop", {**CROP, "size": 64}, 1), *FULL[1:2], FULL[3], geometry_ops()[2]]
        found[f"{channels} channels, merged"] = hashlib.sha256(run(merged, smooth).tobytes()).hexdigest()
    return found


@pytest.mark.parametrize("path", ["avx2", "avx512"])
@pytest.mark.parametrize("channels", [(3,), pytest.param((1, 4), marks=pytest.mark.slow)], ids=str)
def test_instruction_sets_agree_to_the_bit(path, channels):
    def digests_of(forced):
        source = Path(__file__)
        code = f"import sys, json; sys.path[:0] = {[str(source.parent), str(source.parents[1])]!r}\n"
        code += "import test_invariance as t; from flowerablate import _native\n"
        code += f"print(json.dumps([_native.simd_path(), t.digests(*{channels})]))"
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
