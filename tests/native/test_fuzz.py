"""Arrays of any shape, stride and type, and ops with any parameters that they declare: the core refuses them with a
message, or gives what it must.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from declared import any_params
from reference.chain import pack, run

from flowerablate import _native

OPS = [("resize", {"size": 9, "fit": "cover", "antialias": True}, 0), ("horizontal_flip", {"probability": 0.5}, 1)]
TYPES = [np.uint8, np.uint16, np.int16, np.int32, np.int64, np.uint64, np.float32, np.float64, bool, object]
NAMES = ("pixels", "offsets", "heights", "widths", "indices", "ids", "out")


def strange(array: np.ndarray[Any, Any], choose: random.Random) -> Any:
    """The same numbers in another guise, or other numbers, or no array at all."""
    kind = choose.randrange(12)
    if kind == 0:
        return array.astype(choose.choice(TYPES))
    if kind == 1:
        return array[::-1]
    if kind == 2:
        wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
        wide[..., ::2] = array
        return wide[..., ::2]
    if kind == 3:
        return np.asfortranarray(array)
    if kind == 4:
        raw = np.zeros(array.nbytes + 1, np.uint8)
        shifted = raw[1:].view(array.dtype).reshape(array.shape)
        shifted[...] = array
        return shifted
    if kind == 5:
        return array.astype(array.dtype.newbyteorder())
    if kind == 6:
        return array[: choose.randrange(len(array) + 1)]
    if kind == 7:
        return np.concatenate([array, array])
    if kind == 8:
        return array[None] if choose.random() < 0.5 else array.reshape(-1)
    if kind == 9:
        return choose.choice([None, 3, "x", [1, 2], array.tolist(), memoryview(array), np.float32(2)])
    if kind == 10:
        other = array.copy()
        limits = np.iinfo(array.dtype) if array.dtype.kind in "iu" else np.finfo(array.dtype)
        other.reshape(-1)[choose.randrange(other.size)] = choose.choice([limits.min, limits.max, 0, 1])
        return other
    frozen = array.copy()
    frozen.flags.writeable = False
    return frozen


def try_many(count: int, seed: int) -> tuple[int, int]:
    choose = random.Random(seed)
    rng = np.random.default_rng(seed)
    chain = _native.Chain(OPS, 3)
    plain = pack([rng.integers(0, 256, (h, w, 3), dtype=np.uint8) for h, w in [(7, 9), (1, 1), (12, 5)]])
    wanted = np.empty((3, 9, 9, 3), np.uint8)
    chain.run(**plain, out=wanted, seed=3, epoch=1)
    ran = refused = 0
    messages: set[str] = set()
    for _ in range(count):
        out = np.zeros_like(wanted)
        given: dict[str, Any] = {**plain, "out": out}
        changed = choose.sample(NAMES, choose.choice([1, 1, 1, 2]))
        for name in changed:
            given[name] = strange(given[name], choose)
        try:
            chain.run(**given, seed=3, epoch=1, threads=choose.randrange(4))
        except (TypeError, ValueError) as error:
            messages.add(str(error))
            refused += 1
        else:
            ran += 1
            if changed == ["out"] and given["out"].dtype == np.uint8:
                np.testing.assert_array_equal(given["out"], wanted)
    unnamed = [text for text in messages if not any(name in text for name in (*NAMES, "sample"))]
    assert not unnamed, "an error must name the argument"
    return ran, refused


def test_strange_arrays_are_refused_or_read_rightly():
    ran, refused = try_many(3000, 1)
    assert ran > 100
    assert refused > 1000


def test_any_declared_parameters_give_the_same_images_on_any_number_of_threads():
    choose, rng = random.Random(3), np.random.default_rng(3)
    ran = 0
    for name in _native.op_names() * 4:
        dtype, channels = choose.choice(_native.op_params(name)["formats"])
        top = np.iinfo(dtype).max
        images = [rng.integers(0, top, (19, 23, channels), dtype=dtype, endpoint=True) for _ in range(4)]
        ops = [(name, any_params(name, channels, dtype, choose), choose.randrange(9))]
        floats = _native.op_params(name)["last"]
        try:
            _native.Chain(ops, channels, dtype=dtype).output_size(19, 23)
        except ValueError:  # several values that do not go together
            continue
        one = run(ops, images, floats=floats, threads=1)
        np.testing.assert_array_equal(one, run(ops, images, floats=floats, threads=3))
        ran += 1
    assert ran > 150


@pytest.mark.slow
def test_a_hundred_thousand_strange_arrays_do_no_harm():
    assert sum(try_many(100_000, 2)) == 100_000
