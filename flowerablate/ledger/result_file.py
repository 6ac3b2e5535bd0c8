"""Reads and writes ``result.json``, the result of a finished trial."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..contracts import MetricInfo, OwnedComponent, Owner, TrialResult
from ..errors import LedgerError
from ..files import write_json
from .json_files import CommonEnds

FILE = "result.json"
_FORMAT = 2
_FORMER_COSTS = ("seconds", "images_per_second", "parameters", "flops", "memory")
"""Fields of format 1 that are costs now; the last two were 0 if not measured."""


def write_result(folder: Path, result: TrialResult) -> None:
    """Write *result* to the *folder* of its trial; the trial's claims hold its place in a study."""
    content = asdict(result)
    del content["base_id"], content["change"]
    write_json(folder / FILE, {"format": _FORMAT, **content})


def read_result(folder: Path | str, base_id: str, change: str) -> TrialResult:
    """Read what :func:`write_result` wrote, also in format 1, as the trial of *change* in the study of *base_id*.

    A damaged file, or one of an unknown format, raises :class:`LedgerError`.
    """
    path = os.path.join(folder, FILE)  # of many results, a Path for each takes noticeable time
    try:
        own, end = _RESULTS.read(path)
        content = {**own, **end}
        version = content.pop("format", None)
        if version == 1:
            content = _from_format_1(content)
        elif version != _FORMAT:
            raise LedgerError(f"{path} has format {version}, not {_FORMAT}; use the version that wrote it") from None
        for group in ("metrics", "validation"):
            content[group] = {name: math.nan if value is None else value for name, value in content[group].items()}
        if "best_by" in content:
            content["best_by"] = MetricInfo(**content["best_by"])
        return TrialResult(**content, base_id=base_id, change=change)
    except (KeyError, TypeError, AttributeError):
        raise LedgerError(f"{path} is of another version; remove its folder") from None


def _from_format_1(content: Mapping[str, Any]) -> dict[str, Any]:
    costs = {name: content[name] for name in _FORMER_COSTS if name in content}
    rest = {name: value for name, value in content.items() if name not in _FORMER_COSTS}
    kept = content["environment"].items()
    rest["environment"] = {key: value for key, value in kept if key != "owners" and not key.startswith("metric ")}
    return {**rest, "costs": {name: value or None for name, value in costs.items()}}


def _with_owners(end: dict[str, Any]) -> dict[str, Any]:
    owners = tuple(_owned(record) for record in end.get("owners", ()))
    return {**end, "owners": owners}


def _owned(record: Mapping[str, Any]) -> OwnedComponent:
    return OwnedComponent(record["slot"], record["name"], Owner(**record["owner"]))


_RESULTS = CommonEnds("owners", _with_owners)
"""The trials of a variant have the same owners, which are most of the text."""
