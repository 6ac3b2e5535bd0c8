"""The options of every command that uses a trained model, and how it is opened."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from ..console import Console
from ..visible import printable
from .environment import RUNS, RunsOption
from .listing import LocalOption, study_folder
from .unused_plugins import warn

if TYPE_CHECKING:
    from ..api.models import TrainedModel

DeviceOption = Annotated[str, typer.Option(metavar="NAME", help="Where to compute: auto, cpu, cuda, cuda:1.")]
BatchOption = Annotated[int, typer.Option(min=1, help="Images in a batch.")]


@dataclass(frozen=True)
class ModelChoice:
    """The options that say which trained model is meant."""

    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="A checkpoint (best.safetensors), the folder of a trial, or a study: its name in runs/, or its "
            "folder.",
        ),
    ]
    variant: Annotated[
        str | None,
        typer.Option(
            "--variant", metavar="CHANGE", help="For a study: the variant, as named in its table. Without it: base."
        ),
    ] = None
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed", metavar="N", min=0, help="For a study: the replicate. Without it: the best on validation."
        ),
    ] = None
    runs: RunsOption = RUNS
    local: LocalOption = Path()
    changed_plugins: Annotated[
        bool, typer.Option("--changed-plugins", help="Accept plugins whose source has changed since training.")
    ] = False

    def open(self, messages: Console, device: str = "auto") -> TrainedModel:
        """Return the model that is meant, on *device*; which one, and what is to be known, goes to *messages*."""
        from ..train.threads import wait_politely

        wait_politely()  # before torch is imported by what follows

        from ..api.models import open_model
        from ..discovery import discover
        from ..reading.find_study import find_checkpoint
        from ..train.device import prepare_process
        from ..wiring.assemble import make_assembler

        path, choice = find_checkpoint(self.model, self.runs, self.variant, self.seed)
        if choice:
            messages.print(escape(printable(choice)), highlight=False)
        prepare_process()
        folder = study_folder(self.local).absolute()
        catalogue = discover(folder)
        warn(catalogue)
        return open_model(
            path,
            make_assembler(catalogue.registry, folder),
            device=device,
            changed_plugins=self.changed_plugins,
            listener=Messages(messages),
            choice=choice,
        )


class Messages:
    """A :class:`~flowerablate.api.models.Listener` that prints what is to be known, warnings in yellow."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def preparing(self, what: str, done: int, total: int) -> None:
        """Ignore how far it is."""

    def remarked(self, text: str) -> None:
        """Print *text*."""
        kind, colon, rest = text.partition(": ")
        if colon and kind == "warning":
            self._console.print(f"[yellow]warning[/yellow]: {escape(printable(rest))}", highlight=False)
        else:
            self._console.print(escape(printable(text)), highlight=False)
