"""The options of ``flowerablate run`` that stand for keys of the study: its questions, replicates and verdicts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Annotated, TypeAlias

import typer

from .completion import (
    POPULATIONS,
    complete_designs,
    complete_metrics,
    complete_parts,
    complete_populations,
    complete_settings,
    complete_swaps,
    complete_trackers,
    designs,
)

_QUESTIONS = "Questions"
_REPLICATES = "Replicates"
_VERDICTS = "Verdicts"

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
        help="Let every trial choose this setting on validation: by train.best_by, then by loss, whatever the metric.",
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
Trackers: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--tracker",
        metavar="NAME[,KEY=VALUE]",
        help="Follow the run in csv, tensorboard, mlflow or another tracker; may be repeated.",
        autocompletion=complete_trackers,
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
    trackers: list[str] | None = None,
) -> Mapping[str, object]:
    """Return the keys of the study that the command line sets, with their values.

    Changes that are named here take the place of all that the study names. A name that there is not is refused here,
    by the name of its option.
    """
    _check("--design", design or (), designs())
    _check("--population", [population] if population else (), POPULATIONS)
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
    keys |= {f"trackers.{use}": {"use": use, **params} for use, params in map(_tracker, trackers or ())}
    if disable or swap or vary:
        keys |= {"ablation.disable": disable or [], "ablation.swap": swap or [], "ablation.vary": vary or []}
    if placebo or luck:
        keys["ablation.controls"] = [name for name, wanted in (("placebo", placebo), ("luck", luck)) if wanted]
    return {key: value for key, value in keys.items() if value is not None}


def _tracker(text: str) -> tuple[str, dict[str, object]]:
    """Read ``NAME,KEY=VALUE,...``."""
    from ..study.read import parse_override

    name, *settings = text.split(",")
    return name.strip(), dict(map(parse_override, settings))
