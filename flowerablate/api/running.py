"""The verbs that read, plan and run studies: ``run``, ``plan_of``, ``report`` and ``compare``."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ..contracts import Population
from ..errors import StudyError
from ..train.threads import wait_politely
from .caller import files_in_one_line, warn_caller
from .option_values import path_of
from .options import PlanOptions, RunOptions, StudyOptions, Texts, Unpack, options_of, spelled_out
from .study import Study

if TYPE_CHECKING:
    from ..discovery import Catalogue
    from ..execute.budget import Budget
    from ..execute.observer import RunObserver
    from ..wiring.assemble import Assembler
    from .planned import PlannedStudy
    from .result import ComparedStudies, Result


@spelled_out
@files_in_one_line()
def run(
    study: Study | Path | str | None = None,
    *,
    progress: bool = True,
    observer: RunObserver | None = None,
    **options: Unpack[RunOptions],
) -> Result:
    """Run the trials of *study* that its ledger does not have yet, and return the table of all that it has.

    *study*: a :class:`Study` or the path of a study file; None is ``study.toml`` if it is here, else the default study.
    *progress*: whether bars are drawn, on standard error or in the notebook. *observer* hears of every step; derive it
    from :class:`flowerablate.SilentObserver`. Without disable, swap or vary, here or in the study, each removable step
    and each feature is left out in turn.

    A run interrupted by a budget or KeyboardInterrupt continues with the same call, with the same results. A trial
    that fails is in :attr:`Result.failed`, and the others continue; the next call retries it. A plugin that
    cannot be used is left out with a warning.

    Raises :class:`~flowerablate.FlowerablateError` with the cause and the cure in one line: a
    :class:`~flowerablate.StudyError` for what is asked, a :class:`~flowerablate.DataError` for the images, a
    :class:`~flowerablate.LedgerError` where no trial could be finished.
    """
    wait_politely()  # before torch is imported by what follows

    from .planned import make_plan

    clock = budget_of(options.get("budget"))
    asked = _asked(study, options)
    with _watching(progress=progress, observer=observer) as watch:
        planned = make_plan(
            asked, options.get("runs") or "runs", watch.observer, skip_bad=options.get("skip_bad", False)
        )
        watch.began(planned)
        outcome = planned.start(watch.observer, clock)
    return planned.result(outcome)


@spelled_out
@files_in_one_line()
def plan_of(study: Study | Path | str | None = None, **options: Unpack[PlanOptions]) -> PlannedStudy:
    """Return what :func:`run` would do: the trials, those that are missing, and the questions that they answer.

    Nothing is decoded or trained. Errors are those of :func:`run`.
    """
    wait_politely()  # before torch is imported by what follows

    from ..execute.observer import SilentObserver
    from .planned import make_plan

    asked = _asked(study, options)
    skip_bad = options.get("skip_bad", False)
    return make_plan(asked, options.get("runs") or "runs", SilentObserver(), skip_bad=skip_bad, follow=False)


@files_in_one_line()
def report(
    study: Study | Path | str | None = None,
    *,
    metric: str | None = None,
    population: Population | None = None,
    columns: Texts | None = None,
    base: str | None = None,
    runs: Path | str = "runs",
) -> Result:
    """Return the table of a study that has been run, wholly or in part; nothing is trained.

    *study*: its name in the folder *runs*, its ledger folder, or a :class:`Study`; None is the latest. *metric*: any
    that is installed, with parameters after its name, or ``loss``; it is computed from the predictions that were kept.
    *population*: what intervals speak of, ``replicates``, ``images`` or ``auto``. *columns*: those of the table, such
    as ``"variant,effect,forest,width=30,p"``, or a list of them. *base*: the id of the base pipeline, where the ledger
    holds several.

    Raises :class:`~flowerablate.LedgerError` where there is no such study or no finished trial,
    :class:`~flowerablate.StudyError` for an unknown metric or column.
    """
    from ..ledger import Ledger
    from ..reading.find_study import find_ledger
    from .result import read_result

    ledger = Ledger(find_ledger(_named(study), path_of(runs, "runs")))
    return read_result(ledger, base, _assembler_here(), metric, population, columns)


@files_in_one_line()
def compare(
    study: Study | Path | str, other: Study | Path | str, *, metric: str | None = None, runs: Path | str = "runs"
) -> ComparedStudies:
    """Return two studies side by side, by *metric* or by their primary one; if these differ, by one that both have.

    Errors are those of :func:`report`.
    """
    from ..ledger import Ledger
    from ..reading.find_study import find_ledger
    from .result import compared

    first, second = (Ledger(find_ledger(_named(each), path_of(runs, "runs"))) for each in (study, other))
    return compared(first, second, _assembler_here(), metric)


def budget_of(budget: str | float | None) -> Budget | None:
    """Return the time of a run, which begins now: seconds, or a text such as ``1h30m``."""
    from ..durations import seconds_of
    from ..execute.budget import Budget

    if budget is None:
        return None
    if isinstance(budget, str):
        return Budget(seconds_of(budget))
    if not isinstance(budget, int | float) or not 0 < budget < math.inf:
        raise StudyError(f"budget must be a positive number of seconds, or a text such as 1h30m, not {budget!r}")
    return Budget(float(budget))


def study_options(options: RunOptions | PlanOptions) -> StudyOptions:
    """Return those of *options* that say what is asked, and not where and how long it is run."""
    return cast(StudyOptions, {name: value for name, value in options.items() if name in options_of(StudyOptions)})


def warn_of_unusable(catalogue: Catalogue) -> None:
    """Warn of every plugin in *catalogue* that is not used."""
    for text in catalogue.unusable:
        warn_caller(text)


def _named(study: Study | Path | str | None) -> Path | str | None:
    if study is None or isinstance(study, Study):
        return study.name if study else None
    return path_of(study, "study")


def _asked(study: Study | Path | str | None, options: RunOptions | PlanOptions) -> Study:
    found = study if isinstance(study, Study) else Study.read(study)
    warn_of_unusable(found.catalogue)
    return found.ask(**study_options(options))


def _assembler_here() -> Assembler:
    from ..discovery import discover
    from ..wiring.assemble import make_assembler

    catalogue = discover(Path().absolute(), strict=False)
    warn_of_unusable(catalogue)
    return make_assembler(catalogue.registry, Path().absolute())


class _Watch:
    """The observer of a run: the display, if requested, and the user's observer, if any."""

    def __init__(self, *, progress: bool, observer: RunObserver | None) -> None:
        from ..console import Console
        from ..execute.observer import Relay
        from .progress import Display

        self.display = Display(Console(stderr=True)) if progress else None
        self.observer: RunObserver = Relay(*filter(None, (self.display, observer)))

    def began(self, planned: PlannedStudy) -> None:
        if self.display is not None:
            self.display.metric = planned.metric


@contextmanager
def _watching(*, progress: bool, observer: RunObserver | None) -> Iterator[_Watch]:
    watch = _Watch(progress=progress, observer=observer)
    if watch.display is None:
        yield watch
    else:
        with watch.display:
            yield watch


__all__ = ["budget_of", "compare", "plan_of", "report", "run"]
