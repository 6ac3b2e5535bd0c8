"""Prepares the variants of a study before its first trial: images are packed, parts are built, questions are probed.

All that components do here may go wrong in ways that end a process. So the work is a job, which says what it turns to;
if its process ends or falls silent, the variant at hand is at fault, and the rest is prepared without it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from filelock import FileLock

from ..contracts import Job, Pipeline, label_of
from ..errors import DataError, FlowerablateError, PluginError, StudyError, TrainingError, one_line
from ..jobs.events import EventWriter
from ..jobs.interrupts import noticing_ctrl_c
from ..jobs.schedule import Client, Limits, Schedule
from ..jobs.worker import LOG
from ..probe.design import TurnTo, probe_design, reduced
from ..study.designs import candidates
from ..study.schema import StudyFile, study_model
from ..train.device import prepare_process
from ..wiring.assemble import Assembler, DataSet
from ..wiring.parts import check_parts
from .apart import answer, ask
from .observer import RunObserver
from .plan import Plan, plan_study
from .workplace import workplace_of

ENTRY = f"{__name__}:run"
FOLDER = "prepare"
"""The folder of the job in a study's ledger, which keeps its log."""


@dataclass(frozen=True)
class Prepared:
    """What the preparation of a design came to; *broken* has the reason for each change that cannot be trained.

    *refused*, *remarks*, *repeated*: see :class:`~flowerablate.probe.design.Probed`. *needs*: the files and folders
    that the trials of each change read.
    """

    refused: Mapping[str, str] = field(default_factory=dict)
    remarks: Mapping[str, str] = field(default_factory=dict)
    repeated: int = 0
    broken: Mapping[str, str] = field(default_factory=dict)
    needs: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def applied(self, plan: Plan) -> Plan:
        """Return *plan* without the questions that are refused."""
        design = reduced(plan.design, self.refused)
        return replace(plan, design=design, refused=self.refused, remarks=self.remarks)


def prepare(
    plan: Plan, missing: Collection[str], assembler: Assembler, broken: Mapping[str, str], turn_to: TurnTo
) -> Prepared:
    """Prepare the variants of *plan* whose changes are *missing* in the ledger, and probe its questions.

    A variant that a component cannot build is added to those that are *broken* already; if it is the base, its error is
    raised. So is every error of the study or its images.
    """
    found = dict(broken)
    needs: dict[str, list[str]] = {}
    for variant in plan.design.variants:
        if variant.change not in missing or variant.change in found:
            continue
        turn_to([variant.change])
        with noticing_ctrl_c() as ctrl_c:
            try:
                needs[variant.change] = _read_by(variant.pipeline, plan.data, assembler)
                check_parts(variant.pipeline, plan.data, assembler)
            except BaseException as error:
                ends = isinstance(error, StudyError | DataError | TrainingError | OSError)
                if ends or variant.is_base or ctrl_c.pressed:
                    raise
                found[variant.change] = str(error) if isinstance(error, FlowerablateError) else one_line(error)
    seed = plan.trials[0].seed
    left = set(missing) - found.keys()
    probed = probe_design(plan.design, left, plan.data, assembler, seed=seed, broken=found.keys(), turn_to=turn_to)
    return Prepared(probed.refused, probed.remarks, probed.repeated, found, needs)


def _read_by(pipeline: Pipeline, data: DataSet, assembler: Assembler) -> list[str]:
    """Pack the images of each candidate of *pipeline*; return the paths of all that their training reads."""
    paths = (path for _, candidate in candidates(pipeline) for path in assembler.files_of(candidate, data))
    return sorted({str(path.absolute()) for path in paths})


def run(job: Job, begin: Callable[[], EventWriter]) -> int:
    """Prepare the study in the params of *job*, and write the result, or the error that ends the run, to its folder."""
    events = begin()
    prepare_process(threads=job.threads)
    workplace = workplace_of(job)
    assembler = workplace.assembler
    assembler.progress = events.preparing
    study: StudyFile = study_model().model_validate(job.params["study"])
    missing, broken = frozenset(job.params["missing"]), dict(job.params["broken"])

    def find() -> dict[str, Any]:
        plan = plan_study(study, assembler, build=False, data=workplace.data)
        return asdict(prepare(plan, missing, assembler, broken, events.about))

    return answer(job, find)


def prepare_apart(
    study: StudyFile,
    missing: Collection[str],
    job: Job,
    schedule: Callable[[Limits, Client], Schedule],
    observer: RunObserver,
    limits: Limits,
) -> Prepared:
    """Do as :func:`prepare` does in a process of its own: *job* names it, ``schedule(limits, client)`` starts it.

    A change in whose turn the process ends, or is silent for longer than *limits* allow, is broken. If it is the base,
    raises :class:`PluginError`.
    """
    job.folder.mkdir(parents=True, exist_ok=True)
    params = {**job.params, "study": study.model_dump(mode="json"), "missing": sorted(missing)}
    broken: dict[str, str] = {}
    with FileLock(job.folder / "lock"):  # another run of the study prepares the same
        while True:
            asked = replace(job, params={**params, "broken": broken})
            found = ask(asked, schedule, observer.preparing, limits)
            if found.content is not None:
                return Prepared(**found.content)
            at_fault = [change for change in found.about if change not in broken]
            if "" in at_fault or not at_fault:
                raise PluginError(f"the study could not be prepared: {found.how}; {job.folder / LOG} has more")
            broken |= dict.fromkeys(at_fault, f"could not be prepared: {found.how}")


def in_words(prepared: Prepared) -> list[str]:
    """Return what is to be said of the broken variants before the first trial."""
    return [f"{label_of(change)} cannot be trained: {reason}" for change, reason in prepared.broken.items()]
