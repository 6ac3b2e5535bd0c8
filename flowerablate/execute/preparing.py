"""Prepares the variants of a study before its first trial: images are packed, parts are built, questions are probed.

All that components do here may go wrong in ways that end a process. So the work is a job, which says what it turns to.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict
from typing import Any

import torch

from ..contracts import OWN_DISTRIBUTION, Job, Pipeline, label_of
from ..errors import FlowerablateError, PluginError, concerns_all, one_line
from ..jobs.events import EventWriter
from ..jobs.interrupts import noticing_ctrl_c
from ..probe.design import TurnTo, probe_design
from ..study.designs import candidates
from ..study.schema import StudyFile, study_model
from ..train.device import prepare_process
from ..train.precision import is_slow
from ..wiring.assemble import Assembler, DataSet
from ..wiring.parts import check_parts
from .apart import answer
from .global_state import Harm, HarmWatch
from .plan import Plan, plan_study
from .prepared import HARMFUL, Prepared
from .workplace import workplace_of


def prepare(
    plan: Plan, missing: Collection[str], assembler: Assembler, broken: Mapping[str, str], turn_to: TurnTo
) -> Prepared:
    """Prepare the variants of *plan* whose changes are *missing* in the ledger, and probe its questions.

    A variant that a component cannot build is added to those that are *broken* already; if it is the base, its error is
    raised. So is every error of the study, its images or the disk, which names the variant at hand.
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
                if ctrl_c.pressed:
                    raise
                text = str(error) if isinstance(error, FlowerablateError) else one_line(error)
                if variant.is_base and not isinstance(error, Exception):  # it would end the command without a word
                    raise PluginError(f"the base cannot be built: {text}") from error
                if variant.is_base:
                    raise
                if concerns_all(error):
                    if isinstance(error, FlowerablateError):
                        raise type(error)(f"{label_of(variant.change)}: {text}") from error
                    raise
                found[variant.change] = text
    seed = plan.trials[0].seed
    left = set(missing) - found.keys()
    probed = probe_design(plan.design, left, plan.data, assembler, seed=seed, broken=found.keys(), turn_to=turn_to)
    return Prepared(probed.refused, probed.remarks, probed.repeated, found, needs, _hints(plan))


def _hints(plan: Plan) -> list[str]:
    precisions = {variant.pipeline.train.precision for variant in plan.design.variants}
    slow = sorted(each for each in precisions if is_slow(each, torch.device("cpu")))
    return [
        f"this processor emulates {each}, which takes several times longer; train.precision=float32 is faster"
        for each in slow
    ]


def _read_by(pipeline: Pipeline, data: DataSet, assembler: Assembler) -> list[str]:
    """Pack the images of each candidate of *pipeline*; return the paths of all that their training reads."""
    paths = (path for _, candidate in candidates(pipeline) for path in assembler.files_of(candidate, data))
    return sorted({str(path.absolute()) for path in paths})


def _not_ours(plan: Plan, assembler: Assembler) -> set[str]:
    """Return the changes whose variants have components of others."""
    return {
        variant.change
        for variant in plan.design.variants
        if any(owned.owner.distribution != OWN_DISTRIBUTION for owned in assembler.owners(variant.pipeline))
    }


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
        beside = missing - {""} if len(missing - {""}) > 1 else frozenset[str]()
        watch = HarmWatch(beside & _not_ours(plan, assembler), events.about, job.threads)
        try:
            try:
                prepared = prepare(plan, missing, assembler, broken, watch.turn_to)
            finally:
                watch.look()
        except Harm:
            return {HARMFUL: sorted(watch.suspects)}
        return asdict(prepared)

    return answer(job, find)
