"""What a checkpoint says of itself, and how the model and its preprocessing are put together again from that.

``best.safetensors`` holds weights and JSON, never code. The code comes from the plugins that are installed, or from a
file that the user names; where it is not the code that trained the model, the user hears of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from pydantic import TypeAdapter, ValidationError

from ..contracts import BEST, ModelContext, NativeOp, Pipeline, Samples, StepChoice, Trial
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

FORMAT = 1
"""Of what a checkpoint says; a reader refuses those that it does not know."""

Warn = Callable[[str], None]


@dataclass(frozen=True)
class Origin:
    """What a checkpoint says of the model in it.

    *pipeline*: what it was trained with; *learned*: numbers that steps took from the training images, by step;
    *owners*: who brought the model and each step, as text with version and content hash, by ``slot name``. *counts*:
    images of each class in each part of the split. *metrics*: those of the study, the primary one first. *data* names
    the images by their content. *epoch*: the epoch that the weights are of.
    """

    format: int
    classes: tuple[str, ...]
    pipeline: Pipeline
    learned: Mapping[str, Mapping[str, tuple[float, ...]]]
    owners: Mapping[str, str]
    counts: Mapping[str, tuple[int, ...]]
    metrics: tuple[str, ...]
    study: str
    trial: str
    variant: str
    seed: int
    data: str
    versions: Mapping[str, str]
    epoch: int = 0


_ORIGIN: TypeAdapter[Origin] = TypeAdapter(Origin)


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
    """Return what is kept beside the weights of *trial*, JSON values that :func:`read_origin` reads.

    *pipeline* is the trial's without anything left to choose; *evaluate*, its fitted evaluation chain.
    """
    waiting = {named.name for named in stage(assembler.build_steps(pipeline)).evaluate if _waits(named)}
    learned = {
        named.name: {key: tuple(value) for key, value in named.op.params.items() if isinstance(value, tuple)}
        for named in evaluate.ops
        if named.name in waiting and isinstance(named.op, NativeOp)
    }
    named = [("model", pipeline.model.use), *(("step", step.use) for step in pipeline.steps)]
    described = describe(pipeline)
    described["retune"] = []
    return {
        "format": FORMAT,
        "classes": list(samples.classes),
        "pipeline": described,
        "learned": learned,
        "owners": {f"{slot} {name}": assembler.provenance(slot, name) for slot, name in named},
        "counts": {part: _counts(samples, getattr(split, part)) for part in ("train", "validation", "test")},
        "metrics": list(metrics),
        "study": study,
        "trial": trial.id,
        "variant": trial.variant.label,
        "seed": trial.seed,
        "data": data,
        "versions": {"flowerablate": version("flowerablate"), "torch": str(torch.__version__)},
    }


def read_origin(path: Path) -> tuple[Origin, Mapping[str, torch.Tensor]]:
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
        return _ORIGIN.validate_python({**said, "epoch": state.get("epoch", 0)}), state["model"]
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
) -> tuple[Predictor, Origin]:
    """Return the model of the checkpoint at *path*, ready to predict, and what the checkpoint says.

    A component that is missing raises :class:`PluginError`, and so does one whose source is not what it was, unless
    *changed_plugins*; another version of it is only warned of. Weights that do not fit the model raise
    :class:`TrainingError`.
    """
    origin, weights = read_origin(path)
    _check_owners(path, origin, assembler, changed_plugins, warn)
    pipeline, device = origin.pipeline, device or pick_device()
    steps = assembler.build_steps(_with_all_params(pipeline, assembler))
    stages = stage(steps)
    plan = pipeline.input
    prefix = Preprocess(stages.prefix, plan.channels, dtype=f"uint{plan.bits}")
    chain = [_filled_in(named, origin.learned, path) for named in stages.evaluate]
    shape = ModelContext(len(origin.classes), plan.channels, plan.image_size, assembler.root, read_weights=False)
    model = assembler.build("model", pipeline.model, shape)
    load_weights(model, dict(weights), path)
    predictor = Predictor(
        model,
        origin.classes,
        prefix,
        Preprocess(chain, plan.channels, dtype=prefix.output_dtype),
        plan,
        decoded_at_least(steps),
        device,
        channels_last=pipeline.train.channels_last,
        precision=pipeline.train.precision,
    )
    return predictor, origin


def load_model(path: Path | str, *, local: Path | None = None, device: str = "auto") -> Predictor:
    """Return the model of a checkpoint, for use from Python; ``predictor.predict(paths)`` yields its predictions.

    *path*: the checkpoint, or the folder of its trial. *local*: a folder whose ``flowerablate_local.py`` is to be
    loaded; no other code is but that of the plugins installed. Errors are those of :func:`load_predictor`.
    """
    from ..discovery import discover

    found = Path(path)
    file = found / BEST if found.is_dir() else found
    catalogue = discover(local)
    root = (local or Path()).absolute()
    predictor, _ = load_predictor(file, Assembler(catalogue.registry, root, root), device=pick_device(device))
    return predictor


def _waits(named: NamedOp) -> bool:
    return waits_for_training_images(named.op)


def _counts(samples: Samples, indices: Any) -> list[int]:
    counts = [0] * len(samples.classes)
    for index in indices:
        counts[samples.labels[index]] += 1
    return counts


def _check_owners(path: Path, origin: Origin, assembler: Assembler, changed_plugins: bool, warn: Warn) -> None:
    for component, then in origin.owners.items():
        slot, _, name = component.partition(" ")
        try:
            now = assembler.provenance(slot, name)
        except StudyError:
            raise PluginError(
                f"{path} needs the {slot} {name!r} of {then}, which is not here; install that plugin, or name the "
                "folder of its flowerablate_local.py with --local"
            ) from None
        if now == then:
            continue
        said = f"the {slot} {name!r} is of {now}, but {path} was trained with that of {then}"
        if _is_hashed(now) or _is_hashed(then):
            if not changed_plugins:
                raise PluginError(f"{said}; get that source back, or accept what is here with --changed-plugins")
            warn(said)
        else:
            warn(f"{said}; predictions may differ")


def _is_hashed(owner: str) -> bool:
    last = owner.rstrip(")").rpartition(" ")[2].rpartition("(")[2]
    return len(last) == 12 and all(letter in "0123456789abcdef" for letter in last)


def _with_all_params(pipeline: Pipeline, assembler: Assembler) -> Pipeline:
    """Check the parameters of the steps anew: a plugin may have changed since."""
    steps = []
    for step in pipeline.steps:
        spec = assembler.lookup("step", step.use, f"steps.{step.name}")
        params = check_params(spec, step.params, f"steps.{step.name}")
        steps.append(StepChoice(**{**asdict(step), "params": params}))
    return Pipeline(**{**_fields(pipeline), "steps": tuple(steps)})


def _fields(pipeline: Pipeline) -> dict[str, Any]:
    return {name: getattr(pipeline, name) for name in Pipeline.__dataclass_fields__}


def _filled_in(named: NamedOp, learned: Mapping[str, Mapping[str, tuple[float, ...]]], path: Path) -> NamedOp:
    if not _waits(named):
        return named
    if named.name not in learned:
        raise TrainingError(f"{path} lacks what step {named.name!r} took from the training images; run the trial again")
    assert isinstance(named.op, NativeOp)
    return NamedOp(named.name, NativeOp(named.op.op, dict(learned[named.name])))
