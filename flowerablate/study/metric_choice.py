"""Metrics as a study writes them: ``brier``, or with parameters after the name, ``calibration_error,bins=20``."""

from __future__ import annotations

import json
from dataclasses import dataclass

from ..contracts import Choice, MetricInfo, MetricSpec
from .named_settings import read_named
from .resolve import Lookup, check_params


@dataclass(frozen=True)
class MetricChoice:
    """A metric that a study uses: the component with its parameters, and how to name and read its values."""

    choice: Choice
    info: MetricInfo


def resolve_metric(text: str, lookup: Lookup, where: str) -> MetricChoice:
    """Look up the metric that *text* names and check its parameters; error messages begin with *where*.

    The metric's name does not depend on how it is written: it is the component and the non-default parameters.
    """
    written = read_named(text, where)
    spec = lookup(MetricSpec.slot, written.name, where)
    assert isinstance(spec, MetricSpec)
    params = check_params(spec, written.params, where)
    changed = [
        f"{param.name}={json.dumps(params[param.name])}" for param in spec.params if params[param.name] != param.default
    ]
    name = ",".join([spec.name, *changed])
    return MetricChoice(Choice(spec.name, params), MetricInfo(name, spec.lower_is_better, spec.percent))
