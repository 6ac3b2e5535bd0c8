"""Sizes, ids, seeds and epochs of any kind: ``output_size`` and ``explain`` refuse them by name, or answer."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from declared import any_params

from flowerablate import _native

EDGES = [
    0,
    1,
    2,
    3,
    127,
    2**15,
    2**16,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**32,
    2**62,
    2**63 - 1,
    2**63,
    2**64 - 1,
    2**64,
    10**40,
]
STRANGE = [
    *EDGES, *(-edge for edge in EDGES), *(np.int64(edge) for edge in EDGES[:10]), np.uint8(9), True, None, 3.0, 2.5,
    float("nan"), float("inf"), "12", b"12", [9], (9,), {}, np.arange(3), np.array(9), np.float32(9), 1j, object,
]  # fmt: skip
NAMES = ("height", "width", "id", "seed", "epoch")


def chains(choose: random.Random) -> Any:
    """One chain of each op, with parameters drawn from what it declares, where they go together."""
    for name in _native.op_names():
        dtype, channels = choose.choice(_native.op_params(name)["formats"])
        try:
            yield _native.Chain([(name, any_params(name, channels, dtype, choose), 1)], channels, dtype=dtype)
        except ValueError:
            continue


def try_many(rounds: int, seed: int) -> tuple[int, int]:
    choose = random.Random(seed)
    answered = refused = 0
    for chain in (chain for _ in range(rounds) for chain in chains(choose)):
        for _ in range(20):
            given: dict[str, Any] = dict(zip(NAMES, (9, 12, 5, 7, 1), strict=True))
            changed = choose.sample(NAMES, choose.choice([1, 1, 2, 5]))
            given.update({name: choose.choice(STRANGE) for name in changed})
            try:
                size = chain.output_size(given["height"], given["width"])
                chain.explain(**given)
            except (TypeError, ValueError) as error:
                assert any(name in str(error) for name in (*NAMES, "size", "pixels")), error
                refused += 1
            else:
                assert min(size) >= 1
                answered += 1
    return answered, refused


def test_strange_sizes_and_ids_are_refused_or_answered():
    answered, refused = try_many(2, 1)
    assert answered > 100
    assert refused > 500


@pytest.mark.slow
def test_a_hundred_thousand_strange_sizes_do_no_harm():
    assert sum(try_many(100, 2)) > 80_000
