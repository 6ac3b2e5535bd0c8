"""The JSON Schema of a study file: editors complete and check it by that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..contracts import SPECS, ComponentSpec, Param, StepSpec
from .schema import study_model

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string"}
_LOOSER = {
    "SplitTable": {"subset": "integer"},
    "ExecutionTable": {"jobs": "string", "trial_timeout": "number", "stall_timeout": "number", "memory": "integer"},
}
"""Keys of the core that take another type as well, such as ``jobs = "auto"``."""


def json_schema(components: Mapping[str, Iterable[ComponentSpec]]) -> Schema:
    """Return the schema of a study that may use *components*, by slot."""
    found = study_model().model_json_schema()
    for name, table in found["$defs"].items():
        table.pop("required", None)  # what a file leaves out is that of the default study
        for key, other in _LOOSER.get(name, {}).items():
            table["properties"][key] = {"anyOf": [table["properties"][key], {"type": other}]}
    del found["required"]
    tables = {spec.table(): (spec, list(components.get(slot, ()))) for slot, spec in SPECS.items() if spec.table()}
    removable = {"removable": {"type": "boolean", "default": True, "description": "whether an ablation may remove it"}}
    for table, (spec, specs) in tables.items():
        one = _component(specs, spec.default_use, removable if spec is StepSpec else {})
        found["properties"][table] = (
            {"type": "object", "additionalProperties": one} if spec.number == "several" else one
        )
    return {"$schema": DIALECT, **found, "title": "A study of flowerablate"}


def _component(specs: Sequence[ComponentSpec], default_use: str, more: Schema) -> Schema:
    """Return the schema of a table with the name of one of *specs* and its parameters."""
    uses = [{"const": spec.name, "description": spec.summary} for spec in specs]
    return {
        "type": "object",
        "properties": {"use": {"oneOf": uses}},
        "allOf": [_if_used(spec, more, is_default=spec.name == default_use) for spec in specs],
        **({} if default_use else {"required": ["use"]}),
    }


def _if_used(spec: ComponentSpec, more: Schema, *, is_default: bool) -> Schema:
    named = {"properties": {"use": {"const": spec.name}}, **({} if is_default else {"required": ["use"]})}
    params = {param.name: _of_param(param) for param in spec.settable}
    return {"if": named, "then": {"properties": {"use": True, **params, **more}, "additionalProperties": False}}


def _of_param(param: Param) -> Schema:
    values: object = list(param.default) if isinstance(param.default, tuple) else param.default
    described = {"description": param.summary, "default": values}
    if not isinstance(param.default, tuple):
        return {**_value(param, type(param.default)), **described}
    item = _value(param, type(param.default[0]) if param.default else str)
    return {"anyOf": [{"type": "array", "items": item}, item], **described}


def _value(param: Param, kind: type) -> Schema:
    bounds = {"minimum": param.low, "maximum": param.high}
    return {
        "type": _TYPES[kind],
        **({"enum": list(param.choices)} if param.choices else {}),
        **{key: bound for key, bound in bounds.items() if bound is not None and kind in (int, float)},
    }
