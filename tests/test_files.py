"""Temporary files that killed processes leave are swept by the next run, unless somebody is at work."""

import subprocess
import sys
import time

from filelock import FileLock

from flowerablate.files import replacing, sweep


def test_what_killed_processes_left_is_swept_and_nothing_else(tmp_path):
    left = [".predictions.npz-0123456789ab", ".best.safetensors.tmp", ".result.json-ffffffffffff"]
    kept = ["predictions.npz", ".hidden", "result.json", ".predictions.npz-short", "lock"]
    for name in (*left, *kept):
        (tmp_path / name).touch()
    (tmp_path / ".sub-0123456789ab").mkdir()
    sweep([tmp_path, tmp_path / "missing"])
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*kept, ".sub-0123456789ab"])


def test_where_somebody_is_at_work_nothing_is_swept(tmp_path):
    with FileLock(tmp_path / "lock"), replacing(tmp_path / "predictions.npz") as file:
        file.write(b"all of it")
        sweep([tmp_path])
    assert (tmp_path / "predictions.npz").read_bytes() == b"all of it"


def test_what_a_killed_process_left_of_a_file_is_removed_when_it_is_written_again(tmp_path):
    left, kept = ".sheet.png-0123456789ab", [".sheet.png-0123", ".other.png-0123456789ab"]
    for name in (left, *kept):
        (tmp_path / name).touch()
    with replacing(tmp_path / "sheet.png") as file:
        file.write(b"all of it")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*kept, "sheet.png"])


def test_what_another_process_writes_now_is_not_removed(tmp_path):
    with replacing(tmp_path / "sheet.png") as file:
        file.write(b"the first")
        other = f"""
from pathlib import Path
from flowerablate.files import replacing
with replacing(Path({str(tmp_path / "sheet.png")!r})) as file:
    file.write(b"the second")
"""
        subprocess.run([sys.executable, "-c", other], check=True)
        assert (tmp_path / "sheet.png").read_bytes() == b"the second"
    assert (tmp_path / "sheet.png").read_bytes() == b"the first"


def test_sweeping_many_folders_takes_no_time(tmp_path):
    for number in range(500):
        (tmp_path / str(number)).mkdir()
    begin = time.perf_counter()
    sweep(tmp_path.iterdir())
    assert time.perf_counter() - begin < 5
