"""``flowerablate list``: the components that are installed, with their parameters."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..contracts import SLOTS, MetricSpec, Param, StepSpec, Value
from ..errors import PluginError
from ..visible import printable
from .echo import echo
from .unused_plugins import warn

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table
    from rich.text import Text

    from ..console import Console
    from ..contracts import ComponentSpec
    from ..registry import Component


class Format(str, Enum):
    """How a listing is printed."""

    table = "table"
    json = "json"


LocalOption = Annotated[
    Path,
    typer.Option(
        "--local",
        metavar="PATH",
        help="Folder of a study, or the study file; its [b]flowerablate_local.py[/b] is loaded too.",
    ),
]
FormatOption = Annotated[Format, typer.Option("--format", help="A table for people, or JSON for programs.")]


def complete_slots(incomplete: str) -> list[str]:
    """Complete the name of a slot."""
    return [slot for slot in SLOTS if slot.startswith(incomplete)]


def complete_names(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete the name of a component of the slot named before it."""
    from ..discovery import discover

    slot = ctx.params.get("slot")
    if slot not in SLOTS:
        return []
    found = discover(Path().absolute(), strict=False).registry.slot(slot)
    return [name for name in found if name.startswith(incomplete)]


def list_components(
    slot: Annotated[
        str, typer.Argument(metavar="SLOT", help=f"One of {', '.join(SLOTS)}.", autocompletion=complete_slots)
    ] = "",
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="A component of the slot, to be shown in full.", autocompletion=complete_names
        ),
    ] = "",
    local: LocalOption = Path(),
    form: FormatOption = Format.table,
) -> None:
    """List the components that can be used in a study.

    Without SLOT, an overview; with SLOT, a line on each of its components; with NAME, one of them with its parameters.
    A parameter marked feature can be switched off separately, as in `--disable model.skip`.

    \b
    Examples:
      flowerablate list
      flowerablate list step
      flowerablate list step morphology
      flowerablate list model --format json
    """
    from ..discovery import discover

    catalogue = discover(study_folder(local), strict=False)
    warn(catalogue)
    registry = catalogue.registry
    slots = (slot,) if slot else SLOTS
    entries = {each: registry.slot(each) for each in slots}
    if name:
        entries[slot] = {name: registry.find(slot, name)}
    if form is Format.json:
        import json

        found = {each: [_record(component) for component in entries[each].values()] for each in slots}
        echo(json.dumps(found, indent=2))
    elif name:
        show(_in_full(entries[slot][name]))
    elif slot:
        show(_of_slot(slot, list(entries[slot].values())))
    else:
        show(_overview(entries))


# ------------------------------------------------------------------------------ shared with `plugins`


def study_folder(path: Path) -> Path:
    """Return the folder of *path*, a study file or a folder, which must exist."""
    if not path.exists():
        raise PluginError(f"--local {path}: no such file or folder")
    return path if path.is_dir() else path.parent


def show(parts: Iterable[RenderableType]) -> None:
    """Print *parts* one below the other: fitted to a terminal; in a pipe without colour, wrapping or trailing blanks.

    The environment variable ``COLUMNS`` sets the width of both.
    """
    from rich.console import Group

    from ..console import Console

    piped = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    console = Console(width=10_000 if piped else None, highlight=False, markup=False, emoji=False)
    if console.is_terminal:
        console.print(Group(*parts))
        return
    with console.capture() as capture:
        console.print(Group(*parts))
    for line in capture.get().splitlines():
        echo(line.rstrip())


def print_indented(text: Text, by: int, console: Console, before: Text | None = None) -> None:
    """Print *text* wrapped and indented, without trailing blanks; *before* precedes its first line."""
    from rich.text import Text

    for number, line in enumerate(text.wrap(console, max(20, console.width - by))):
        line.rstrip()
        lead = before if before is not None and not number else Text(" " * by)
        console.print(Text.assemble(lead, line), soft_wrap=True)


def indented(text: str, by: int = 2) -> RenderableType:
    """Return *text* for :func:`show`, wrapped and moved to the right."""
    from rich.padding import Padding
    from rich.text import Text

    return Padding(Text(printable(text)), (0, 0, 0, by))


# ------------------------------------------------------------------------------------------- what is shown


def _overview(entries: dict[str, dict[str, Component]]) -> Iterator[RenderableType]:
    table = _grid()
    for slot, components in entries.items():
        table.add_row(slot, str(len(components)), ", ".join(components) or "-")
    yield table
    yield "\nflowerablate list SLOT says what they do, flowerablate list SLOT NAME shows the parameters of one."


