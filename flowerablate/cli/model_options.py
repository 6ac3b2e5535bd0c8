"""What the commands that use a trained model share: how MODEL is found, and the options that go with it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from ..contracts import BEST
from ..errors import LedgerError, StudyError, nearest
from .environment import find_ledger, make_assembler, note_of, open_registry
from .listing import LocalOption as LocalOption
from .listing import study_folder

if TYPE_CHECKING:
    from ..contracts import TrialResult
    from ..inference import Predictor
    from ..wiring.assemble import Assembler
    from ..wiring.trained_model import Origin


ModelArgument = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help=f"A checkpoint ({BEST}), the folder of a trial, or a study: its name in runs/, or its folder.",
    ),
]
Runs = Annotated[Path, typer.Option(metavar="FOLDER", help="The folder in which ledgers are kept.")]
VariantOption = Annotated[
    str | None,
    typer.Option(
        "--variant", metavar="CHANGE", help="Of a study: the variant, as its table calls it. Without it: base."
    ),
]
SeedOption = Annotated[
    int | None,
    typer.Option("--seed", metavar="N", min=0, help="Of a study: the replicate. Without it: the best on validation."),
]
ChangedOption = Annotated[
    bool, typer.Option("--changed-plugins", help="Accept plugins whose source is not what it was in training.")
]
DeviceOption = Annotated[str, typer.Option(metavar="NAME", help="Where to compute: auto, cpu, cuda, cuda:1.")]
BatchOption = Annotated[int, typer.Option(min=1, help="Pictures in a batch.")]


@dataclass(frozen=True)
class Opened:
    """A model in use: where its checkpoint is, what that says of it, and the plugins that were found."""

    path: Path
    predictor: Predictor
    origin: Origin
    assembler: Assembler


def open_model(
    model: str,
    messages: Console,
    *,
    runs: Path,
    variant: str | None,
    seed: int | None,
    local: Path,
    changed_plugins: bool,
    device: str = "auto",
) -> Opened:
    """Find the checkpoint that MODEL stands for and put its model together; what is to be known goes to *messages*."""
    from ..train.threads import wait_politely

    wait_politely()  # before torch is imported by what follows

    from ..train.device import pick_device, prepare_process
    from ..wiring.trained_model import load_predictor

    def warn(text: str) -> None:
        messages.print(f"[yellow]warning[/yellow]: {escape(text)}", soft_wrap=True, highlight=False)

    path, said = find_checkpoint(model, runs, variant, seed)
    if said:
        messages.print(escape(said), soft_wrap=True, highlight=False)
    prepare_process()
    registry, folder = open_registry(study_folder(local) / "study.toml", messages)
    assembler = make_assembler(registry, folder)
    predictor, origin = load_predictor(
        path, assembler, device=pick_device(device), changed_plugins=changed_plugins, warn=warn
    )
    return Opened(path, predictor, origin, assembler)


def find_checkpoint(model: str, runs: Path, variant: str | None, seed: int | None) -> tuple[Path, str]:
    """Return the checkpoint that *model* stands for, and a line that says which one was chosen, if there was a choice.

    Of a study it is, unless *variant* and *seed* choose, the base's replicate that is best on validation by the
    study's ``train.best_by``, then has the lowest validation loss: the test split has no part in it.
    """
    path = Path(model)
    file = path / BEST if (path / BEST).is_file() else path
    if file.suffix == ".toml" and file.is_file():
        from ..study.read import study_name

        raise StudyError(
            f"{model} is a study file and no model; say the name under which it lies in {runs}, such as "
            f"{study_name(file.stem)}"
        )
    if file.is_file():
        if variant is not None or seed is not None:
            raise StudyError(f"--variant and --seed choose from a study, but {model} is one model; leave them out")
        return file, ""
    try:
        root = find_ledger(model, runs)
    except LedgerError as error:
        raise LedgerError(f"{model} is no checkpoint, no folder of a trial, and no study: {error}") from None
    from ..contracts import finished
    from ..ledger import Ledger

    ledger = Ledger(root)
    done = finished(ledger.results(note_of(ledger, None).base_id))
    labels = {result.label for result in done}
    if not labels:
        raise LedgerError(
            f"no trial of the latest base pipeline in {root} is finished yet; 'flowerablate run' goes on with them, "
            "and a folder in its trials/ names the model of another one"
        )
    wanted = variant if variant is not None else "base"
    group = [result for result in done if wanted in (result.label, result.change or "base")]
    if not group:
        raise LedgerError(f"no finished trial of {root} is of the variant {wanted!r}; {nearest(wanted, labels)}")
    if seed is not None:
        seeds = sorted(result.seed for result in group)
        group = [result for result in group if result.seed == seed]
        if not group:
            have = ", ".join(map(str, seeds))
            raise LedgerError(f"{wanted} has no finished trial with seed {seed} in {root}; its seeds are: {have}")
    best = max(group, key=_merit)
    return root / "trials" / best.trial_id / BEST, _said(best, group, root)


def _merit(result: TrialResult) -> tuple[bool, float, float]:
    """Return how good a replicate is by what its best epoch was chosen by, more is better."""
    value, loss = (result.validation.get(name, math.nan) for name in (result.best_by.name, "loss"))
    if not (math.isfinite(value) and math.isfinite(loss)):
        return False, 0.0, 0.0
    return not result.collapsed, -value if result.best_by.lower_is_better else value, -loss


def _said(best: TrialResult, group: Sequence[TrialResult], root: Path) -> str:
    by = best.best_by
    value = best.validation.get(by.name, math.nan)
    figure = f"{100 * value:.1f} %" if by.percent else f"{value:.4f}"
    why = f"the best of {len(group)} replicates on validation, " if len(group) > 1 else ""
    return f"model: {best.label}, seed {best.seed} of {root} ({why}validation {by.name} {figure})"
