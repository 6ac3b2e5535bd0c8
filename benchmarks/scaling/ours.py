"""Empty trials through the executor ``processes``, two at once: ``ours.py N``. Each is in a fresh process."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from flowerablate_executors.processes import ProcessExecutor
from many_jobs import Counting, jobs

from flowerablate.execute.execution import PRELOAD
from flowerablate.jobs.schedule import Limits, Schedule
from flowerablate.jobs.worker_places import cores_here, make_places

if __name__ == "__main__":
    client, count = Counting(), int(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        places = make_places(2, 1, ["cpu"], 1, cores_here())
        Schedule(ProcessExecutor(2, PRELOAD), places, Limits(), client).run(jobs(count, Path(folder), 0.0))
    assert client.done == count
