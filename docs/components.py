"""Writes the reference of all components from the registry, in Markdown; steps have a page of their own."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace

from flowerablate.contracts import ComponentSpec, Param
from flowerablate.discovery import discover

HEADINGS = {
    "dataset": ("Data sets", "`[dataset]`, or `--data PATH`: [data sets](data.md)."),
    "model": ("Models", "`[model]`: [residual networks](resnets.md)."),
    "train": ("Training", "`[train]`: [training](training.md)."),
    "optimizer": ("Optimizers", "`[optimizer]`."),
    "scheduler": ("Schedules of the learning rate", "`[scheduler]`."),
    "loss": ("Losses", "`[loss]`: [unequal classes](../how-to/imbalance.md)."),
    "sampler": ("Samplers", "`[sampler]`: [unequal classes](../how-to/imbalance.md)."),
    "metric": ("Metrics", "`[metrics]`, or `--metric`: [metrics](metrics.md)."),
    "measure": ("Costs of a trial", "Measured in every trial; each is a column of the table, too."),
    "column": ("Columns of the table", "`--columns`: [reports](report.md)."),
    "tracker": ("Trackers", "`[trackers]`, or `--tracker`: [trackers](../how-to/trackers.md)."),
    "executor": ("Executors", "`[execution]`, or `--executor`: [clusters](../how-to/cluster.md)."),
}
"""The heading of each slot but that of steps, and where its components are chosen."""


def text() -> str:
    """Return a chapter for each slot with the components that come with flowerablate."""
    registry = discover(None, strict=True).registry
    return "\n".join(
        line for slot in HEADINGS for line in _slot(slot, [found.spec for found in registry.slot(slot).values()])
    )


def _slot(slot: str, specs: Iterable[ComponentSpec]) -> Iterator[str]:
    title, place = HEADINGS[slot]
    yield from (f"## {title}", "", place, "")
    shown: list[ComponentSpec] = []
    for spec in specs:
        yield from (f"### {slot} {spec.name}", "", spec.summary, "")
        alike = next((other for other in shown if spec.params and _like(other, spec)), None)
        if alike is None:
            yield from parameters(spec.params)
            shown.append(spec)
        else:
            differ = [
                f"`{ours.name}` {default(ours)}"
                for ours, theirs in zip(spec.params, alike.params, strict=True)
                if ours.default != theirs.default
            ]
            yield from (f"Parameters as those of {alike.name}; other defaults: {', '.join(differ) or 'none'}.", "")


def _like(one: ComponentSpec, other: ComponentSpec) -> bool:
    """Whether the parameters of both differ by their defaults alone."""
    return [replace(each, default=0) for each in one.params] == [replace(each, default=0) for each in other.params]


def parameters(params: Iterable[Param]) -> list[str]:
    """Return the table of *params*: nothing where there are none."""
    rows = [f"| `{param.name}` | {default(param)} | {bounds(param)} | {param.summary} |" for param in params]
    return ["| parameter | default | range | meaning |", "|---|---|---|---|", *rows, ""] if rows else []


def default(param: Param) -> str:
    """Return the default of *param* as a study file would have it."""
    return f"`{json.dumps(param.default)}`".replace("|", "\\|")


def bounds(param: Param) -> str:
    """Return what *param* may be, in one cell of a table."""
    return param.range_text.replace(" | ", ", ").replace("|", "\\|")
