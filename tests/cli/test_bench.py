from __future__ import annotations

import json
import sys

import pytest

from flowerablate import _native
from flowerablate.cli import bench


@pytest.fixture
def quick(monkeypatch):
    """Small batches and two operations: what is tested is what is told, not how fast it is."""
    monkeypatch.setattr(bench, "BATCH", 4)
    monkeypatch.setattr(bench, "OPS", {name: bench.OPS[name] for name in ("dilate rectangle 15", "normalise")} | CHAIN)


CHAIN = {"whole chain": bench.OPS["whole chain"]}


@pytest.mark.usefixtures("quick")
def test_every_operation_is_timed_beside_what_is_installed(command):
    pytest.importorskip("cv2")
    done = command("bench", "--seconds", 0.01, "--threads", 2, "--format", "json")
    record = json.loads(done.stdout)
    assert (record["simd"], record["threads"]) == (_native.simd_path(), 2)
    timed = [(row["what"], row["against"]) for row in record["rows"]]
    assert timed == [
        ("dilate rectangle 15", "OpenCV"),
        ("normalise", "OpenCV"),
        ("normalise", "torchvision"),
        ("whole chain", "OpenCV"),
        ("whole chain, 2 threads", "itself on one"),
    ]
    for row in record["rows"]:
        assert row["ours"] > 0
        assert row["theirs"] > 0
        assert 0 < row["lowest"] <= row["ratio"] <= row["highest"]


@pytest.mark.usefixtures("quick")
def test_without_other_libraries_it_times_the_core_alone(command, monkeypatch):
    for missing in ("cv2", "torchvision.transforms"):
        monkeypatch.setitem(sys.modules, missing, None)
    rows = json.loads(command("bench", "--threads", 1, "--format", "json").stdout)["rows"]
    assert [row["what"] for row in rows] == list(bench.OPS)
    assert all(row["theirs"] is None and row["ratio"] is None and row["ours"] > 0 for row in rows)


@pytest.mark.usefixtures("quick")
def test_the_table_has_no_colour_codes_in_a_file(command):
    done = command("bench", "--seconds", 0.01, "--threads", 1)
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    assert done.stdout.splitlines()[0].split() == ["operation", "µs", "against", "its", "µs", "ratio", "range"]
    assert f"{_native.simd_path()}, 1 thread;" in done.stdout


def test_every_operation_can_be_done_by_hand_in_opencv(monkeypatch):
    pytest.importorskip("cv2")
    monkeypatch.setattr(bench, "BATCH", 2)
    for name in bench.OPS:
        work = bench._opencv(name, 1, None)
        assert work is not None
        work()


def test_a_core_that_cannot_be_used_is_one_line_that_leads_to_the_doctor(command, monkeypatch):
    def refuse():
        raise ValueError("FLOWERABLATE_SIMD must be baseline, avx2 or avx512, not 'sse9'")

    monkeypatch.setattr(_native, "simd_path", refuse)
    done = command("bench")
    assert done.returncode == 1
    assert done.stderr.startswith("error: the native core cannot be used: FLOWERABLATE_SIMD must be")
    assert "flowerablate doctor" in done.stderr


def test_a_number_of_threads_below_zero_is_refused(command):
    assert command("bench", "--threads", -1).returncode == 2
