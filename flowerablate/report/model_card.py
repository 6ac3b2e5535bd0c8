"""The model card: what to know before using a model (Mitchell et al. 2019, doi:10.1145/3287560.3287596).

Markdown. What the trial knows is filled in; what only people can say stands as a plain request to say it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from ..contracts import (
    TRAINING,
    Choice,
    DatasetSpec,
    MetricInfo,
    ModelSpec,
    OwnedComponent,
    Pipeline,
    StepChoice,
    TrainingSpec,
    slots,
)
from ..stats.effects import moments
from ..stats.one_model import ClassFigures, Figure
from .markdown import code_text, escape, table_line


@dataclass(frozen=True)
class Tested:
    """What the trial's test split came to; see :class:`flowerablate.reading.model_scores.ModelScores` for the names.

    *across*: of each metric, its values over the replicates of the same variant.
    """

    images: int
    figures: Mapping[str, Figure]
    infos: Mapping[str, MetricInfo]
    by_class: Sequence[ClassFigures]
    confusion: Sequence[Sequence[int]]
    calibration_error: float
    across: Mapping[str, Sequence[float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Card:
    """The facts of a model card. *counts*: images of each class by part of the split; *tested* None: not kept here."""

    study: str
    trial: str
    variant: str
    seed: int
    epoch: int
    classes: Sequence[str]
    pipeline: Pipeline
    counts: Mapping[str, Sequence[int]]
    data: str
    parameters: int
    owners: Sequence[OwnedComponent]
    versions: Mapping[str, str]
    tested: Tested | None = None


def model_card(card: Card) -> str:
    """Return *card* as Markdown."""
    parts = [
        _head(card),
        _intended_use(),
        _data(card),
        _preprocessing(card),
        _training(card),
        _evaluation(card),
        _limits(card),
        _record(card),
    ]
    return "\n\n".join(parts) + "\n"


def _head(card: Card) -> str:
    plan = card.pipeline.input
    what = (
        f"{plan.image_size}x{plan.image_size} pixels, {plan.channels} {'channel' if plan.channels == 1 else 'channels'}"
    )
    return "\n".join(
        [
            f"# Model card: {escape(card.study)}",
            "",
            f"A classifier of images into {len(card.classes)} classes: {', '.join(map(code_text, card.classes))}.",
            "",
            *_table(
                ("", ""),
                [
                    ("network", _choice(card.pipeline.choice(ModelSpec))),
                    ("parameters", f"{card.parameters:,}"),
                    ("input", what),
                    ("output", "a probability for each class; they sum to 1"),
                    ("variant, seed", f"{code_text(card.variant)}, {card.seed}"),
                ],
            ),
        ]
    )


def _intended_use() -> str:
    return (
        "## Intended use\n\n"
        "*To be written by whoever releases the model: what it is for, who is to use it, and what it must not be used\n"
        "for. Until then it is a result of research, for no decision about people, animals or plants.*"
    )


def _data(card: Card) -> str:
    plan = card.pipeline.split
    parts = list(card.counts)
    rows = [(code_text(name), *(str(card.counts[part][k]) for part in parts)) for k, name in enumerate(card.classes)]
    rows.append(("all", *(str(sum(card.counts[part])) for part in parts)))
    split = f"Split: method {code_text(plan.method)}, drawn with seed {card.seed}"
    return "\n".join(
        [
            "## Data",
            "",
            f"Data set {_choice(card.pipeline.choice(DatasetSpec))}, content {code_text(card.data)}.",
            "",
            *_table(("images", *parts), rows),
            "",
            f"{split}. The validation part chose the epoch, the test part gave the figures below and nothing else.",
            "",
            "*To be written: where the images come from, who may use them, and whom or what they do not show.*",
        ]
    )


def _preprocessing(card: Card) -> str:
    lines = [f"{number}. {code_text(step.name)}: {_choice(step)}" for number, step in enumerate(_enabled(card), 1)]
    return "\n".join(
        ["## Preprocessing", "", "In this order; steps that draw at random act in training alone.", "", *lines]
    )


def _enabled(card: Card) -> list[StepChoice]:
    return [step for step in card.pipeline.steps if step.enabled]


def _training(card: Card) -> str:
    pipeline, plan = card.pipeline, card.pipeline.train
    told = (ModelSpec.slot, TrainingSpec.slot)  # the network stands at the head, the settings follow one by one
    named = [slot for slot in slots(number="one", ablated=True) if slot not in told]
    rows = [(slot, _choice(pipeline.components[slot])) for slot in named if slot in pipeline.components]
    rows += [
        ("epochs", f"{plan.epochs}; the weights are those of epoch {card.epoch}"),
        ("batch size", f"{plan.batch_size}"),
    ]
    settings = pipeline.choice(TrainingSpec).params
    rows += [
        (code_text(f"{TrainingSpec.slot}.{param.name}"), code_text(_value(settings[param.name])))
        for param in TRAINING.params
        if param.name not in ("epochs", "batch_size") and settings[param.name] != param.default
    ]
    return "\n".join(["## Training", "", *_table(("", ""), rows)])


def _evaluation(card: Card) -> str:
    tested = card.tested
    lines = ["## Evaluation", ""]
    if tested is None:
        return "\n".join(
            [*lines, "The predictions on the test split are not beside the checkpoint, so no figures stand here."]
        )
    rows = []
    for name, figure in tested.figures.items():
        percent = tested.infos[name].percent
        rows.append((code_text(name), _number(figure.value, percent), _interval(figure, percent), figure.how))
    lines += [f"On the {tested.images} images of the test split, with 95 % intervals over images:", ""]
    lines += [*_table(("metric", "value", "95 % interval", "by"), rows), ""]
    lines += _table(
        ("class", "images", "sensitivity", "specificity", "precision"),
        [
            (
                code_text(one.name),
                str(one.images),
                *map(_with_interval, (one.sensitivity, one.specificity, one.precision)),
            )
            for one in tested.by_class
        ],
    )
    heads = ("is \\ said", *map(code_text, card.classes))
    counts = [(code_text(name), *map(str, row)) for name, row in zip(card.classes, tested.confusion, strict=True)]
    lines += ["", *_table(heads, counts), ""]
    lines += [f"Expected calibration error (10 bins): {_number(tested.calibration_error, True)}."]
    for name, values in tested.across.items():
        if len(values) > 1:
            (mean, sd), percent = moments(values), tested.infos[name].percent
            told = f"{_number(mean, percent)} in the mean, standard deviation {_number(sd, percent)}"
            lines += ["", f"Over the {len(values)} replicates of this variant {code_text(name)} is {told}."]
    return "\n".join(lines)


def _limits(card: Card) -> str:
    lines = [
        "- It answers with one of its classes whatever the image shows.",
        "- Its figures hold for images like those of its data set, taken and prepared alike.",
        "- The intervals hold the chance of the test images, not that of the split and of training.",
    ]
    if card.tested and min(one.images for one in card.tested.by_class) < 50:
        lines.append("- Some class has fewer than 50 test images: read its figures with their intervals.")
    return "\n".join(
        ["## Limits", "", *lines, "", "*To be written: groups and conditions in which it was not tested.*"]
    )


def _record(card: Card) -> str:
    owners = sorted({str(owned.owner) for owned in card.owners})
    rows = [
        ("study", code_text(card.study)),
        ("trial", code_text(card.trial)),
        *((name, escape(text)) for name, text in card.versions.items()),
        ("plugins", ", ".join(map(escape, owners))),
    ]
    return "\n".join(["## Provenance", "", *_table(("", ""), rows)])


def _choice(choice: Choice) -> str:
    params = ", ".join(f"{name}={_value(value)}" for name, value in choice.params.items())
    return code_text(choice.use) + (f" ({escape(params)})" if params else "")


def _value(value: object) -> str:
    """Return *value* as a study writes it; of an absolute path the last part alone, for cards are given away."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return PurePath(value).name if PurePath(value).is_absolute() else value or '""'
    return f"{value:g}" if isinstance(value, float) else str(value)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [table_line(heads), table_line(["---"] * len(heads)), *map(table_line, rows)]


def _number(value: float, percent: bool) -> str:
    if math.isnan(value):
        return "not defined"
    return f"{100 * value:.1f} %" if percent else f"{value:.4f}"


def _interval(figure: Figure, percent: bool) -> str:
    if math.isnan(figure.low):
        return "not defined"
    return f"{_number(figure.low, percent)} to {_number(figure.high, percent)}"


def _with_interval(figure: Figure) -> str:
    if math.isnan(figure.low):
        return _number(figure.value, True)
    return f"{_number(figure.value, True)} ({100 * figure.low:.1f} to {100 * figure.high:.1f})"
