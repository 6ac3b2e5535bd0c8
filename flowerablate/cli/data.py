"""``flowerablate data``: look at a data set before it is trained on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..console import Console
from ..stats.wording import count
from ..visible import json_text, printable
from .echo import echo
from .environment import LabelFromOption, OverridesOption, open_study
from .listing import Format

if TYPE_CHECKING:
    from ..contracts import Samples
    from ..data.check import DataReport

app = typer.Typer(no_args_is_help=True, rich_markup_mode="rich", help="Look at a data set before training on it.")


@app.callback()
def _group() -> None:
    """Look at a data set before training on it."""


@app.command()
def check(
    path: Annotated[
        Path | None,
        typer.Argument(
            metavar="PATH", help="A data set, such as a folder of classes, or a study file. Without it: study.toml."
        ),
    ] = None,
    label_from: LabelFromOption = None,
    overrides: OverridesOption = None,
    form: Annotated[
        Format | None,
        typer.Option(
            "--format",
            help="A report for people, or JSON for programs. Without it: JSON if --out ends in .json, else a report.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write to this file instead of the terminal.")
    ] = None,
    groups: Annotated[
        Path | None,
        typer.Option(
            "--write-groups",
            metavar="FILE.csv",
            help="Write the groups of copies, which a study keeps on one side of a split: dataset.groups.",
        ),
    ] = None,
    exclude: Annotated[
        Path | None,
        typer.Option(
            "--write-exclude",
            metavar="FILE.txt",
            help="Write the unreadable images and all copies but one, which a study leaves out: dataset.exclude.",
        ),
    ] = None,
) -> None:
    """Look for unreadable files, copies, leaks between splits, shortcuts and odd images.

    Every file is decoded once; no image is changed. Exit code 1 means that there are faults, which make results wrong;
    with warnings it is 0. The report names a few files of each finding, JSON names all.

    \b
    Examples:
      flowerablate data check photographs
      flowerablate data check study.toml
      flowerablate data check photographs --format json
      flowerablate data check photographs --out check.json
      flowerablate data check photographs --write-groups groups.csv
      flowerablate run --data photographs --set dataset.groups=groups.csv
    """
    as_record = form is Format.json or (form is None and out is not None and out.suffix == ".json")
    from ..api.progress import Display
    from ..contracts import DatasetSpec
    from ..data.check import check_data
    from ..study.resolve import resolve
    from .data_report import as_json, print_data_report, write_data_report

    messages = Console(stderr=True)
    study, data = (path, None) if path is None or path.suffix == ".toml" else (None, path)
    asked = open_study(study, data, overrides, label_from)
    try:
        with Display(messages) as display:
            assembler = asked.assembler()
            assembler.progress = display.preparing
            choice = resolve(asked.file, assembler.lookup).choice(DatasetSpec)
            samples = assembler.load_samples(choice, skip_bad=True)
            report = check_data(samples, display.preparing)
    except KeyboardInterrupt:
        messages.print("interrupted: nothing was written")
        raise typer.Exit(130) from None
    if not as_record:
        _say(samples.found, messages)
    if out is None and as_record:
        echo(json_text(as_json(report)))
    elif out is None:
        print_data_report(report, Console())
    else:
        write_data_report(out, report, as_record=as_record)
        messages.print(printable(f"wrote {out}"), highlight=False, markup=False, soft_wrap=True)
    if groups is not None:
        _write_groups(groups, report, samples, messages)
    if exclude is not None:
        _write_exclude(exclude, report, samples, messages)
    if report.severity == "fault":
        raise typer.Exit(1)


def _write_groups(path: Path, report: DataReport, samples: Samples, messages: Console) -> None:
    from ..data.check import groups_of_copies
    from ..data.lists import write_groups

    found = groups_of_copies(report, samples)
    write_groups(path, found)
    what = f"{count(sum(map(len, found)), 'image')} in {count(len(found), 'group')}" if found else ""
    _say_written(path, what, "dataset.groups", "there are no copies", messages)


def _write_exclude(path: Path, report: DataReport, samples: Samples, messages: Console) -> None:
    from ..data.check import images_to_exclude
    from ..data.lists import write_exclude

    found = images_to_exclude(report, samples)
    write_exclude(path, found)
    what = count(len(found), "image") if found else ""
    _say_written(path, what, "dataset.exclude", "there is nothing to leave out", messages)


def _say_written(path: Path, what: str, key: str, empty: str, messages: Console) -> None:
    """Say *what* the list at *path* holds and which *key* of a study takes it, or why it is *empty*."""
    told = f'{what}; a study takes it as {key} = "{path}"' if what else f"without entries: {empty}"
    _say(f"wrote {path}, {told}", messages)


def _say(text: str, messages: Console) -> None:
    wrapped = messages.is_terminal  # at words; piped, a line stays one
    messages.print(printable(text), highlight=False, markup=False, soft_wrap=not wrapped, overflow="ignore", crop=False)