def _of_slot(slot: str, components: list[Component]) -> Iterator[RenderableType]:
    from rich.text import Text

    if not components:
        yield "nothing is installed for this slot; see: flowerablate plugins"
        return
    groups: dict[str, list[Component]] = {}
    for component in components:
        kind = component.spec.kind if isinstance(component.spec, StepSpec) else ""
        groups.setdefault(kind, []).append(component)
    width = max(len(component.spec.name) for component in components)
    for kind in sorted(groups, key=lambda kind: (not kind, kind)):
        if len(groups) > 1:
            yield Text(f"kind {kind}" if kind else "no kind", style="dim")
        table = _grid(width)
        for component in groups[kind]:
            table.add_row(printable(component.spec.name), _in_a_line(component))
        yield table
        yield ""
    yield f"flowerablate list {slot} NAME shows the parameters of one."


def _in_a_line(component: Component) -> Text:
    from rich.text import Text

    spec, owner = component.spec, component.owner
    traits = ["random"] if isinstance(spec, StepSpec) and spec.random else []
    traits += ["lower is better"] if isinstance(spec, MetricSpec) and spec.lower_is_better else []
    traits += [] if owner.is_ours else [f"from {owner.plugin}"]
    return Text.assemble(printable(spec.summary), (f" ({', '.join(traits)})" if traits else "", "dim"))


def _in_full(component: Component) -> Iterator[RenderableType]:
    yield from _head(component)
    spec = component.spec
    for param in spec.settable:
        allowed = f", {param.range_text}" if param.range_text else ""
        yield ""
        yield indented(f"{param.name} = {value_text(param.default)}")
        yield indented(f"{param.type_name}{allowed}{', searched on a log scale' if param.log else ''}", 6)
        yield indented(param.summary, 6)
        if param.off is not None:
            place = "NAME" if spec.number == "several" else spec.slot
            how = f"off at {value_text(param.off)}: --disable {place}.{param.name}"
            yield indented("feature, off by default" if param.default == param.off else f"feature, {how}", 6)
    yield from _use(spec)


def _use(spec: ComponentSpec) -> Iterator[RenderableType]:
    """Say how the component is chosen."""
    setting = f",{spec.params[0].name}={value_text(spec.params[0].default)}" if spec.params else ""
    command = f"flowerablate {spec.on_command_line.format(slot=spec.slot, name=spec.name)}"
    if not spec.in_study:
        yield "\nIn a report:\n"
        yield indented(command)
        return
    where = "after" if spec.number == "none" else "beside"
    yield f"\nIn a study, with any of the parameters {where} it:\n" if spec.settable else "\nIn a study:\n"
    for line in spec.in_study.format(slot=spec.slot, name=spec.name, setting=setting).splitlines():
        yield indented(line)
    if not spec.in_pipeline and spec.number != "none":
        yield f"\nOr: {command}"


def _head(component: Component) -> Iterator[RenderableType]:
    from rich.text import Text

    spec = component.spec
    traits = []
    if isinstance(spec, StepSpec):
        traits = [*([f"kind {spec.kind}"] if spec.kind else []), "random" if spec.random else "deterministic"]
    if isinstance(spec, MetricSpec):
        traits = ["lower is better" if spec.lower_is_better else "higher is better"]
    yield Text.assemble((spec.name, "bold"), (f"  {', '.join([*traits, f'from {component.owner}'])}", "dim"))
    yield indented(spec.summary)


def _grid(width: int | None = None) -> Table:
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="bold", min_width=width)
    return table


def value_text(value: Value) -> str:
    """Return *value* as it is written in a study file (TOML)."""
    import json

    return json.dumps(value, ensure_ascii=False)


def _record(component: Component) -> dict[str, Any]:
    spec, owner = component.spec, component.owner
    record: dict[str, Any] = {
        "name": spec.name,
        "summary": spec.summary,
        "plugin": owner.plugin,
        "distribution": owner.distribution,
        "version": owner.version,
        "params": [_param_record(param) for param in spec.settable],
    }
    if isinstance(spec, StepSpec):
        record |= {"kind": spec.kind, "random": spec.random}
    if isinstance(spec, MetricSpec):
        record |= {"lower_is_better": spec.lower_is_better, "percent": spec.percent}
    return record


def _param_record(param: Param) -> dict[str, Any]:
    record = {
        "name": param.name,
        "type": param.type_name,
        "default": param.default,
        "low": param.low,
        "high": param.high,
        "choices": list(param.choices) or None,
        "log": param.log or None,
        "off": param.off,
        "summary": param.summary,
    }
    return {key: value for key, value in record.items() if value is not None}
