"""The trials of a tuning in Optuna's storage; a trial abandoned by a dead process is resumed where it stopped.

A process holds the lock of its trial's folder. The system releases the lock when the process ends, in whatever way, so
no timeout is needed to detect an abandoned trial.
"""

from __future__ import annotations

import json
import math
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock

from ..contracts import Value
from ..errors import FlowerablateError, StudyError, one_line
from ..files import lock_now
from ..jobs.worker import LOG
from ..keyed import key64
from ..ledger.trial_folder import FAILURE
from ..stats.effects import moments
from ..wiring.assemble import Assembler
from .extra import optuna
from .space import Dimension
from .tuning_plan import TuningPlan

STARTUP = 5
"""Number of finished trials before the median pruner prunes any."""

_IDENTITY = "flowerablate"
_HOME = "home"
_SEED_VALUES = "figures"
_SECONDS = "seconds"
_FAILURE = "failure"
_SETTLED = "settled"
_KEPT_OF_FAILURES = (FAILURE, LOG)

State = Literal["complete", "pruned", "failed", "running"]


@dataclass(frozen=True)
class TuningTrial:
    """One trial: its settings *values* by key, and the metric of each seed; *value* is their mean or None."""

    number: int
    state: State
    values: dict[str, Value]
    seed_values: tuple[float, ...] = ()
    value: float | None = None
    seconds: float = 0.0
    failure: str = ""

    @property
    def std(self) -> float | None:
        """Standard deviation over the seeds (n - 1); None with fewer than two seeds."""
        return moments(self.seed_values)[1] if len(self.seed_values) > 1 else None


