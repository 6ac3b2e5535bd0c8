"""The model card: what to know before using a model (Mitchell et al. 2019, doi:10.1145/3287560.3287596).

Markdown. Recorded facts are filled in; what only people can state is marked "to be written".
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
from ..stats.one_model import ClassMetrics, Estimate
from ..stats.population import few_groups
from ..stats.wording import count
from .markdown import code_text, escape, table_line


@dataclass(frozen=True)
class TestScores:
    """The metrics on the test split; see :class:`flowerablate.reading.model_scores.ModelScores` for the fields.

    *across*: for each metric, its values over the replicates of the same variant.
    """

    images: int
    groups: int
    class_groups: int
    metrics: Mapping[str, Estimate]
    infos: Mapping[str, MetricInfo]
    by_class: Sequence[ClassMetrics]
    confusion: Sequence[Sequence[int]]
    calibration_error: float
    across: Mapping[str, Sequence[float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Card:
    """The facts of a model card. *counts*: images of each class by part of the split; *tested*: None if not known."""

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
    tested: TestScores | None = None


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
    size = (
        f"{plan.image_size}x{plan.image_size} pixels, {plan.channels} {'channel' if plan.channels == 1 else 'channels'}"
    )
    return "\n".join(
        [
            f"# Model card: {escape(card.study)}",
            "",
            f"An image classifier with {len(card.classes)} classes: {', '.join(map(code_text, card.classes))}.",
            "",
            *_table(
                ("", ""),
                [
                    ("network", _choice(card.pipeline.choice(ModelSpec))),
                    ("parameters", f"{card.parameters:,}"),
                    ("input", size),
                    ("output", "one probability per class; they sum to 1"),
                    ("variant, seed", f"{code_text(card.variant)}, {card.seed}"),
                ],
            ),
        ]
    )


def _intended_use() -> str:
    return (
        "## Intended use\n\n"
        "*To be written by whoever releases the model: its purpose, its intended users, and excluded uses.\n"
        "Until then, the model is a research result. Do not base decisions about people, animals or plants on it.*"
    )


def _data(card: Card) -> str:
    plan = card.pipeline.split
    parts = list(card.counts)
    rows = [(code_text(name), *(str(card.counts[part][k]) for part in parts)) for k, name in enumerate(card.classes)]
    rows.append(("all", *(str(sum(card.counts[part])) for part in parts)))
    split = f"The split was made by the method {code_text(plan.method)} with seed {card.seed}"
    return "\n".join(
        [
            "## Data",
            "",
            f"Data set: {_choice(card.pipeline.choice(DatasetSpec))}. Hash of its content: {code_text(card.data)}.",
            "",
            *_table(("images", *parts), rows),
            "",
            f"{split}. The validation split selected the epoch; the test split was used only for the metrics below.",
            "",
            "*To be written: where the images come from, their licence, and which groups or cases are missing.*",
        ]
    )


def _preprocessing(card: Card) -> str:
    lines = [f"{number}. {_named(step)}" for number, step in enumerate(_enabled(card), 1)]
    return "\n".join(
        ["## Preprocessing", "", "The steps are applied in this order; random steps act in training only.", "", *lines]
    )


def _named(step: StepChoice) -> str:
    """Return the step, after its name where the study calls it otherwise."""
    return _choice(step) if step.name == step.use else f"{code_text(step.name)}: {_choice(step)}"


def _enabled(card: Card) -> list[StepChoice]:
    return [step for step in card.pipeline.steps if step.enabled]


def _training(card: Card) -> str:
    pipeline, plan = card.pipeline, card.pipeline.train
    listed = (ModelSpec.slot, TrainingSpec.slot)  # the network is in the head, the settings follow below
    named = [slot for slot in slots(number="one", ablated=True) if slot not in listed]
    rows = [(slot, _choice(pipeline.components[slot])) for slot in named if slot in pipeline.components]
    rows += [
        ("epochs", f"{plan.epochs}; the weights are from epoch {card.epoch}"),
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
            [*lines, "Not available: the predictions for the test split are not stored beside the checkpoint."]
        )
    rows = []
    for name, estimate in tested.metrics.items():
        percent = tested.infos[name].percent
        rows.append((code_text(name), _number(estimate.value, percent), _interval(estimate, percent), estimate.how))
    of, over = ("", "images") if not tested.groups else (f" of {count(tested.groups, 'group')}", "groups")
    lines += [
        f"Results on the {count(tested.images, 'image')}{of} of the test split, with 95 % intervals over {over}:",
        "",
    ]
    lines += [*_table(("metric", "value", "95 % interval", "method"), rows), ""]
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
    heads = ("true class \\ prediction", *map(code_text, card.classes))
    counts = [(code_text(name), *map(str, row)) for name, row in zip(card.classes, tested.confusion, strict=True)]
    lines += ["", *_table(heads, counts), ""]
    lines += [f"Expected calibration error (10 bins): {_number(tested.calibration_error, True)}."]
    for name, values in tested.across.items():
        if len(values) > 1:
            (mean, sd), percent = moments(values), tested.infos[name].percent
            values_text = f"mean {_number(mean, percent)}, standard deviation {_number(sd, percent)}"
            lines += ["", f"{code_text(name)} over the {len(values)} replicates of this variant: {values_text}."]
    return "\n".join(lines)


def _limits(card: Card) -> str:
    lines = [
        "- The model always predicts one of its classes, whatever the image shows.",
        "- The metrics hold for images like those of the data set, acquired and prepared in the same way.",
        "- The intervals reflect the choice of test images, but not the variation between splits and training runs.",
    ]
    if card.tested and (few := few_groups(card.tested.groups, card.tested.class_groups)):
        lines.append(f"- {few[0].upper()}{few[1:]}.")
    if card.tested and min(one.images for one in card.tested.by_class) < 50:
        lines.append("- At least one class has fewer than 50 test images, so the intervals of its metrics are wide.")
    return "\n".join(
        ["## Limits", "", *lines, "", "*To be written: groups and conditions for which the model was not tested.*"]
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
    """Return *value* in the syntax of a study file; an absolute path loses its folders, as cards are published."""
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


def _interval(estimate: Estimate, percent: bool) -> str:
    if math.isnan(estimate.low):
        return "not defined"
    return f"{_number(estimate.low, percent)} to {_number(estimate.high, percent)}"


def _with_interval(estimate: Estimate) -> str:
    if math.isnan(estimate.low):
        return _number(estimate.value, True)
    return f"{_number(estimate.value, True)} ({100 * estimate.low:.1f} to {100 * estimate.high:.1f})"
