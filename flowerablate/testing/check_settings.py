"""What all checks share: the settings that are tried, and how a message calls what is checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..contracts import ComponentSpec, Value
from ..errors import DataError, StudyError, nearest


def named(spec: ComponentSpec) -> str:
    """Return how a message calls *spec*."""
    return spec.title


def settings(spec: ComponentSpec, params: Mapping[str, Value] | None) -> dict[str, Value]:
    """Return every parameter of *spec*: its default, or what *params* says instead, checked."""
    params = params or {}
    known = [param.name for param in spec.params]
    for name in params:
        if name not in known:
            raise AssertionError(f"{named(spec)} has no parameter {name!r}; {nearest(name, known)}")
    return {param.name: param.check(params.get(param.name, param.default), param.name) for param in spec.params}


def with_features_off(
    spec: ComponentSpec, params: Mapping[str, Value] | None
) -> Iterator[tuple[str, dict[str, Value]]]:
    """Yield each feature that is on, by name, and the settings in which it alone is off."""
    base = settings(spec, params)
    for feature in spec.features:
        if feature.off is not None and base[feature.name] != feature.off:
            yield feature.name, {**base, feature.name: feature.off}


def with_other_choices(
    spec: ComponentSpec, params: Mapping[str, Value] | None
) -> Iterator[tuple[str, dict[str, Value]]]:
    """Yield ``name = choice`` and the settings for each choice of each parameter that has choices."""
    base = settings(spec, params)
    for param in spec.params:
        for choice in param.choices:
            if not isinstance(param.default, tuple) and choice != base[param.name]:
                yield f"{param.name} = {choice!r}", {**base, param.name: choice}


def each_setting(spec: ComponentSpec, params: Mapping[str, Value] | None) -> Iterator[tuple[str, dict[str, Value]]]:
    """Yield the settings to be tried, with words for a message: the defaults, each feature off, each other choice."""
    yield "", settings(spec, params)
    for feature, chosen in with_features_off(spec, params):
        yield f" with {feature} off", chosen
    for choice, chosen in with_other_choices(spec, params):
        yield f" with {choice}", chosen


def build(spec: ComponentSpec, context: object, params: Mapping[str, Value], when: str = "") -> object:
    """Build *spec*; a :class:`StudyError` or :class:`DataError` becomes an AssertionError: this ought to work."""
    try:
        return spec.build(context, **params)
    except StudyError as error:
        raise AssertionError(f"{named(spec)}{when} refuses its own settings: {error}") from error
    except DataError as error:
        raise AssertionError(f"{named(spec)}{when}: {error}") from error
