"""Does the job that standard input describes, as JSON: ``python -m flowerablate.jobs < job.json``.

For executors that start commands. The exit code says what the job came to; see :mod:`.worker`.
"""

import json
import sys
from pathlib import Path

if __name__ == "__main__":
    # Python looks for modules here first, which may be a folder of files with any names.
    sys.path[:1] = [] if sys.path[0] in ("", str(Path.cwd())) else sys.path[:1]

    from ..contracts import Job
    from .worker import live_for

    live_for(Job.of_json(json.load(sys.stdin)))
