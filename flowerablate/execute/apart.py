"""One job whose answer is a value or an error: it is asked here, and answers from a process of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..contracts import Ended, Job, Progress
from ..errors import FlowerablateError
from ..files import content_of, write_json
from ..jobs.schedule import Client, Limits, Schedule, Then
from ..jobs.worker import DISK_FULL, DONE, disk_full, ended_how, tail_of_log

_ANSWER = "answer.json"
_ERRORS = {each.__name__: each for each in FlowerablateError.__subclasses__()}


def answer(job: Job, find: Callable[[], dict[str, Any]]) -> int:
    """Write what *find* returns, as JSON values, or an error of the study or the system, for who asks."""
    try:
        content = find()
    except FlowerablateError as error:
        content = {"error": type(error).__name__, "message": str(error)}
    except OSError as error:
        content = {"error": OSError.__name__, "message": str(error), "errno": error.errno, "file": error.filename}
    try:
        write_json(job.folder / _ANSWER, content)
    except OSError:
        return DISK_FULL
    return DONE


@dataclass(frozen=True)
class Answer:
    """What a job wrote, or None if its process ended before. *how*: how it ended.

    *about*: what it had turned to last; *before*: and before that. *lost*: whether it ended with the fork server, which
    something that it met earlier may have killed. *stopped*: whether it had taken too long.
    """

    content: dict[str, Any] | None
    about: list[str]
    how: str
    before: frozenset[str] = frozenset()
    lost: bool = False
    stopped: bool = False


def ask(
    job: Job,
    schedule: Callable[[Limits, Client], Schedule],
    progress: Progress,
    limits: Limits,
    part_done: Callable[[dict[str, Any]], None] = lambda event: None,
) -> Answer:
    """Run *job*, whose entry calls :func:`answer`, and return its answer; an error that it met is raised.

    *progress* hears how far it is, *part_done* of each part that it has done. It is stopped if it is silent for longer
    than *limits* allow, or if what it turns to takes longer than they allow a job.
    """
    job.folder.mkdir(parents=True, exist_ok=True)
    (job.folder / _ANSWER).unlink(missing_ok=True)
    client = _Asking(progress, part_done)
    schedule(Limits(silence=limits.silence, part=limits.job), client).run([job])
    if client.end.word == DISK_FULL:
        raise disk_full(job.folder)
    end = client.end
    how = ended_how(end.exit_code, end.reason, tail_of_log(job.folder))
    stopped = end.exit_code is None and not end.lost
    return Answer(_content(job.folder), client.about, how, frozenset(client.before), end.lost, stopped)


def _content(folder: Path) -> dict[str, Any] | None:
    try:
        content: dict[str, Any] = json.loads(content_of(folder / _ANSWER))
    except FileNotFoundError:
        return None
    if "error" not in content:
        return content
    if content["error"] == OSError.__name__:
        raise OSError(content["errno"], content["message"], content["file"])
    raise _ERRORS.get(content["error"], FlowerablateError)(content["message"])


@dataclass
class _Asking:
    """The client of the one job."""

    progress: Progress
    part_done: Callable[[dict[str, Any]], None]
    about: list[str] = field(default_factory=list)
    before: set[str] = field(default_factory=set)
    end: Ended = field(default_factory=lambda: Ended(""))

    def may_start(self, job: Job) -> bool:
        return True

    def started(self, job: Job) -> None:
        """Nothing to show before its first event. A job that was lost begins anew, and turns to all of it again."""
        self.before.update(self.about)
        self.about = []

    def event(self, job: Job, event: dict[str, Any]) -> bool:
        match event["event"]:
            case "preparing":
                self.progress(event["what"], event["done"], event["total"])
            case "about":
                self.before.update(self.about)
                self.about = event["what"]
            case "part_done":
                self.part_done(event)
        return True

    def has_result(self, job: Job) -> bool:
        return (job.folder / _ANSWER).exists()

    def ended(self, job: Job, ended: Ended, attempt: int) -> Then:
        self.end = ended
        return Then.GO_ON
