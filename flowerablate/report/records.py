"""The same figures for machines: JSON with a documented schema, and CSV.

The JSON document (``"schema": "flowerablate.report/1"``); numbers are not rounded, and ``null`` is a value that the
trials do not give::

    schema, title, metric, split ("test"), lower_is_better, level (.95), comparisons (size of the Holm family),
    notes [text], base ROW, variants [ROW]

    ROW: variant, change ("" for the base), n (pairs), trials, failed, collapsed, unpaired, base_mean, variant_mean,
         effect EFFECT, p_adjusted, verdict, reason, more_replicates, seconds, images_per_second, parameters
    EFFECT: mean, low, high, sd, base_sd, variant_sd, p_t, p_sign_flip, sign_flip_exact, sign_flip_floor,
            minimum_detectable, correlation, differences [number]

The CSV has one line per ROW, the fields of EFFECT (without the differences) among them, in units of the metric.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from typing import Any

from ..stats import Effect, Row, Summary

SCHEMA = "flowerablate.report/1"

_FORMULA = re.compile(r"^[=+\-@\t\r\n]")
_LABEL = re.compile(r"^-[\w.]+(\+[\w.]+)*$")


def to_json(summary: Summary, title: str = "") -> str:
    """Return the document described above, indented, ending in a newline."""
    document = {
        "schema": SCHEMA,
        "title": title,
        "metric": summary.metric,
        "split": "test",
        "lower_is_better": summary.lower_is_better,
        "level": summary.level,
        "comparisons": summary.comparisons,
        "notes": list(summary.notes),
        "base": _record(summary.base),
        "variants": [_record(row) for row in summary.rows],
    }
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def to_csv(summary: Summary) -> str:
    """Return a header and one line per row, base first; empty where there is no value.

    A text that a spreadsheet could take for a formula gets a leading apostrophe. Names like ``-morphology+flip`` do
    not: without brackets, quotes, ``!`` or ``|`` they can neither call nor fetch anything, and other programs read
    them as they are.
    """
    lines = []
    for row in (summary.base, *summary.rows):
        record = _record(row)
        effect = record.pop("effect") or _no_effect()
        effect.pop("differences")
        position = list(record).index("p_adjusted")
        items = list(record.items())
        lines.append({**dict(items[:position]), **_renamed(effect), **dict(items[position:])})
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, fieldnames=list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: harmless(value) for name, value in line.items()} for line in lines)
    return buffer.getvalue()


def _record(row: Row) -> dict[str, Any]:
    return {
        "variant": row.label,
        "change": row.change,
        "n": row.n,
        "trials": row.trials,
        "failed": row.failed,
        "collapsed": row.collapsed,
        "unpaired": row.unpaired,
        "base_mean": row.base_mean,
        "variant_mean": row.variant_mean,
        "effect": None if row.effect is None else _effect(row.effect),
        "p_adjusted": row.adjusted_p,
        "verdict": row.verdict,
        "reason": row.reason,
        "more_replicates": row.more_replicates,
        "seconds": row.seconds,
        "images_per_second": row.images_per_second,
        "parameters": row.parameters,
    }


def _effect(effect: Effect) -> dict[str, Any]:
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
        "differences": list(effect.differences),
    }


def _no_effect() -> dict[str, Any]:
    names = ("mean", "low", "high", "sd", "base_sd", "variant_sd", "p_t", "p_sign_flip", "sign_flip_exact")
    return dict.fromkeys((*names, "sign_flip_floor", "minimum_detectable", "correlation", "differences"))


def _renamed(effect: dict[str, Any]) -> dict[str, Any]:
    names = {"mean": "effect", "low": "effect_low", "high": "effect_high", "sd": "effect_sd"}
    return {names.get(name, name): value for name, value in effect.items()}


def harmless(value: object) -> object:
    """Return *value* as a cell of CSV that no spreadsheet runs; numbers keep every digit."""
    if isinstance(value, str) and _FORMULA.match(value) and not _LABEL.match(value):
        return "'" + value
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else ""
    return value
