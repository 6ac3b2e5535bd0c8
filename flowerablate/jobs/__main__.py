"""Does the job that standard input describes, as JSON: ``python -m flowerablate.jobs < job.json``.

For executors that start commands. The exit code says what the job came to; see :mod:`.worker`.
"""

import json
import sys

from ..contracts import Job
from .worker import live_for

if __name__ == "__main__":
    live_for(Job.of_json(json.load(sys.stdin)))
