"""Threads, forks and exits: nothing hangs, nothing changes."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from reference.chain import pack, run

from flowerablate import _native

OPS = [
    ("resize", {"size": 48, "fit": "cover", "antialias": True}, 0),
    ("morphology", {"op": "open", "size": 5, "shape": "ellipse"}, 0),
    ("rotate", {"degrees": 30, "border": "reflect", "probability": 1.0}, 1),
]
PATIENCE = 60  # seconds after which a child counts as hanging


def in_child(target) -> int:
    """Exit code of *target* in a forked child; -1 if it hangs."""
    child = multiprocessing.get_context("fork").Process(target=target)
    child.start()
    child.join(PATIENCE)
    if child.is_alive():
        child.kill()
        return -1
    assert child.exitcode is not None
    return child.exitcode


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_computes_the_same_with_its_own_threads(images):
    wanted = run(OPS, images, threads=3)

    def child():
        for _ in range(3):
            np.testing.assert_array_equal(run(OPS, images, threads=3), wanted)
        assert in_child(lambda: np.testing.assert_array_equal(run(OPS, images, threads=2), wanted)) == 0

    for _ in range(3):
        assert in_child(child) == 0
        np.testing.assert_array_equal(run(OPS, images, threads=3), wanted)


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_fork_during_another_threads_call_does_no_harm(images):
    wanted = run(OPS, images)
    stop = threading.Event()

    def busy():
        while not stop.is_set():
            run(OPS, images, threads=2)

    thread = threading.Thread(target=busy)
    thread.start()
    try:
        for _ in range(5):
            assert in_child(lambda: np.testing.assert_array_equal(run(OPS, images, threads=2), wanted)) == 0
    finally:
        stop.set()
        thread.join()


def test_many_python_threads_share_one_chain(images):
    chain = _native.Chain(OPS, 3)
    packed = pack(images)
    wanted = run(OPS, images)
    wrong: list[int] = []

    def work(which):
        for threads in (1, 2, 3, 0) * 3:
            out = np.empty_like(wanted)
            chain.run(**packed, out=out, seed=0, epoch=0, threads=threads)
            if not np.array_equal(out, wanted):
                wrong.append(which)

    workers = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(PATIENCE)
        assert not worker.is_alive()
    assert wrong == []


@pytest.mark.parametrize("ending", ["pass", "import os; os._exit(0)", "raise SystemExit(0)"])
def test_the_interpreter_ends_while_threads_are_at_work(ending):
    code = f"""
import threading, time
import numpy as np
from flowerablate import _native
chain = _native.Chain([("morphology", {{"op": "open", "size": 31, "shape": "ellipse"}}, 0)], 3)
pixels = np.zeros(8 * 300 * 300 * 3, np.uint8)
arguments = [pixels, np.arange(8) * 270000, np.full(8, 300, np.int32), np.full(8, 300, np.int32), np.arange(8)]
def work():
    while True:
        out = np.empty((8, 300, 300, 3), np.uint8)
        chain.run(*arguments, np.arange(8, dtype=np.uint64), out, seed=0, epoch=0, threads=4)
for _ in range(2):
    threading.Thread(target=work, daemon=True).start()
time.sleep(0.2)
{ending}
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr


def test_zero_threads_means_the_processors_of_this_process():
    assert _native.threads() == len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
