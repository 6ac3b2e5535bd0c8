"""The options of ``flowerablate run`` that stand for keys of the study: its questions, replicates and verdicts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, get_args

import typer

if TYPE_CHECKING:
    from ..contracts import Pipeline
    from ..registry import Registry

_QUESTIONS = "Questions"
_REPLICATES = "Replicates"
_VERDICTS = "Verdicts"

_POPULATIONS = ("auto", "replicates", "images")


def complete_designs(incomplete: str) -> list[str]:
    """Complete the name of a design."""
    return [name for name in _designs() if name.startswith(incomplete)]


def _designs() -> tuple[str, ...]:
    from ..study.schema import DesignName

    return get_args(DesignName)


def complete_parts(incomplete: str) -> list[str]:
    """Complete what can be disabled in the study of this folder, or in the default one; silent where that fails."""
    from ..study.designs import removable

    found = _study_here()
    names = [target.name for target in removable(found.base, found.lookup)] if found else []
    return [name for name in names if name.startswith(incomplete)]


def complete_settings(incomplete: str) -> list[str]:
    """Complete the key of a setting, such as ``optimizer.lr=``, of the same study."""
    from ..study.designs import setting_keys

    found = _study_here()
    keys = setting_keys(found.base, found.lookup) if found else ()
    return [f"{key}=" for key in keys if key.startswith(incomplete)]


def complete_swaps(incomplete: str) -> list[str]:
    """Complete the place of a swap in the same study, such as ``model=``, and then the component to be put there."""
    from ..study.designs import FEATURED

    found = _study_here()
    if found is None:
        return []
    slots = {step.name: "step" for step in found.base.steps} | {slot: slot for slot in FEATURED}
    place, equals, start = incomplete.partition("=")
    if not equals:
        return [f"{name}=" for name in slots if name.startswith(place)]
    names = found.registry.slot(slots[place]) if place in slots else ()
    return [f"{place}={name}" for name in names if name.startswith(start)]


@dataclass(frozen=True)
class _Here:
    base: Pipeline
    registry: Registry

    def lookup(self, slot: str, name: str, where: str) -> Any:
        return self.registry.find(slot, name, where).spec


def _study_here() -> _Here | None:
    """Return the study of this folder, or else the default one; None where it cannot be read."""
    from pathlib import Path

    from ..discovery import discover
    from ..errors import FlowerablateError
    from ..study.read import read_study
    from ..study.resolve import resolve
    from .templates import default_study

    path = Path("study.toml")
    try:
        registry = discover(Path().absolute()).registry
        study = read_study(default_study(), path if path.is_file() else None)
        return _Here(resolve(study, lambda slot, name, where: registry.find(slot, name, where).spec), registry)
    except FlowerablateError:
        return None


def complete_metrics(incomplete: str) -> list[str]:
    """Complete the name of a metric that is installed."""
    from pathlib import Path

    from ..discovery import discover

    return [name for name in discover(Path().absolute()).registry.slot("metric") if name.startswith(incomplete)]


def complete_populations(incomplete: str) -> list[str]:
    """Complete what intervals may speak of."""
    return [name for name in _POPULATIONS if name.startswith(incomplete)]


def complete_studies(incomplete: str) -> list[str]:
    """Complete the name of a study that has been run in the folder ``runs``."""
    from pathlib import Path

    return [path.parent.name for path in sorted(Path("runs").glob(f"{incomplete}*/trials"))]


def complete_formats(incomplete: str) -> list[str]:
    """Complete the name of a format of a report."""
    return [name for name in ("rich", "md", "latex", "csv", "json", "svg", "html") if name.startswith(incomplete)]


def complete_columns(incomplete: str) -> list[str]:
    """Complete the last of several columns between commas."""
    from pathlib import Path

    from ..discovery import discover

    *before, last = incomplete.split(",")
    names = discover(Path().absolute()).registry.slot("column")
    return [",".join((*before, name)) for name in names if name.startswith(last) and name not in before]


Disable: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        metavar="X",
        help="Compare with the pipeline without X: a step, a feature, a kind, or a+b.",
        rich_help_panel=_QUESTIONS,
        autocompletion=complete_parts,
    ),
]
Swap: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        metavar="PLACE=COMPONENT",
        help="Compare with another component in that place.",
        rich_help_panel=_QUESTIONS,
        autocompletion=complete_swaps,
    ),
]
Vary: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KEY=A,B,...",
        help="Compare with other values of a setting, such as optimizer.lr=0.1,0.03.",
        rich_help_panel=_QUESTIONS,
        autocompletion=complete_settings,
    ),
]
DesignNames: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--design",
        metavar="NAME",
        help="How components are asked about: leave-one-out, add-one-in, pairwise, factorial, fractional or shapley; "
        "may be repeated.",
        rich_help_panel=_QUESTIONS,
        autocompletion=complete_designs,
    ),
]
Retune: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KEY=A,B,...",
        help="Let every trial choose this setting on validation: by accuracy, then by loss, whatever the metric.",
        rich_help_panel=_QUESTIONS,
        autocompletion=complete_settings,
    ),
]
Placebo: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--placebo",
        help="Add a step that leaves pictures as they are; its effect must be zero.",
        rich_help_panel=_QUESTIONS,
    ),
]
Luck: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--luck",
        help="Add a variant that differs by its random numbers in training alone.",
        rich_help_panel=_QUESTIONS,
    ),
]
Seeds: TypeAlias = Annotated[
    int | None,
    typer.Option(min=1, help="Number of replicates, paired across variants.", rich_help_panel=_REPLICATES),
]
Subset: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="N|P%",
        help="Train on a part of the training images: so many of each class, such as 100, or a share, such as 10%.",
        rich_help_panel=_REPLICATES,
    ),
]
UntilDecided: TypeAlias = Annotated[
    bool | None,
    typer.Option(
        "--until-decided",
        help="Add replicates where the verdict is open, with the error of the whole table kept.",
        show_default=False,
        rich_help_panel=_REPLICATES,
    ),
]
MaxSeeds: TypeAlias = Annotated[
    int | None,
    typer.Option(min=2, help="The most replicates of --until-decided.", rich_help_panel=_REPLICATES),
]
Budget: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="Begin no trial that would not end within this time, such as 2h, 90m, 1h30m or 45s.",
        rich_help_panel=_REPLICATES,
    ),
]
Metric: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="The metric by which verdicts go.",
        rich_help_panel=_VERDICTS,
        autocompletion=complete_metrics,
    ),
]
Margin: TypeAlias = Annotated[
    float | None,
    typer.Option(
        help="Effects within it count as negligible, in units of the metric: 0.01 is one point.",
        rich_help_panel=_VERDICTS,
    ),
]
Population: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="What intervals speak of: replicates (these test images), images (others like them), or auto.",
        rich_help_panel=_VERDICTS,
        autocompletion=complete_populations,
    ),
]


def _check(option: str, given: Iterable[str], names: Collection[str]) -> None:
    from ..errors import StudyError, nearest

    for name in given:
        if name not in names:
            raise StudyError(f"{option}: there is no {name!r}; {nearest(name, names)}")


def chosen(
    *,
    seeds: int | None,
    disable: list[str] | None,
    swap: list[str] | None,
    vary: list[str] | None,
    design: list[str] | None,
    retune: list[str] | None,
    placebo: bool,
    luck: bool,
    until_decided: bool | None,
    max_seeds: int | None,
    metric: str | None,
    margin: float | None,
    population: str | None,
    subset: str | None,
) -> Mapping[str, object]:
    """Return the keys of the study that the command line sets, with their values.

    Changes that are named here take the place of all that the study names. A name that there is not is refused here,
    by the name of its option.
    """
    _check("--design", design or (), _designs())
    _check("--population", [population] if population else (), _POPULATIONS)
    keys: dict[str, object] = {
        "ablation.seeds": seeds,
        "ablation.design": design or None,
        "ablation.retune": retune or None,
        "ablation.until_decided": until_decided or None,
        "ablation.max_seeds": max_seeds,
        "metrics.primary": metric,
        "statistics.margin": margin,
        "statistics.population": population,
        "split.subset": subset,
    }
    if disable or swap or vary:
        keys |= {"ablation.disable": disable or [], "ablation.swap": swap or [], "ablation.vary": vary or []}
    if placebo or luck:
        keys["ablation.controls"] = [name for name, wanted in (("placebo", placebo), ("luck", luck)) if wanted]
    return {key: value for key, value in keys.items() if value is not None}
