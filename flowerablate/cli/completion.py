"""What the shell offers after a half-typed option or argument: names of this folder's study, plugins and ledgers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

if TYPE_CHECKING:
    from ..contracts import ComponentSpec, Pipeline
    from ..registry import Registry


def complete_designs(incomplete: str) -> list[str]:
    """Complete the name of a design."""
    from ..study.schema import DesignName

    return [name for name in get_args(DesignName) if name.startswith(incomplete)]


def complete_parts(incomplete: str) -> list[str]:
    """Complete what can be disabled in the study of this folder, or in the default one; silent where that fails.

    Of several parts with ``+`` between them, it is the last.
    """
    from ..study.designs import removable

    *before, last = incomplete.split("+")
    found = _study_here()
    names = [target.name for target in removable(found.base, found.lookup)] if found else []
    return ["+".join((*before, name)) for name in names if name.startswith(last) and name not in before]


def complete_settings(incomplete: str) -> list[str]:
    """Complete the key of a setting, such as ``optimizer.lr=``, of the same study."""
    from ..study.designs import setting_keys

    found = _study_here()
    keys = setting_keys(found.base, found.lookup) if found else ()
    return [f"{key}=" for key in keys if key.startswith(incomplete)]


def complete_swaps(incomplete: str) -> list[str]:
    """Complete the place of a swap in the same study, such as ``model=``, and then the component to be put there."""
    from ..contracts import SPECS

    found = _study_here()
    if found is None:
        return []
    places = {place.name: place.slot for place in found.base.places if SPECS[place.slot].from_plugins}
    where, equals, start = incomplete.partition("=")
    if not equals:
        return [f"{name}=" for name in places if name.startswith(where)]
    names = found.registry.slot(places[where]) if where in places else ()
    return [f"{where}={name}" for name in names if name.startswith(start)]


@dataclass(frozen=True)
class _Here:
    base: Pipeline
    registry: Registry

    def lookup(self, slot: str, name: str, where: str) -> Any:
        return self.registry.find(slot, name, where).spec


def _study_here() -> _Here | None:
    """Return the study of this folder, or else the default one; None where it cannot be read."""
    from ..errors import FlowerablateError
    from ..study.read import read_study
    from ..study.resolve import resolve
    from ..study.templates import default_study

    path = Path("study.toml")
    try:
        registry = _registry_here()
        study = read_study(default_study(), path if path.is_file() else None, with_data=False)
        return _Here(resolve(study, lambda slot, name, where: registry.find(slot, name, where).spec), registry)
    except FlowerablateError:
        return None


def _registry_here() -> Registry:
    from ..discovery import discover

    return discover(Path().absolute()).registry


def _names_in(spec: type[ComponentSpec], incomplete: str) -> list[str]:
    return [name for name in _registry_here().slot(spec.slot) if name.startswith(incomplete)]


def complete_metrics(incomplete: str) -> list[str]:
    """Complete the name of a metric that is installed."""
    from ..contracts import MetricSpec

    return _names_in(MetricSpec, incomplete)


def complete_populations(incomplete: str) -> list[str]:
    """Complete what intervals may speak of."""
    from ..contracts import Population

    return [name for name in get_args(Population) if name.startswith(incomplete)]


def complete_executors(incomplete: str) -> list[str]:
    """Complete the name of an executor that is installed."""
    from ..contracts import ExecutorSpec

    return _names_in(ExecutorSpec, incomplete)


def complete_trackers(incomplete: str) -> list[str]:
    """Complete the name of a tracker that is installed."""
    from ..contracts import TrackerSpec

    return _names_in(TrackerSpec, incomplete)


def complete_studies(incomplete: str) -> list[str]:
    """Complete the name of a study that has been run in the folder ``runs``."""
    names = [path.parent.name for path in sorted(Path("runs").glob(f"{incomplete}*/trials"))]
    return [name for name in names if name.isprintable()]


def complete_formats(incomplete: str) -> list[str]:
    """Complete the name of a format of a report."""
    from ..report.formats import SUFFIXES

    return [name for name in SUFFIXES.values() if name.startswith(incomplete)]


def complete_columns(incomplete: str) -> list[str]:
    """Complete the last of several columns between commas."""
    from ..contracts import ColumnSpec, MeasureSpec

    *before, last = incomplete.split(",")
    registry = _registry_here()
    names = [*registry.slot(ColumnSpec.slot), *registry.slot(MeasureSpec.slot)]
    return [",".join((*before, name)) for name in names if name.startswith(last) and name not in before]


OF_OPTIONS: dict[str, Callable[[str], list[str]]] = {
    "design": complete_designs,
    "disable": complete_parts,
    "executor": complete_executors,
    "metric": complete_metrics,
    "population": complete_populations,
    "retune": complete_settings,
    "swap": complete_swaps,
    "trackers": complete_trackers,
    "vary": complete_settings,
}
"""What the shell offers for the options that :mod:`flowerablate.api.options` declares."""
