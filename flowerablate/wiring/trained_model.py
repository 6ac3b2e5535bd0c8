"""The record in a checkpoint, and how the model and its preprocessing are rebuilt from it.

``best.safetensors`` holds weights and JSON, never code. The code comes from installed plugins, or from a file that the
user names; if it is not the code that trained the model, the user is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from pydantic import TypeAdapter, ValidationError

from ..contracts import (
    BEST,
    ModelContext,
    ModelSpec,
    NativeOp,
    OwnedComponent,
    Pipeline,
    Samples,
    StepSpec,
    Trial,
    current_label,
)
from ..data.splits import Split
from ..errors import PluginError, StudyError, TrainingError, without_cure
from ..inference import Predictor
from ..preprocess import NamedOp, Preprocess, stage
from ..preprocess.steps import waits_for_training_images
from ..study.identity import describe
from ..study.resolve import check_params
from ..train.checkpoint import load_weights
from ..train.device import pick_device
from ..train.state import load_state
from .assemble import Assembler, min_decoded_side

FORMAT = 2
"""Format of the record in a checkpoint; a reader refuses unknown formats."""

Warn = Callable[[str], None]


@dataclass(frozen=True)
class ModelRecord:
    """The description of the model in a checkpoint.

    *pipeline*: the pipeline of its training; *learned*: the numbers that steps learned from the training images, by
    step; *owners*: the plugins of the model and of each step. *counts*: images of each class in each part of the split.
    *metrics*: those of the study, the primary one first. *data*: the fingerprint of the images. *epoch*: the epoch of
    the weights.
    """

    format: int
    classes: tuple[str, ...]
    pipeline: Pipeline
    learned: Mapping[str, Mapping[str, tuple[float, ...]]]
    owners: tuple[OwnedComponent, ...]
    counts: Mapping[str, tuple[int, ...]]
    metrics: tuple[str, ...]
    study: str
    trial: str
    variant: str
    seed: int
    data: str
    versions: Mapping[str, str]
    epoch: int = 0


_RECORD: TypeAdapter[ModelRecord] = TypeAdapter(ModelRecord)


def about(
    trial: Trial,
    pipeline: Pipeline,
    evaluate: Preprocess,
    samples: Samples,
    split: Split,
    assembler: Assembler,
    *,
    study: str,
    metrics: tuple[str, ...],
    data: str,
) -> dict[str, Any]:
    """Return the record to be stored with the weights of *trial*: JSON values that :func:`read_record` reads.

    *pipeline* is the trial's pipeline after tuning, *evaluate* its fitted evaluation chain.
    """
    waiting = {named.name for named in stage(assembler.build_steps(pipeline)).evaluate if _waits(named)}
    learned = {
        named.name: {key: tuple(value) for key, value in named.op.params.items() if isinstance(value, tuple)}
        for named in evaluate.ops
        if named.name in waiting and isinstance(named.op, NativeOp)
    }
    owners = [owned for owned in assembler.owners(pipeline) if owned.slot in (ModelSpec.slot, StepSpec.slot)]
    described = describe(pipeline)
    described["retune"] = []
    return {
        "format": FORMAT,
        "classes": list(samples.classes),
        "pipeline": described,
        "learned": learned,
        "owners": [asdict(owned) for owned in owners],
        "counts": {part: _counts(samples, getattr(split, part)) for part in ("train", "validation", "test")},
        "metrics": list(metrics),
        "study": study,
        "trial": trial.id,
        "variant": trial.variant.label,
        "seed": trial.seed,
        "data": data,
        "versions": {"flowerablate": version("flowerablate"), "torch": str(torch.__version__)},
    }


def read_record(path: Path) -> tuple[ModelRecord, Mapping[str, torch.Tensor]]:
    """Return the record and the weights in the checkpoint at *path*.

    A checkpoint that is damaged, was changed, or has no readable record raises :class:`TrainingError`.
    """
    try:
        state = load_state(path)
    except FileNotFoundError:
        raise TrainingError(f"there is no checkpoint {path}") from None
    except TrainingError as error:
        cause = without_cure(str(error))
        raise TrainingError(f"{cause}; get the file again, or run the trial again") from error
    record = state.get("about")
    if not record or "model" not in state:
        raise TrainingError(f"{path} does not say how its model is built; use a {BEST} that this version has trained")
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        found = record.get("format") if isinstance(record, dict) else type(record).__name__
        raise TrainingError(
            f"{path} has format {found!r}, but this version reads {FORMAT}; use the version that wrote it"
        )
    try:
        found = _RECORD.validate_python({**record, "epoch": state.get("epoch", 0)})
        return replace(found, variant=current_label(found.variant)), state["model"]
    except ValidationError as error:
        what = error.errors()[0]
        where = ".".join(map(str, what["loc"]))
        raise TrainingError(
            f"{path} has an invalid description of its model: {where}: {what['msg']}; run the trial again"
        ) from None


def load_predictor(
    path: Path,
    assembler: Assembler,
    *,
    device: torch.device | None = None,
    changed_plugins: bool = False,
    warn: Warn = lambda text: None,
) -> tuple[Predictor, ModelRecord]:
    """Return the model of the checkpoint at *path*, ready to predict, and the checkpoint's record.

    A missing component raises :class:`PluginError`, and so does one whose source has changed, unless
    *changed_plugins*; another version of a plugin only gives a warning. Weights that do not fit the model raise
    :class:`TrainingError`.
    """
    record, weights = read_record(path)
    _check_owners(path, record, assembler, changed_plugins, warn)
    pipeline, device = record.pipeline, device or pick_device()
    steps = assembler.build_steps(_with_all_params(pipeline, assembler))
    stages = stage(steps)
    plan = pipeline.input
    prefix = Preprocess(stages.prefix, plan.channels, dtype=f"uint{plan.bits}")
    chain = [_filled_in(named, record.learned, path) for named in stages.evaluate]
    shape = ModelContext(len(record.classes), plan.channels, plan.image_size, assembler.root, read_weights=False)
    model = assembler.build_of(pipeline, ModelSpec, shape)
    load_weights(model, dict(weights), path)
    predictor = Predictor(
        model,
        record.classes,
        prefix,
        Preprocess(chain, plan.channels, dtype=prefix.output_dtype),
        plan,
        min_decoded_side(steps),
        device,
        channels_last=pipeline.train.channels_last,
        precision=pipeline.train.precision,
    )
    return predictor, record


def _waits(named: NamedOp) -> bool:
    return waits_for_training_images(named.op)


def _counts(samples: Samples, indices: Any) -> list[int]:
    counts = [0] * len(samples.classes)
    for index in indices:
        counts[samples.labels[index]] += 1
    return counts


def _check_owners(path: Path, record: ModelRecord, assembler: Assembler, changed_plugins: bool, warn: Warn) -> None:
    for owned in record.owners:
        slot, name, then = owned.slot, owned.name, owned.owner
        try:
            now = assembler.owner(slot, name)
        except StudyError:
            raise PluginError(
                f"{path} needs the {slot} {name!r} of {then}, which is not installed; install that plugin, or name the "
                "folder of its flowerablate_local.py (local)"
            ) from None
        if now == then:
            continue
        cause = f"the {slot} {name!r} is from {now}, but {path} was trained with that from {then}"
        if now.digest != then.digest:
            if not changed_plugins:
                raise PluginError(f"{cause}; restore that source, or accept the present one (changed-plugins)")
            warn(cause)
        else:
            warn(f"{cause}; predictions may differ")


def _with_all_params(pipeline: Pipeline, assembler: Assembler) -> Pipeline:
    """Check the parameters of the steps again: a plugin may have changed since training."""
    steps = []
    for step in pipeline.steps:
        where = f"{StepSpec.table()}.{step.name}"
        params = check_params(assembler.lookup(StepSpec.slot, step.use, where), step.params, where)
        steps.append(replace(step, params=params))
    return replace(pipeline, steps=tuple(steps))


def _filled_in(named: NamedOp, learned: Mapping[str, Mapping[str, tuple[float, ...]]], path: Path) -> NamedOp:
    if not _waits(named):
        return named
    if named.name not in learned:
        raise TrainingError(f"{path} lacks what step {named.name!r} learned in training; run the trial again")
    assert isinstance(named.op, NativeOp)
    return NamedOp(named.name, NativeOp(named.op.op, dict(learned[named.name])))
