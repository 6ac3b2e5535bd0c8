"""Metrics as a study names them: ``brier``, or with parameters behind the name, ``calibration_error,bins=20``."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from ..contracts import Choice, MetricInfo, MetricSpec
from ..errors import StudyError
from .read import read_value
from .resolve import Lookup, check_params


@dataclass(frozen=True)
class MetricChoice:
    """A metric that a study uses: the component with its parameters, and how its values are called and read."""

    choice: Choice
    info: MetricInfo


def resolve_metric(text: str, lookup: Lookup, where: str) -> MetricChoice:
    """Look up the metric that *text* names, and check its parameters; *where* stands in messages.

    However it is written, the same metric has the same name: that of the component and what differs from the defaults.
    """
    use, *settings = re.split(r",(?![^\[]*\])", text)  # not at the commas inside of a list
    spec = lookup(MetricSpec.slot, use.strip(), where)
    assert isinstance(spec, MetricSpec)
    given = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals:
            raise StudyError(f"{where}: {setting!r} in {text!r} is not of the form parameter=value")
        given[key.strip()] = read_value(value)
    params = check_params(spec, given, where)
    changed = [
        f"{param.name}={json.dumps(params[param.name])}" for param in spec.params if params[param.name] != param.default
    ]
    name = ",".join([spec.name, *changed])
    return MetricChoice(Choice(spec.name, params), MetricInfo(name, spec.lower_is_better, spec.percent))
