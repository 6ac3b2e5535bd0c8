"""``flowerablate card``: the model card of a trained model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from . import model_options as models

if TYPE_CHECKING:
    from ..report.model_card import Tested


def card(
    model: models.ModelArgument,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write to this file instead of the terminal.")
    ] = None,
    variant: models.VariantOption = None,
    seed: models.SeedOption = None,
    runs: models.Runs = Path("runs"),
    local: models.LocalOption = Path(),
    changed_plugins: models.ChangedOption = False,
) -> None:
    """Write the model card of a trained model, Markdown.

    Data, split, preprocessing, training and versions come from the checkpoint, the figures from the predictions on the
    test split that the trial has kept. What only people can say, such as the intended use, stands there as a request.

    \b
    Examples:
      flowerablate card flowers
      flowerablate card flowers --seed 3 --out card.md
    """
    messages = Console(stderr=True)
    opened = models.open_model(
        model, messages, runs=runs, variant=variant, seed=seed, local=local, changed_plugins=changed_plugins,
        device="cpu",
    )  # fmt: skip

    from ..files import replacing
    from ..report.model_card import Card, model_card

    origin = opened.origin
    text = model_card(
        Card(
            study=origin.study,
            trial=origin.trial,
            variant=origin.variant,
            seed=origin.seed,
            epoch=origin.epoch,
            classes=origin.classes,
            pipeline=origin.pipeline,
            counts=origin.counts,
            data=origin.data,
            parameters=sum(parameter.numel() for parameter in opened.predictor.model.parameters()),
            owners=origin.owners,
            versions=origin.versions,
            tested=_tested(opened),
        )
    )
    if out is None:
        typer.echo(text, nl=False)
        return
    with replacing(out) as file:
        file.write(text.encode())
    messages.print(f"wrote {escape(str(out))}", soft_wrap=True, highlight=False)


def _tested(opened: models.Opened) -> Tested | None:
    """Return the figures of the trial that the checkpoint lies in; None where it lies elsewhere."""
    from ..ledger import TrialFolder
    from ..reading.model_scores import score_model
    from ..report.model_card import Tested

    folder, origin = TrialFolder(opened.path.parent), opened.origin
    if opened.path.parent.name != origin.trial or not folder.has_predictions:
        return None
    found = score_model(folder.predictions(), origin.metrics, opened.assembler)
    return Tested(
        found.images,
        found.figures,
        found.infos,
        found.by_class,
        found.confusion,
        found.calibration_error,
        _across(folder.path.parents[1], origin.variant, origin.metrics[0]),
    )


def _across(root: Path, variant: str, metric: str) -> dict[str, list[float]]:
    """Return the values of *metric* over the replicates of *variant* in the ledger at *root*."""
    from ..contracts import finished
    from ..ledger import Ledger

    ledger = Ledger(root)
    note = ledger.note()
    results = finished(ledger.results(note.base_id)) if note else []
    values = [result.metrics[metric] for result in results if result.label == variant and metric in result.metrics]
    return {metric: values} if values else {}
