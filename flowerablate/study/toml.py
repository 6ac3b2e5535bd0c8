"""Writes a pipeline as a study file."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from ..contracts import SPECS, Choice, Pipeline, Rules, StepChoice, StepSpec, TunedBase, slots
from .designs.naming import show_value

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def to_toml(
    pipeline: Pipeline,
    name: str,
    rules: Rules,
    secondary: Sequence[str],
    seeds: Sequence[int],
    questions: Mapping[str, object] | None = None,
    tuned: TunedBase | None = None,
) -> str:
    """Return a study in TOML: *pipeline* with all parameters, *rules*, and the number of *seeds*.

    Steps that a variant removed are left out. *questions*: further keys of ``[ablation]``; no other questions are
    written. *tuned*: how the pipeline was tuned.
    """
    tables: dict[str, dict[str, object]] = {
        **_tables(pipeline, ablated=False),
        "input": asdict(pipeline.input),
        "split": asdict(pipeline.split),
        **{f"{StepSpec.table()}.{_key(step.name)}": _step(step) for step in pipeline.steps if step.enabled},
        **_tables(pipeline, ablated=True),
        "ablation": {"seeds": len(seeds), **(questions or {}), **_retune(pipeline)},
        "metrics": {"primary": rules.metric, "secondary": list(secondary)},
        "statistics": {
            "level": rules.level,
            "margin": rules.margin,
            "population": rules.population,
            "min_replicates": rules.min_replicates,
            "reserve": rules.reserve,
            "test": rules.test,
            "family": rules.family,
        },
        **({"tuned": asdict(tuned)} if tuned else {}),
    }
    lines = [f"name = {_value(name)}"]
    for table, content in tables.items():
        lines += ["", f"[{table}]", *_lines(content)]
    return "\n".join(lines) + "\n"


def _retune(pipeline: Pipeline) -> dict[str, object]:
    found = [f"{key}={','.join(map(show_value, values))}" for key, values in pipeline.retune]
    return {"retune": found} if found else {}


def _tables(pipeline: Pipeline, *, ablated: bool) -> dict[str, dict[str, object]]:
    """Return the component tables that come before the steps, or with *ablated* those after them."""
    names = (slot for slot in slots(number="one", ablated=ablated) if slot in pipeline.components)
    return {slot: _component(pipeline.components[slot], SPECS[slot].default_use) for slot in names}


def _component(choice: Choice, default_use: str = "") -> dict[str, object]:
    return {**({} if choice.use == default_use else {"use": choice.use}), **choice.params}


def _step(step: StepChoice) -> dict[str, object]:
    return {**_component(step), **({} if step.removable else {"removable": False})}


def _lines(content: Mapping[str, object]) -> list[str]:
    return [f"{_key(key)} = {_value(value)}" for key, value in content.items() if value is not None]


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else json.dumps(key)


def _value(value: object) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)
