"""Turns the [ablation] table into variants and questions."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from ...contracts import Contrast, Design, Pipeline, Variant
from ...errors import StudyError
from ..origin import about
from ..resolve import Lookup
from ..schema import AblationTable, DesignName
from .add_one_in import add_one_in
from .alternatives import settings, swaps
from .cells import Cells, Factor
from .changes import removable, settings_of, swapped
from .controls import controls
from .factorial import factorial
from .fractional import fractional
from .leave_one_out import leave_one_out
from .pairwise import pairwise
from .settings import parse_values, read_retune, retune_of
from .shapley import shapley

_RESOLUTION = {"fractional-3": 3, "fractional": 4, "fractional-5": 5}


def design(base: Pipeline, lookup: Lookup, ablation: AblationTable) -> Design:
    """Return the variants of *base* that *ablation* requests and the questions about them.

    The components are those in ``disable``, or all removable ones if it is empty. If it is empty, the design is
    ``leave-one-out`` and there are swaps or settings, only these are asked about.
    """
    cells = Cells(base, lookup)
    with about("ablation.design"):
        _refuse_two_averages(ablation.design)
    with about("ablation.disable"):
        components = _components(cells, ablation)
    asked: list[Contrast] = []
    with about("ablation.design"):
        for name in dict.fromkeys(ablation.design) if components else ():
            asked += _questions(name, cells, components, _seeds(ablation))
    removals = {variant.change for variant in cells.variants}
    with about("ablation.swap"):
        asked += swaps(cells, ablation.swap)
    with about("ablation.vary"):
        asked += settings(cells, ablation.vary)
    asked += controls(cells, ablation.controls)
    if not asked:
        raise StudyError("the study asks nothing: name a design, a component to disable, a swap or a setting")
    with about("ablation.retune"):
        return Design(_retuned(cells, ablation, removals), tuple(_once(asked)))


def _components(cells: Cells, ablation: AblationTable) -> list[Factor]:
    names = ablation.disable
    alone = bool(ablation.swap or ablation.vary) and ablation.design in ([], ["leave-one-out"])
    if not names and not alone:
        names = [target.name for target in removable(cells.base, cells.lookup)]
    return cells.in_order(dict.fromkeys(cells.component(name) for name in names))


def _questions(name: DesignName, cells: Cells, components: Sequence[Factor], seeds: range) -> Iterator[Contrast]:
    if name == "leave-one-out":
        return leave_one_out(cells, components)
    if name == "add-one-in":
        return add_one_in(cells, components)
    if name == "pairwise":
        return pairwise(cells, components)
    if name == "factorial":
        return factorial(cells, components)
    if name == "shapley":
        return shapley(cells, components, seeds)
    return fractional(cells, components, _RESOLUTION[name], name)


def _seeds(ablation: AblationTable) -> range:
    """Return all seeds that the study may run."""
    return range(max(ablation.seeds, ablation.max_seeds) if ablation.until_decided else ablation.seeds)


def _refuse_two_averages(designs: Sequence[DesignName]) -> None:
    averages = [name for name in designs if name == "factorial" or name in _RESOLUTION]
    if len(set(averages)) > 1:
        raise StudyError(f"designs {averages[0]!r} and {averages[1]!r} ask the same questions; choose one of them")


def _once(asked: Sequence[Contrast]) -> list[Contrast]:
    """Return each question once; it is in the family if any design puts it there."""
    found: dict[str, Contrast] = {}
    for contrast in asked:
        known = found.get(contrast.label)
        if known is None or (contrast.in_family and not known.in_family):
            found[contrast.label] = contrast
    return list(found.values())


def _retuned(cells: Cells, ablation: AblationTable, removals: Collection[str]) -> tuple[Variant, ...]:
    """Return the variants with the requested search: the same for all, except for the settings that a variant fixes.

    A variant in *removals* fixes what it switches off, even if a swap makes the same pipeline.
    """
    if not ablation.retune:
        return cells.variants
    wanted = read_retune(ablation.retune, [variant.pipeline for variant in cells.variants], cells.lookup)
    for text in ablation.vary:
        key = parse_values(text, "vary")[0]
        if key in wanted:
            raise StudyError(f"{key!r} is both varied and retuned; choose one of them")
    own = {cells.add(swapped(cells.base, text, cells.lookup)): settings_of(text) for text in ablation.swap}
    own = {change: keys for change, keys in own.items() if change not in removals}
    return tuple(
        replace(
            variant,
            pipeline=replace(
                variant.pipeline,
                retune=retune_of(variant.pipeline, cells.base, wanted, own.get(variant.change), cells.lookup),
            ),
        )
        for variant in cells.variants
    )
