"""Jobs without a study, for the check of executors."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

from ..contracts import Job
from ..files import write_json
from ..jobs.events import EventWriter
from ..jobs.worker import DONE, FAILED

ENTRY = f"{__name__}:run"
RESULT = "result.json"
EXIT_CODE = 7


def run(job: Job, begin: Callable[[], EventWriter]) -> int:
    """Do what the params of *job* say: read what it needs and write a result, fail, sleep, exit, be killed, or hang."""
    events = begin()
    print("it prints", job.name, flush=True)
    match job.params["do"]:
        case "fail":
            return FAILED
        case "exit":
            os._exit(EXIT_CODE)
        case "kill":
            os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
        case "sleep":
            time.sleep(job.params["seconds"])
            return DONE
        case "hang":
            while True:
                events.step_done(1, 1, 1)
                time.sleep(0.1)
    texts = [(base / name).read_text(encoding="utf-8") for base, name in ((job.cache, "c.txt"), (job.root, "r.txt"))]
    before = (job.folder / "before.txt").read_text(encoding="utf-8")
    write_json(job.folder / RESULT, {"texts": [*texts, before], "threads": job.threads, "pid": os.getpid()})
    return DONE
