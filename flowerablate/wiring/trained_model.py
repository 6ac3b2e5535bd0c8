"""What a checkpoint says of itself, and how the model and its preprocessing are put together again from that.

``best.safetensors`` holds weights and JSON, never code. The code comes from the plugins that are installed, or from a
file that the user names; where it is not the code that trained the model, the user hears of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from pydantic import TypeAdapter, ValidationError

from ..contracts import BEST, ModelContext, ModelSpec, NativeOp, OwnedComponent, Pipeline, Samples, StepSpec, Trial
from ..data.splits import Split
from ..errors import PluginError, StudyError, TrainingError
from ..inference import Predictor
from ..preprocess import NamedOp, Preprocess, stage
from ..preprocess.steps import waits_for_training_images
from ..study.identity import describe
from ..study.resolve import check_params
from ..train.checkpoint import load_weights
from ..train.device import pick_device
from ..train.state import load_state
from .assemble import Assembler, decoded_at_least

FORMAT = 2
"""Of what a checkpoint says; a reader refuses those that it does not know."""

Warn = Callable[[str], None]


@dataclass(frozen=True)
class ModelRecord:
    """What a checkpoint says of the model in it.

    *pipeline*: what it was trained with; *learned*: numbers that steps took from the training images, by step;
    *owners*: who brought the model and each step. *counts*: images of each class in each part of the split.
    *metrics*: those of the study, the primary one first. *data* names the images by their content. *epoch*: the epoch
    that the weights are of.
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
    """Return what is kept beside the weights of *trial*, JSON values that :func:`read_record` reads.

    *pipeline* is the trial's without anything left to choose; *evaluate*, its fitted evaluation chain.
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
    """Return what the checkpoint at *path* says of itself, and its weights.

    Raises :class:`TrainingError` where it is damaged, was changed, or says nothing that we can read.
    """
    try:
        state = load_state(path)
    except FileNotFoundError:
        raise TrainingError(f"there is no checkpoint {path}") from None
    except TrainingError as error:
        cause = str(error).partition(";")[0]
        raise TrainingError(f"{cause}; get the file again, or run the trial again") from error
    said = state.get("about")
    if not said or "model" not in state:
        raise TrainingError(f"{path} does not say how its model is built; use a {BEST} that this version has trained")
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        found = said.get("format") if isinstance(said, dict) else type(said).__name__
        raise TrainingError(f"{path} is of format {found!r}, but this version reads {FORMAT}; use the version it is of")
    try:
        return _RECORD.validate_python({**said, "epoch": state.get("epoch", 0)}), state["model"]
    except ValidationError as error:
        what = error.errors()[0]
        where = ".".join(map(str, what["loc"]))
        raise TrainingError(
            f"{path} describes its model wrongly: {where}: {what['msg']}; run the trial again"
        ) from None


def load_predictor(
    path: Path,
    assembler: Assembler,
    *,
    device: torch.device | None = None,
    changed_plugins: bool = False,
    warn: Warn = lambda text: None,
) -> tuple[Predictor, ModelRecord]:
    """Return the model of the checkpoint at *path*, ready to predict, and what the checkpoint says.

    A component that is missing raises :class:`PluginError`, and so does one whose source is not what it was, unless
    *changed_plugins*; another version of it is only warned of. Weights that do not fit the model raise
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
        decoded_at_least(steps),
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
                f"{path} needs the {slot} {name!r} of {then}, which is not here; install that plugin, or name the "
                "folder of its flowerablate_local.py with --local"
            ) from None
        if now == then:
            continue
        said = f"the {slot} {name!r} is of {now}, but {path} was trained with that of {then}"
        if now.digest or then.digest:
            if not changed_plugins:
                raise PluginError(f"{said}; get that source back, or accept what is here with --changed-plugins")
            warn(said)
        else:
            warn(f"{said}; predictions may differ")


def _with_all_params(pipeline: Pipeline, assembler: Assembler) -> Pipeline:
    """Check the parameters of the steps anew: a plugin may have changed since."""
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
        raise TrainingError(f"{path} lacks what step {named.name!r} took from the training images; run the trial again")
    assert isinstance(named.op, NativeOp)
    return NamedOp(named.name, NativeOp(named.op.op, dict(learned[named.name])))
