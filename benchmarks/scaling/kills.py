"""Kills a run at random moments, again and again, and compares what comes of it with an uninterrupted run.

    python benchmarks/scaling/kills.py --kills 100

The study has six trials of a small network, two at once. SIGKILL goes to the run, to its fork server or to a trial's
process, at a moment drawn at random from the time of a whole run; the same command then goes on. When the study is
finished, every metric, every prediction and every checkpoint must be that of the uninterrupted run, and no process or
temporary file may be left.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from machine import machine, versions
from trial_cost import made_up_images

WORDS = ("run", "--disable", "morphology", "--seeds", "3", "--jobs", "2", "--threads", "1", "--set", "train.epochs=40")


def start(folder: Path, images: Path) -> subprocess.Popen[bytes]:
    """Start the run of the study in *folder*."""
    command = [sys.executable, "-m", "flowerablate", *WORDS, "--data", str(images)]
    temporary = images.with_name("tmp")
    temporary.mkdir(exist_ok=True)
    environment = {**os.environ, "FLOWERABLATE_CACHE": str(images.with_name("cache")), "TMPDIR": str(temporary)}
    log = (folder / "log").open("ab")
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)


def descendants(pid: int) -> dict[int, str]:
    """Return the processes below *pid* with their roles: ``server``, ``trial`` or ``other``."""
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found: dict[int, str] = {}
    level = {pid}
    while level:
        level = {child for child, parent in parents.items() if parent in level}
        for child in level:
            above = found.get(parents[child])
            found[child] = "trial" if above == "server" else "server" if _is_server(child) else "other"
    return found


def _is_server(pid: int) -> bool:
    try:
        return b"multiprocessing.forkserver" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def kill(process: subprocess.Popen[bytes], draw: random.Random) -> str:
    """Kill the run or a process below it, and return which; empty if the run had ended."""
    wanted = draw.choices(["run", "server", "trial"], [0.5, 0.2, 0.3])[0]
    below = descendants(process.pid)
    victims = [pid for pid, role in below.items() if role == wanted]
    if wanted != "run" and not victims:
        wanted = "run"
    if process.poll() is not None:
        return ""
    os.kill(process.pid if wanted == "run" else draw.choice(victims), signal.SIGKILL)
    if wanted == "run":
        process.wait()
        deadline = time.monotonic() + 60  # a server that loads torch notices when it has loaded it
        while any(alive(pid) for pid in below) and time.monotonic() < deadline:
            time.sleep(0.02)
        left = {role for pid, role in below.items() if alive(pid)}
        assert not left, f"still there a minute after the run was killed: {left}"
    return wanted


def alive(pid: int) -> bool:
    """Whether the process is there, and not only waiting to be asked how it ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def results(folder: Path) -> dict[str, tuple[object, ...]]:
    """Return what must be equal of each trial."""
    found = {}
    for path in sorted((folder / "runs" / "images" / "trials").iterdir()):
        content = json.loads((path / "result.json").read_text())
        kept = (path / "predictions.npz").read_bytes(), (path / "best.safetensors").read_bytes()
        found[path.name] = content["metrics"], content["validation"], *kept
    return found


def main() -> None:
    """Kill, compare, and write the result."""
    parser = argparse.ArgumentParser(description="Kill runs at random moments and compare their results.")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=HERE.parent / "results" / "kills.json")
    options = parser.parse_args()
    draw = random.Random(options.seed)
    counts = {"run": 0, "server": 0, "trial": 0}
    studies = 0
    with tempfile.TemporaryDirectory() as temporary:
        images = made_up_images(Path(temporary) / "images")
        whole = Path(temporary) / "whole"
        whole.mkdir()
        began = time.monotonic()
        assert start(whole, images).wait() == 0, (whole / "log").read_text()
        longest = time.monotonic() - began
        expected = results(whole)
        while sum(counts.values()) < options.kills:
            folder = Path(temporary) / f"study{studies}"
            folder.mkdir()
            code = -1
            while code != 0:
                process = start(folder, images)
                if sum(counts.values()) < options.kills:
                    try:
                        process.wait(timeout=draw.uniform(0, longest))
                    except subprocess.TimeoutExpired:
                        if victim := kill(process, draw):
                            counts[victim] += 1
                code = process.wait()
            assert results(folder) == expected, folder
            hidden = [path.name for path in (folder / "runs").rglob(".*") if path.is_file()]
            assert not hidden, hidden
            every = sorted(images.with_name("tmp").iterdir())
            left = [path for path in every if not path.name.startswith("torchinductor_")]  # torch's own cache
            assert not left, [(path.name, sorted(map(str, path.rglob("*")))) for path in left]
            studies += 1
            print(f"{studies} studies equal to the bit, kills so far: {counts}", flush=True)
    document = {
        "benchmark": "kills",
        "machine": machine(),
        "versions": versions(("torch", "flowerablate")),
        "kills": counts,
        "studies": studies,
        "trials_compared": studies * len(expected),
    }
    options.output.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
