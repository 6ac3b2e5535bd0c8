"""The keyed random numbers: right generator, right keys, right distribution."""

from __future__ import annotations

import sys
import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference.philox import Draws, philox4x32_10
from scipy import stats

from flowerablate import _native

WORDS = st.integers(0, 2**64 - 1)


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ((0,) * 4, (0,) * 2, (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_the_twin_gives_the_known_answers_of_random123(counter, key, expected):
    assert philox4x32_10(counter, key) == expected


@given(
    seed=WORDS,
    stream=WORDS,
    epoch=st.integers(0, 2**32 - 1),
    ids=st.lists(WORDS, max_size=3),
    first=st.integers(0, 2**32 - 1),
    count=st.integers(0, 5),
)
def test_draws_equal_the_twin(seed, stream, epoch, ids, first, count):
    drawn = _native.uniform(seed, stream, epoch, np.array(ids, np.uint64), first, count)
    wanted = [[Draws(seed, stream, epoch, i).uniform(n) for n in range(first, first + count)] for i in ids]
    assert drawn.shape == (len(ids), count)
    assert drawn.tolist() == wanted


def test_draws_are_uniform_and_independent_across_every_part_of_the_key():
    ids = np.arange(20_000, dtype=np.uint64)
    base = _native.uniform(1, 2, 3, ids, 0, 2)
    assert stats.kstest(base.ravel(), "uniform").pvalue > 1e-3
    others = [
        base[:, 1],
        base[:, 0][np.roll(np.arange(len(ids)), 1)],
        _native.uniform(2, 2, 3, ids, 0, 1)[:, 0],
        _native.uniform(1, 3, 3, ids, 0, 1)[:, 0],
        _native.uniform(1, 2, 4, ids, 0, 1)[:, 0],
    ]
    for other in others:
        assert abs(np.corrcoef(base[:, 0], other)[0, 1]) < 0.03


def test_seed_and_stream_are_not_interchangeable():
    ids = np.arange(4, dtype=np.uint64)
    assert not np.array_equal(_native.uniform(1, 2, 0, ids, 0, 4), _native.uniform(2, 1, 0, ids, 0, 4))


@pytest.fixture
def no_forced_switches():
    """Let the interpreter change threads only where the running one lets go of the lock itself."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(60)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("no_forced_switches")
def test_other_threads_run_while_numbers_are_drawn():
    ids = np.arange(50_000, dtype=np.uint64)
    counted = 0
    meanwhile = []

    def draw():
        for _ in range(3):
            before = counted
            _native.uniform(1, 2, 3, ids, 0, 20)
            meanwhile.append(counted - before)

    worker = threading.Thread(target=draw)
    worker.start()
    while worker.is_alive():
        counted += 1
        time.sleep(1e-5)
    assert max(meanwhile) > 0