class Trials:
    """The trials of *plan* in the storage at *url*; *folder* holds the checkpoints of unfinished trials.

    Raises :class:`StudyError` if the storage cannot be opened, or holds the tuning of another space or study.
    """

    def __init__(self, plan: TuningPlan, assembler: Assembler, folder: Path, url: str) -> None:
        self.plan, self.folder = plan, folder
        self._assembler = assembler
        folder.mkdir(parents=True, exist_ok=True)
        self._optuna = optuna()
        self._home = f"{socket.gethostname()}:{folder.resolve()}"
        with self._exclusively():
            self.study = self._open(url)
            self._check_identity()

    def rows(self) -> list[TuningTrial]:
        """Return all trials that have started, in order."""
        waiting = self._optuna.trial.TrialState.WAITING
        return [self._row(trial) for trial in self.study.get_trials(deepcopy=False) if trial.state is not waiting]

    def best(self) -> TuningTrial | None:
        """Return the trial with the best mean, the first one if tied."""
        done = [row for row in self.rows() if row.value is not None]
        sign = 1 if self.plan.metric.lower_is_better else -1
        return min(done, key=lambda row: (sign * (row.value or 0.0), row.number), default=None)

    def importance(self) -> dict[str, float]:
        """Return the importance of each dimension for being among the best (PED-ANOVA); empty with too few trials.

        Watanabe, Bansal and Hutter (IJCAI 2023): how far the values of the best trials stand out among all.
        """
        done = [row for row in self.rows() if row.value is not None]
        if len(done) < 2 * STARTUP or len({row.value for row in done}) < 2:
            return {}
        try:
            found = self._optuna.importance.get_param_importances(self.study)
        except (RuntimeError, ValueError):
            return {}
        values = {name: float(value) for name, value in found.items()}
        return values if all(map(math.isfinite, values.values())) and any(values.values()) else {}

    def claim(self, max_trials: int) -> OpenTrial | None:
        """Return a trial locked by this process, to be closed: an abandoned one, otherwise a new one.

        None if *max_trials* have started.
        """
        with self._exclusively():
            found = self._claim(max_trials)
        return OpenTrial(self, *found) if found else None

    @property
    def settled(self) -> tuple[int, str]:
        """The number of threads and the kind of device of the trials; 0 and empty if none was trained yet."""
        kept = self.study.user_attrs.get(_SETTLED)
        return (int(kept[0]), str(kept[1])) if kept else (0, "")

    def settle(self, threads: int, device: str) -> None:
        """Note that all trials compute with so many *threads*, on such a *device*.

        Raises :class:`StudyError` if another process has noted otherwise since it was looked up.
        """
        with self._exclusively():
            if self.settled[0] and self.settled != (threads, device):
                raise StudyError(f"another process has just started {self.folder}; run the same command again")
            self.study.set_user_attr(_SETTLED, [threads, device])

    # ------------------------------------------------------------------------------------------ storage

    @contextmanager
    def _exclusively(self) -> Iterator[None]:
        with FileLock(self.folder / "lock"):
            yield

    def _open(self, url: str) -> Any:
        lib = self._optuna
        waits = {"connect_args": {"timeout": 60}} if url.startswith("sqlite") else {}
        try:
            return lib.create_study(
                storage=lib.storages.RDBStorage(url, engine_kwargs=waits),
                study_name=f"{self.plan.study}/{self.folder.name}",
                direction="minimize" if self.plan.metric.lower_is_better else "maximize",
                pruner=self._pruner(),
                load_if_exists=True,
            )
        except Exception as error:  # SQLAlchemy and every database driver raise errors of different types
            raise StudyError(f"the storage {url} cannot be opened: {one_line(error)[:200]}") from error

    def _check_identity(self) -> None:
        ours = self.plan.identity(self._assembler)
        kept = self.study.user_attrs.get(_IDENTITY)
        if kept is None:
            self.study.set_user_attr(_IDENTITY, json.dumps(ours))
            self._enqueue_base()
            return
        theirs = json.loads(kept)
        other = [what for what in ours if theirs.get(what) != ours[what]]
        if other:
            raise StudyError(
                f"{self.folder} holds a tuning of another {' and '.join(map(_in_words, other))}; start a new one with "
                "--name, or use the original options"
            )

    def _enqueue_base(self) -> None:
        """Queue the base pipeline as the first trial, if the space contains it, as a reference for the others."""
        point = self.plan.space.point_of(self.plan.base)
        if point is not None:
            dimensions = {dimension.name: dimension for dimension in self.plan.space.dimensions}
            self.study.enqueue_trial({name: _stored(dimensions[name], value) for name, value in point.items()})

    def _pruner(self) -> Any:
        pruners, longest = self._optuna.pruners, self.plan.max_epochs + len(self.plan.seeds) - 1
        if self.plan.pruner == "none":
            return pruners.NopPruner()
        if self.plan.pruner == "hyperband":
            return pruners.HyperbandPruner(min_resource=1, max_resource=longest)
        return pruners.MedianPruner(n_startup_trials=STARTUP, n_warmup_steps=max(1, self.plan.base.train.epochs // 4))

    # ------------------------------------------------------------------------------------------- trials

    def _claim(self, max_trials: int) -> tuple[Any, FileLock] | None:
        states = self._optuna.trial.TrialState
        begun = [trial for trial in self.study.get_trials(deepcopy=False) if trial.state is not states.WAITING]
        for trial in begun:
            if trial.state is states.RUNNING and trial.user_attrs.get(_HOME) == self._home:
                lock = self._lock(trial.number)
                if lock is None:
                    continue
                # Its process may have ended it since we listed the trials; it does so before it releases the lock.
                if self.study._storage.get_trial(trial._trial_id).state is states.RUNNING:
                    return self._optuna.trial.Trial(self.study, trial._trial_id), lock
                lock.release()
        if len(begun) >= max_trials:
            return None
        new = self.study.ask()
        lock = self._lock(new.number)
        if lock is None:
            raise FlowerablateError(
                f"{self._place(new.number)} is in use by another process; stop that process, or choose another --name"
            )
        new.set_user_attr(_HOME, self._home)
        return new, lock

    def _place(self, number: int) -> Path:
        return self.folder / "trials" / str(number)

    def _lock(self, number: int) -> FileLock | None:
        self._place(number).parent.mkdir(parents=True, exist_ok=True)
        return lock_now(self._place(number).with_suffix(".lock"))

    def _row(self, trial: Any) -> TuningTrial:
        states = self._optuna.trial.TrialState
        words: dict[Any, State] = {states.COMPLETE: "complete", states.PRUNED: "pruned", states.FAIL: "failed"}
        state = words.get(trial.state, "running")
        try:
            values = self.plan.space.values(lambda dimension: dimension.read(trial.params[dimension.name]))
        except KeyError:  # it stopped before all settings were drawn
            values = {}
        attributes = trial.user_attrs
        return TuningTrial(
            number=trial.number,
            state=state,
            values=values,
            seed_values=tuple(attributes.get(_SEED_VALUES, ())),
            value=trial.value if state == "complete" else None,
            seconds=attributes.get(_SECONDS, 0.0),
            failure=attributes.get(_FAILURE, ""),
        )


class OpenTrial:
    """A trial locked by this process until it is closed."""

    def __init__(self, trials: Trials, trial: Any, lock: FileLock) -> None:
        self._trials, self._trial, self._lock = trials, trial, lock
        self.number: int = trial.number
        self.ended = False
        """Whether the trial has ended, so that its checkpoints are no longer needed."""
        self._failed = False
        # Keyed by the trial's number, so that an interrupted tuning draws the same as an uninterrupted one.
        seed = key64(trials.plan.study, "tune", self.number) % 2**32
        trials.study.sampler = trials._optuna.samplers.TPESampler(seed=seed)
        self.values = trials.plan.space.values(self._suggest)

    @property
    def folder(self) -> Path:
        return self._trials._place(self.number)

    @property
    def seed_values(self) -> list[float]:
        """The metrics of the finished seeds."""
        return list(self._trial.user_attrs.get(_SEED_VALUES, ()))

    @property
    def reported(self) -> dict[int, float]:
        """The reported values, by step."""
        storage = self._trials.study._storage
        return dict(storage.get_trial(self._trial._trial_id).intermediate_values)

    @property
    def seconds(self) -> float:
        """The time spent on it, including time before interruptions."""
        return float(self._trial.user_attrs.get(_SECONDS, 0.0))

    def add_seed_value(self, value: float) -> None:
        """Store the metric of the next seed."""
        self._trial.set_user_attr(_SEED_VALUES, [*self.seed_values, value])

    def add_seconds(self, seconds: float) -> None:
        self._trial.set_user_attr(_SECONDS, self.seconds + seconds)

    def report(self, value: float, step: int) -> None:
        """Report *value* after *step*; steps count from 1."""
        self._trial.report(value, step)

    def should_prune(self) -> bool:
        """Whether the pruner ends the trial, given the reported values."""
        return bool(self._trial.should_prune())

    def tell(self, value: float | None) -> TuningTrial:
        """End the trial with *value*, or None if it was pruned."""
        state = None if value is not None else self._trials._optuna.trial.TrialState.PRUNED
        return self._end(value, state)

    def fail(self, reason: str) -> TuningTrial:
        """End the trial as failed, with that *reason*."""
        self._trial.set_user_attr(_FAILURE, reason[:500])
        self._failed = True
        return self._end(None, self._trials._optuna.trial.TrialState.FAIL)

    def close(self) -> None:
        """Release the trial. One that has ended loses its checkpoints; of one that failed, the log stays."""
        if self.ended:
            self._clear()
        self._lock.release()
        if self.ended:
            Path(self._lock.lock_file).unlink(missing_ok=True)

    def _clear(self) -> None:
        if not self._failed:
            shutil.rmtree(self.folder, ignore_errors=True)
            return
        for path in self.folder.glob("*"):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            elif path.name not in _KEPT_OF_FAILURES:
                path.unlink(missing_ok=True)

    def _end(self, value: float | None, state: Any) -> TuningTrial:
        self._trials.study.tell(self._trial, value, state=state)
        self.ended = True
        return self._trials._row(self._trials.study._storage.get_trial(self._trial._trial_id))

    def _suggest(self, dimension: Dimension) -> Value:
        name, trial = dimension.name, self._trial
        if dimension.values:
            return dimension.read(trial.suggest_categorical(name, dimension.labels))
        if dimension.whole:
            return dimension.read(trial.suggest_int(name, int(dimension.low), int(dimension.high), log=dimension.log))
        return dimension.read(trial.suggest_float(name, dimension.low, dimension.high, log=dimension.log))


def _stored(dimension: Dimension, value: Value) -> Any:
    return dimension.labels[dimension.values.index(value)] if dimension.values else value


def _in_words(what: str) -> str:
    words = {"base": "base pipeline or data", "seeds": "number of seeds"}
    return words.get(what, what)
