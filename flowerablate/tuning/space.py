"""The search space: dimensions from the parameters that components declare, narrowed by the user.

Written as ``optimizer.lr`` (the declared range), ``optimizer.lr=0.01:0.3`` (a range; the suffix ``:log`` makes it
logarithmic), ``model.width=16,32`` (a list), ``optimizer`` (all of its parameters that have a range) or
``optimizer=nesterov,adamw`` (components; other dimensions of the optimizer then depend on the component).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..contracts import ComponentSpec, OptimizerSpec, Param, Pipeline, Place, Value
from ..errors import StudyError, nearest
from ..study.designs.changes import swapped
from ..study.designs.naming import show_value
from ..study.designs.settings import check_key, value_of, with_setting
from ..study.named_settings import split_values
from ..study.read import read_value
from ..study.resolve import Lookup

DEFAULT = ("optimizer.lr", "optimizer.weight_decay")
"""The default search, limited to parameters of the study's optimizer: these matter most often."""

MIN_FRACTION = 1e-6
"""Lower end of the search, as a fraction of the upper bound, for a logarithmic parameter that may be zero."""

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_RANGE = re.compile(rf"\s*({_NUMBER})\s*:\s*({_NUMBER})\s*(:\s*log)?\s*")


@dataclass(frozen=True)
class Dimension:
    """One dimension of the search: a range from *low* to *high*, both inclusive, or a list of *values*.

    *key* is a setting, or only a place (``optimizer``) if components are chosen. *component*: search it only if the
    place has that component; empty: always. *whole*: integers only.
    """

    key: str
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    whole: bool = False
    values: tuple[Value, ...] = ()
    component: str = ""

    @property
    def place(self) -> str:
        """The step or slot of the setting."""
        return self.key.partition(".")[0]

    @property
    def name(self) -> str:
        """The unique name: the key, with the component that it depends on."""
        return f"{self.key} ({self.component})" if self.component else self.key

    @property
    def text(self) -> str:
        """The range or the values for display."""
        if self.values:
            return ", ".join(map(show_value, self.values))
        return f"{self.low:g} to {self.high:g}{', log' if self.log else ''}"

    @property
    def labels(self) -> tuple[str, ...]:
        """The listed values as text, as kept in the storage."""
        return tuple(map(show_value, self.values))

    def read(self, stored: object) -> Value:
        """Return the value for *stored*, its form in the storage: a number, or the label of a listed value."""
        if self.values:
            return self.values[self.labels.index(str(stored))]
        assert isinstance(stored, int | float)
        return int(stored) if self.whole else float(stored)

    def contains(self, value: Value) -> bool:
        """Whether *value* is in the dimension."""
        if self.values:
            return value in self.values
        return isinstance(value, int | float) and self.low <= value <= self.high


@dataclass(frozen=True)
class Space:
    """All dimensions, choices of components before those that depend on them; *left_out*: keys without a range."""

    dimensions: tuple[Dimension, ...]
    left_out: tuple[str, ...] = ()

    def values(self, choose: Callable[[Dimension], Value]) -> dict[str, Value]:
        """Return a point of the space by key: ``choose(dimension)`` is called for each that applies."""
        found: dict[str, Value] = {}
        for dimension in self.dimensions:
            if not dimension.component or found.get(dimension.place) == dimension.component:
                found[dimension.key] = choose(dimension)
        return found

    def pipeline(self, base: Pipeline, values: Mapping[str, Value], lookup: Lookup) -> Pipeline:
        """Return *base* with *values*; the other parameters of a swapped component are its defaults."""
        pipeline = base
        for key, value in values.items():
            if "." in key:
                pipeline = with_setting(pipeline, key, value)
            elif value != _place(base, key).choice.use:
                pipeline = swapped(pipeline, f"{key}={value}", lookup)
        return pipeline

    def at(self, base: Pipeline, dimension: Dimension) -> Value | None:
        """Return the value of *base* in *dimension*, or None if that does not apply to its component."""
        use = _place(base, dimension.place).choice.use
        if "." not in dimension.key:
            return use
        return value_of(base, dimension.key) if dimension.component in ("", use) else None

    def point_of(self, base: Pipeline) -> dict[str, Value] | None:
        """Return *base* as a point, by the names of the dimensions; None if it is outside the space."""
        values = {dimension: self.at(base, dimension) for dimension in self.dimensions}
        point = {dimension.name: value for dimension, value in values.items() if value is not None}
        inside = all(value is None or dimension.contains(value) for dimension, value in values.items())
        return point if inside else None


def read_space(texts: Sequence[str], base: Pipeline, lookup: Lookup) -> Space:
    """Return the space that *texts* describe, by default :data:`DEFAULT`.

    Raises :class:`StudyError` if a name is unknown, a range is wider than declared, or there is nothing to search.
    """
    texts = texts or [key for key in DEFAULT if value_of(base, key) is not None]
    if not texts:
        use = base.choice(OptimizerSpec).use
        raise StudyError(f"the optimizer {use!r} has neither lr nor weight_decay; name settings with --search")
    written = [(text, *(part.strip() for part in text.partition("="))) for text in texts]
    choices: dict[str, tuple[str, ...]] = {}
    dimensions: list[Dimension] = []
    for text, key, equals, rest in written:
        if "." not in key and equals:
            choices[key] = _components(text, key, rest, base, lookup)
            dimensions.append(Dimension(key, values=choices[key]))
    left_out: list[str] = []
    for text, key, equals, _ in written:
        if "." not in key and not equals:
            found, without = _whole_place(text, key, base, choices, lookup)
            dimensions += found
            left_out += without
    for text, key, equals, rest in written:  # a single setting overrides its whole place
        if "." in key:
            dimensions += _setting(text, key.removeprefix("steps."), rest if equals else None, base, choices, lookup)
    each = {dimension.name: dimension for dimension in dimensions}
    named = {dimension.key for dimension in dimensions}
    return Space(tuple(each.values()), tuple(key for key in dict.fromkeys(left_out) if key not in named))


