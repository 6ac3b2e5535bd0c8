"""The summary for programs: JSON with a schema, and CSV. docs/report.schema.json describes each field.

Numbers are not rounded; ``null`` or an empty cell is a value that the trials do not give.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from ..stats import Center, Effect, Row, Summary
from ..visible import REPLACEMENT, json_text, visible

SCHEMA = "flowerablate.report/3"
"""The name of the schema in docs/report.schema.json; the number increases when a field changes or is removed."""

_FORMULA = re.compile(r"^[=+\-@\t\r\n]")
_LABEL = re.compile(r"^[-+]?[A-Za-z_][\w.]*( [-+][A-Za-z_][\w.]*)*$")


def to_json(summary: Summary, title: str = "") -> str:
    """Return the document that docs/report.schema.json describes, indented, ending in a newline."""
    return dumps({"schema": SCHEMA, "title": title, **document_of(summary)})


def dumps(document: Mapping[str, Any]) -> str:
    """Return *document* as indented JSON, ending in a newline."""
    return json_text(document) + "\n"


def document_of(summary: Summary) -> dict[str, Any]:
    """Return the whole *summary* as JSON values."""
    return {
        "metric": summary.metric,
        "split": "test",
        "lower_is_better": summary.lower_is_better,
        "percent": summary.percent,
        "level": summary.level,
        "comparisons": summary.comparisons,
        "procedure": summary.procedure,
        "rules": {**asdict(summary.rules), "looks": list(summary.rules.looks)},
        "secondary": [{**asdict(each.info), "base_mean": each.base_mean} for each in summary.secondary],
        "costs": [asdict(info) for info in summary.costs],
        "notes": list(summary.notes),
        "base": row_record(summary.base, {}),
        "rows": [
            row_record(row, {each.info.name: each.effects[position] for each in summary.secondary})
            for position, row in enumerate(summary.rows)
        ],
    }


def row_record(row: Row, secondary: Mapping[str, Effect | None]) -> dict[str, Any]:
    """Return one row; *secondary* are its effects on other metrics."""
    contrast, evidence = row.contrast, row.evidence
    components = evidence.components if evidence else None
    return {
        "label": row.label,
        "kind": contrast.kind if contrast else "base",
        "component": contrast.component if contrast else "",
        "change": row.change,
        "weights": dict(contrast.weights) if contrast else {"": 1.0},
        "weights_vary": bool(contrast and contrast.by_seed),
        "aliases": list(contrast.aliases) if contrast else [],
        "in_family": bool(contrast and contrast.in_family),
        "n": row.n,
        "seeds": list(row.seeds),
        "trials": row.tally.trials,
        "failed": row.tally.failed,
        "collapsed": row.tally.collapsed,
        "unpaired": row.tally.unpaired,
        "base_mean": row.base_mean,
        "variant_mean": row.variant_mean,
        "effect": _effect(row.effect),
        "interval": row.interval or None,
        "test": evidence.test if evidence else None,
        "look": (evidence.look or None) if evidence else None,
        "p": evidence.p if evidence else None,
        "p_adjusted": row.adjusted_p,
        "equivalence_p": evidence.equivalence_p if evidence else None,
        "equivalence_p_adjusted": row.adjusted_equivalence_p,
        "verdict": row.verdict,
        "reason": row.reason,
        "family_low": row.family_interval[0] if row.family_interval else None,
        "family_high": row.family_interval[1] if row.family_interval else None,
        "minimum_detectable_in_family": row.family_mde,
        "variance_replicate": components.replicate if components else None,
        "variance_image": components.image if components else None,
        "variance_rest": components.rest if components else None,
        "more_replicates": row.more_replicates,
        "chance": row.chance,
        "chance_low": row.forecast.low if row.forecast else None,
        "chance_high": row.forecast.high if row.forecast else None,
        "chance_by": row.forecast.by if row.forecast else None,
        "costs": dict(row.costs),
        "secondary": {name: _effect(effect) for name, effect in secondary.items()},
    }


def _effect(effect: Effect | None) -> dict[str, Any] | None:
    if effect is None:
        return None
    robust = effect.robust
    return {
        "mean": effect.mean,
        "low": effect.low,
        "high": effect.high,
        "sd": effect.sd,
        "base_sd": effect.base_sd,
        "variant_sd": effect.variant_sd,
        "p_t": effect.t_p,
        "p_sign_flip": effect.sign_flip_p,
        "sign_flip_exact": effect.sign_flip_exact,
        "sign_flip_floor": effect.sign_flip_floor,
        "minimum_detectable": effect.mde,
        "correlation": effect.correlation,
        "median": _center(robust.median if robust else None),
        "iqm": _center(robust.iqm if robust else None),
        "differences": list(effect.differences),
    }


def _center(center: Center | None) -> dict[str, Any] | None:
    return None if center is None else asdict(center)


_EFFECT_FIELDS = {
    "mean": "effect",
    "low": "effect_low",
    "high": "effect_high",
    "sd": "effect_sd",
    "base_sd": "base_sd",
    "variant_sd": "variant_sd",
    "p_t": "p_t",
    "p_sign_flip": "p_sign_flip",
    "sign_flip_exact": "sign_flip_exact",
    "sign_flip_floor": "sign_flip_floor",
    "minimum_detectable": "minimum_detectable",
    "correlation": "correlation",
}
"""The column of the CSV for each field of an effect in JSON."""


def to_csv(summary: Summary) -> str:
    """Return a header and one line per row, base first; empty where there is no value.

    Text that a spreadsheet could interpret as a formula gets a leading apostrophe. Names like ``-morphology -flip`` do
    not: without brackets, quotes, ``!`` or ``|`` they can neither call nor fetch anything, and other programs read them
    unchanged.
    """
    return csv_of(flat_records(summary))


def flat_records(summary: Summary) -> list[dict[str, object]]:
    """Return the fields of one line of the CSV for each row, base first; None where there is no value."""
    content = document_of(summary)
    metrics = [each["name"] for each in content["secondary"]]
    return [_csv_line(record, metrics) for record in (content["base"], *content["rows"])]


def _csv_line(record: Mapping[str, Any], metrics: Iterable[str]) -> dict[str, object]:
    line: dict[str, object] = {}
    metrics = tuple(metrics)
    of_effects = [*_EFFECT_FIELDS.values(), *_center_fields("median", None), *_center_fields("iqm", None)]
    taken = {*record, *of_effects, *(column for metric in metrics for column in _secondary_fields(metric, {}))}
    for name, value in record.items():
        if name == "effect":
            line |= {column: (value or {}).get(field) for field, column in _EFFECT_FIELDS.items()}
            for center in ("median", "iqm"):
                line |= _center_fields(center, (value or {}).get(center))
        elif name == "costs":
            line |= {f"cost_{cost}" if cost in taken else cost: amount for cost, amount in value.items()}
        elif name == "aliases":
            line[name] = "; ".join(value)
        elif name == "secondary":
            for metric in metrics:
                line |= _secondary_fields(metric, value.get(metric) or {})
        elif name not in ("weights", "seeds"):
            line[name] = value
    return line


def _secondary_fields(metric: str, effect: Mapping[str, Any]) -> dict[str, object]:
    return {f"{metric}_{column}": effect.get(field) for field, column in list(_EFFECT_FIELDS.items())[:3]}


def _center_fields(name: str, center: Mapping[str, Any] | None) -> dict[str, object]:
    known = center or {}
    return {name: known.get("value"), f"{name}_low": known.get("low"), f"{name}_high": known.get("high")}


def csv_of(lines: Iterable[Mapping[str, object]]) -> str:
    """Return *lines*, which all have the same fields, as CSV without formulas."""
    lines = list(lines)
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, fieldnames=list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: harmless(value) for name, value in line.items()} for line in lines)
    return buffer.getvalue()


def harmless(value: object) -> object:
    """Return *value* as a CSV cell that no spreadsheet executes and no terminal obeys; numbers keep every digit."""
    if isinstance(value, str):
        value = visible(value).replace("\n", REPLACEMENT)
    if isinstance(value, str) and _FORMULA.match(value) and not _LABEL.match(value):
        return "'" + value
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else ""
    return value
