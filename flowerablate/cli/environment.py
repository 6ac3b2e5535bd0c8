"""What a command finds around it: the study file, the plugins, the user's cache, the studies that have been run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.markup import escape

from ..errors import LedgerError, nearest
from .templates import default_study

if TYPE_CHECKING:
    from ..discovery import Catalogue
    from ..ledger import Ledger, StudyNote
    from ..registry import Registry
    from ..study.schema import StudyFile
    from ..wiring.assemble import Assembler

STUDY_FILE = Path("study.toml")


def open_registry(study: Path | None, messages: Console) -> tuple[Registry, Path]:
    """Discover the plugins, saying which failed, and return the registry with the folder of the study file."""
    from ..discovery import discover

    folder = (study.parent if study else Path()).absolute()
    catalogue = discover(folder)
    for failure in catalogue.failures:
        owner, reason = escape(str(failure.owner)), escape(failure.reason)
        messages.print(f"[yellow]plugin {owner} is left out[/yellow]: {reason}", soft_wrap=True, highlight=False)
    return catalogue.registry, folder


def open_study(
    study: Path | None,
    data: Path | None,
    chosen: Mapping[str, object],
    overrides: list[str] | None,
    registry: Registry,
) -> StudyFile:
    """Read the study with all that the command line sets; *chosen* are keys of the study and their values."""
    from ..contracts import DatasetSpec
    from ..study.read import read_study, study_name
    from ..wiring.assemble import data_choice

    path = study or (STUDY_FILE if STUDY_FILE.is_file() else None)
    keys = dict(chosen)
    if data is not None:
        choice = data_choice(registry, data)
        keys[DatasetSpec.slot] = {"use": choice.use, **choice.params}
        if path is None:
            keys["name"] = study_name(data.absolute().name)
    return read_study(default_study(), path, overrides or (), keys)


def warn(catalogue: Catalogue) -> None:
    """Say on standard error which plugins could not be used; ``flowerablate plugins`` tells more."""
    for failure in catalogue.failures:
        typer.echo(f"warning: plugin {failure.owner} failed: {failure.reason}", err=True)
    for clash in catalogue.clashes:
        typer.echo(f"warning: {clash.reason}", err=True)


def make_assembler(registry: Registry, folder: Path) -> Assembler:
    """Return an assembler with the user's cache."""
    from ..wiring.assemble import Assembler

    return Assembler(registry, folder, cache_folder())


def cache_folder() -> Path:
    """Return the folder of data sets and packed stores: ``$FLOWERABLATE_CACHE``, or the platform's cache folder."""
    from platformdirs import user_cache_path

    home = os.environ.get("FLOWERABLATE_CACHE")
    return Path(home) if home else user_cache_path("flowerablate")


def assembler_here() -> Assembler:
    """Return an assembler with the plugins that are installed, and with that of the current folder."""
    from ..discovery import discover

    catalogue = discover(Path().absolute(), strict=False)
    warn(catalogue)
    return make_assembler(catalogue.registry, Path().absolute())


def find_ledger(study: str | None, runs: Path) -> Path:
    """Return the ledger folder of *study*, a name or a folder, or of the latest one in *runs*."""
    ledgers = {path.parent.name: path.parent for path in sorted(runs.glob("*/trials"))}
    if study is None:
        if not ledgers:
            raise LedgerError(f"no study has been run yet in {runs}; 'flowerablate run' makes one")
        return max(ledgers.values(), key=lambda folder: max(path.stat().st_mtime for path in folder.iterdir()))
    if study in ledgers:
        return ledgers[study]
    if (Path(study) / "trials").is_dir():
        return Path(study)
    raise LedgerError(f"no study {study!r} in {runs}; {nearest(Path(study).stem, ledgers)}")


def note_of(ledger: Ledger, base_id: str | None) -> StudyNote:
    """Return what *ledger* notes of the study with that base, or of the latest one."""
    note = ledger.note(base_id)
    if note is None:
        raise LedgerError(f"{ledger.root} has no trials yet; 'flowerablate run' makes some")
    return note