def _place(pipeline: Pipeline, name: str) -> Place:
    place = pipeline.place(name)
    assert place is not None, name
    return place


def _check_place(text: str, name: str, base: Pipeline) -> None:
    if base.place(name) is None:
        hint = nearest(name, [place.name for place in base.places])
        raise StudyError(f"--search {text!r}: there is no {name!r} in the pipeline; {hint}")


def _components(text: str, place: str, rest: str, base: Pipeline, lookup: Lookup) -> tuple[str, ...]:
    _check_place(text, place, base)
    names = tuple(dict.fromkeys(name.strip() for name in rest.split(",")))
    if len(names) < 2:
        raise StudyError(f"--search {text!r} leaves nothing to choose; name at least two components, or use --set")
    for name in names:
        lookup(_place(base, place).slot, name, f"--search {text!r}")
    return names


def _specs(base: Pipeline, name: str, choices: Mapping[str, tuple[str, ...]], lookup: Lookup) -> list[ComponentSpec]:
    """Return the specs of all components that may stand at the place *name*."""
    place = _place(base, name)
    return [lookup(place.slot, use, name) for use in choices.get(name, (place.choice.use,))]


def _setting(
    text: str,
    key: str,
    rest: str | None,
    base: Pipeline,
    choices: Mapping[str, tuple[str, ...]],
    lookup: Lookup,
) -> list[Dimension]:
    place, _, name = key.partition(".")
    if place not in choices:
        check_key(base, key, lookup)  # raises for an unknown place or parameter, with the nearest name
        if _place(base, place).choice.is_off:
            raise StudyError(f"--search {text!r}: step {place!r} is switched off")
    found = []
    for spec in _specs(base, place, choices, lookup):
        param = spec.param(name)
        if param is not None:
            component = spec.name if place in choices else ""
            found.append(_dimension(text, key, param, rest, component))
    if not found:
        names = {param.name for spec in _specs(base, place, choices, lookup) for param in spec.params}
        raise StudyError(f"--search {text!r}: none of {', '.join(choices[place])} has {name!r}; {nearest(name, names)}")
    return found


def _whole_place(
    text: str, place: str, base: Pipeline, choices: Mapping[str, tuple[str, ...]], lookup: Lookup
) -> tuple[list[Dimension], list[str]]:
    _check_place(text, place, base)
    found, without = [], []
    for spec in _specs(base, place, choices, lookup):
        for param in spec.params:
            key = f"{place}.{param.name}"
            dimension = _declared(key, param, spec.name if place in choices else "")
            if dimension is None:
                without.append(key)
            else:
                found.append(dimension)
    if not found:
        raise StudyError(f"--search {text!r}: none of its parameters has a range; give one, such as {place}.x=1:10")
    return found, without


def _declared(key: str, param: Param, component: str) -> Dimension | None:
    """Return the declared range of *param*, or None if it is not bounded."""
    if isinstance(param.default, bool):
        return Dimension(key, values=(False, True), component=component)
    if param.choices and not isinstance(param.default, tuple):
        return Dimension(key, values=param.choices, component=component)
    if not isinstance(param.default, int | float) or param.low is None or param.high is None:
        return None
    whole = isinstance(param.default, int)
    low = param.low
    if param.log and low <= 0:
        low = 1 if whole else MIN_FRACTION * param.high
    return Dimension(key, low, param.high, param.log, whole, component=component)


def _dimension(text: str, key: str, param: Param, rest: str | None, component: str) -> Dimension:
    if rest is None:
        dimension = _declared(key, param, component)
        if dimension is None:
            how = "values, such as" if isinstance(param.default, str | tuple) else "a range or values, such as"
            raise StudyError(
                f"--search {text!r}: {key} does not declare both bounds; give {how} {key}={_example(param)}"
            )
        return dimension
    range_ = _RANGE.fullmatch(rest)
    if range_ is None:
        return Dimension(key, values=_listed(text, key, rest, param), component=component)
    if isinstance(param.default, bool | str | tuple):
        raise StudyError(f"--search {text!r}: {key} is a {param.type_name}, which has no range; list its values")
    low, high = (param.check(read_value(range_.group(part)), f"--search {text!r}: {key}") for part in (1, 2))
    assert isinstance(low, int | float)
    assert isinstance(high, int | float)
    if low >= high:
        raise StudyError(f"--search {text!r}: the lower bound must be first and below the upper one")
    log = param.log or range_.group(3) is not None
    if log and low <= 0:
        raise StudyError(f"--search {text!r}: {key} is searched on a logarithmic scale; start above 0")
    return Dimension(key, low, high, log, isinstance(param.default, int), component=component)


def _listed(text: str, key: str, rest: str, param: Param) -> tuple[Value, ...]:
    read: list[Any] = [read_value(part) for part in split_values(rest)]
    values = tuple(dict.fromkeys(param.check(value, f"--search {text!r}: {key}") for value in read))
    if len(values) < 2:
        raise StudyError(f"--search {text!r} leaves nothing to choose; list at least two values, or use --set")
    return values


def _example(param: Param) -> str:
    default = param.default
    if isinstance(default, str | tuple):
        return f"{show_value(default) or 'a'},..."
    low = param.low if param.low is not None else 0
    return f"{low:g}:{max(2 * default, low + 1):g}"
