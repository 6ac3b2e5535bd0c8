"""``flowerablate plugin new``: write a working plugin to start from."""

from __future__ import annotations

import re
from pathlib import Path
from string import Template
from typing import Annotated

import typer

from ..contracts import SPECS, StepSpec, slots
from ..errors import PluginError, nearest
from ..study.templates import template
from ..visible import printable
from .echo import echo

app = typer.Typer(no_args_is_help=True, rich_markup_mode="rich", help="Write your own plugins.")

_NAME = re.compile(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*")
_PREFIX = re.compile(r"flowerablate[_-]")
_SUFFIX = ".tmpl"  # keeps linters and test runners from taking a template for what it makes


@app.callback()
def _group() -> None:
    """Write your own plugins."""


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Name of the plugin and of its component, such as sharpen.")],
    slot: Annotated[
        str, typer.Option("--slot", help=f"What it provides: {', '.join(slots(from_plugins=True))}.")
    ] = StepSpec.slot,
    path: Annotated[
        Path, typer.Option("--path", metavar="DIR", help="Folder in which the folder of the plugin is created.")
    ] = Path(),
) -> None:
    """Write an installable plugin with one working component and its test.

    \b
    Examples:
      flowerablate plugin new sharpen
      flowerablate plugin new tiny-net --slot model --path ~/plugins
    """
    words = _placeholders(name, slot)
    folder = path / words["distribution"]
    write_plugin(folder, slot, words)
    echo(f"wrote {printable(str(folder))}\n")
    echo("next:")
    echo(f"  pip install -e {_quoted(folder)}")
    echo(f"  flowerablate list {slot} {words['component']}")
    echo(f"  pytest {_quoted(folder)}")
    echo(f"  flowerablate {words['use']}")


def write_plugin(folder: Path, slot: str, words: dict[str, str]) -> None:
    """Fill the templates of *slot* with *words* and write them to *folder*, which must not exist."""
    home = template("plugin")
    files = {}
    for part in ("common", slot):
        for source in sorted((home / part).glob(f"*{_SUFFIX}")):
            files[source.name.removesuffix(_SUFFIX)] = Template(source.read_text(encoding="utf-8")).substitute(words)
    places = {"module.py": f"{words['module']}.py", "test_module.py": f"tests/test_{words['module']}.py"}
    try:
        folder.mkdir(parents=True)
    except (FileExistsError, NotADirectoryError):
        raise PluginError(f"{folder} exists already; choose another name or --path") from None
    for name, text in files.items():
        target = folder / places.get(name, name)
        target.parent.mkdir(exist_ok=True)
        target.write_text(text, encoding="utf-8")


def _placeholders(name: str, slot: str) -> dict[str, str]:
    if slot not in (known := slots(from_plugins=True)):
        raise PluginError(f"no slot is called {slot!r}; {nearest(slot, known)}")
    from importlib.metadata import version

    short = _PREFIX.sub("", name)
    if not _NAME.fullmatch(short):
        raise PluginError(
            f"{name!r} is not a valid name of a plugin; use lower-case letters, digits and single - or _, beginning "
            "with a letter"
        )
    _refuse_taken(short, slot)
    return {
        "component": short,
        "distribution": f"flowerablate-{short.replace('_', '-')}",
        "module": f"flowerablate_{short.replace('-', '_')}",
        "slot": slot,
        "core_version": ".".join(version("flowerablate").split(".")[:2]),
        "use": SPECS[slot].on_command_line.format(slot=slot, name=short),
    }


def _refuse_taken(component: str, slot: str) -> None:
    from importlib.metadata import entry_points

    from ..discovery import GROUP, discover

    for entry in entry_points(group=GROUP):
        if entry.name == component:
            owner = entry.dist.name if entry.dist else entry.value
            raise PluginError(f"a plugin called {component!r} is installed already, from {owner}; choose another name")
    existing = discover(strict=False).registry.slot(slot).get(component)
    if existing:
        raise PluginError(f"{slot} {component!r} exists already, from {existing.owner}; choose another name")


def _quoted(path: Path) -> str:
    text = printable(str(path))
    return f'"{text}"' if " " in text else text
