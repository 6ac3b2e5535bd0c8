"""Helpers of all checks: the settings to try, and the name of a component in messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..contracts import ComponentSpec, Value
from ..errors import DataError, StudyError, nearest


def named(spec: ComponentSpec) -> str:
    """Return the name of *spec* in messages."""
    return spec.title


def settings(spec: ComponentSpec, params: Mapping[str, Value] | None) -> dict[str, Value]:
    """Return every parameter of *spec*, validated: its default, or the value in *params*."""
    params = params or {}
    known = [param.name for param in spec.params]
    for name in params:
        if name not in known:
            raise AssertionError(f"{named(spec)} has no parameter {name!r}; {nearest(name, known)}")
    return {param.name: param.check(params.get(param.name, param.default), param.name) for param in spec.params}


def with_features_off(
    spec: ComponentSpec, params: Mapping[str, Value] | None
) -> Iterator[tuple[str, dict[str, Value]]]:
    """Yield the name of each feature that is on, and the settings with only this feature off."""
    base = settings(spec, params)
    for feature in spec.features:
        if feature.off is not None and base[feature.name] != feature.off:
            yield feature.name, {**base, feature.name: feature.off}


def with_other_choices(
    spec: ComponentSpec, params: Mapping[str, Value] | None
) -> Iterator[tuple[str, dict[str, Value]]]:
    """Yield ``name = choice`` and the settings for each other choice of each parameter with choices."""
    base = settings(spec, params)
    for param in spec.params:
        for choice in param.choices:
            if not isinstance(param.default, tuple) and choice != base[param.name]:
                yield f"{param.name} = {choice!r}", {**base, param.name: choice}


def each_setting(spec: ComponentSpec, params: Mapping[str, Value] | None) -> Iterator[tuple[str, dict[str, Value]]]:
    """Yield a text for messages and the settings to try: the defaults, each feature off, each other choice."""
    yield "", settings(spec, params)
    for feature, chosen in with_features_off(spec, params):
        yield f" with {feature} off", chosen
    for choice, chosen in with_other_choices(spec, params):
        yield f" with {choice}", chosen


def build(spec: ComponentSpec, context: object, params: Mapping[str, Value], when: str = "") -> object:
    """Build *spec*; a :class:`StudyError` or :class:`DataError` becomes an AssertionError."""
    try:
        return spec.build(context, **params)
    except StudyError as error:
        raise AssertionError(f"{named(spec)}{when} refuses its own settings: {error}") from error
    except DataError as error:
        raise AssertionError(f"{named(spec)}{when}: {error}") from error
