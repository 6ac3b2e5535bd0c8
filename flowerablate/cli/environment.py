"""What a command finds around it: the study file, the plugins, the studies that have been run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import completion
from .unused_plugins import warn

if TYPE_CHECKING:
    from ..api.study import Study
    from ..ledger import Ledger
    from ..wiring.assemble import Assembler

DataOption = Annotated[
    Path | None,
    typer.Option(
        metavar="PATH", help="A folder of images, one subfolder per class; or anything that another data set can read."
    ),
]
OverridesOption = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override any key of the study.")
]
LabelFromOption = Annotated[
    str | None,
    typer.Option(
        metavar="REGEX",
        help="Where file names say the class, such as cat.0.jpg: a regular expression whose first group, in the path "
        "of an image, is its class.",
    ),
]
RunsOption = Annotated[Path, typer.Option(metavar="FOLDER", help="The folder in which ledgers are kept.")]
RUNS = Path("runs")


@dataclass(frozen=True)
class StudyChoice:
    """The options that say which study is meant."""

    study: Annotated[
        Path | None,
        typer.Argument(
            metavar="STUDY", help="The study file. Without one: study.toml if it is here, else the default study."
        ),
    ] = None
    data: DataOption = None
    label_from: LabelFromOption = None
    overrides: OverridesOption = None

    def open(self) -> Study:
        """Return the study; plugins that are not used are reported."""
        return open_study(self.study, self.data, self.overrides, self.label_from)


@dataclass(frozen=True)
class LedgerChoice:
    """The options that say which study that has been run is meant."""

    study: Annotated[
        str | None,
        typer.Argument(
            metavar="STUDY",
            help="Name of the study, or its ledger folder. Without it: the latest one.",
            autocompletion=completion.complete_studies,
        ),
    ] = None
    base: Annotated[
        str | None, typer.Option(metavar="ID", help="Id of the base pipeline, where the ledger holds several.")
    ] = None
    runs: RunsOption = RUNS

    def open(self) -> Ledger:
        """Return its ledger."""
        return open_ledger(self.study, self.runs)


def open_ledger(study: str | None, runs: Path) -> Ledger:
    """Return the ledger of *study*, a name or a folder, or of the latest one in *runs*."""
    from ..ledger import Ledger
    from ..reading.find_study import find_ledger

    return Ledger(find_ledger(study, runs))


def open_study(
    path: Path | None, data: Path | None, overrides: list[str] | None, label_from: str | None = None
) -> Study:
    """Return the study with what the command line sets; plugins that are not used are reported."""
    from ..api.study import COMMAND_LINE, Study

    study = replace(Study.read(path, data), overrides=tuple(overrides or ()), source=COMMAND_LINE)
    if label_from is not None:
        study = study.override("dataset.label_from", label_from)
    warn(study.catalogue)
    return study


def assembler_here() -> Assembler:
    """Return an assembler with the plugins that are installed, and with that of the current folder."""
    from ..discovery import discover
    from ..wiring.assemble import make_assembler

    catalogue = discover(Path().absolute(), strict=False)
    warn(catalogue)
    return make_assembler(catalogue.registry, Path().absolute())
