"""``flowerablate export``: a trained model for other runtimes."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from . import model_options as models


class ExportFormat(str, Enum):
    """What other runtimes read."""

    onnx = "onnx"
    torchscript = "torchscript"
    pt2 = "pt2"


def export(
    model: models.ModelArgument,
    form: Annotated[ExportFormat, typer.Option("--format", help="ONNX, TorchScript, or torch's exported program.")],
    out: Annotated[
        Path,
        typer.Option(metavar="FILE", help="The file to write; FILE.json beside it says what goes in and comes out."),
    ],
    tolerance: Annotated[
        float, typer.Option(min=0, help="Largest difference from the model itself, relative to its largest logit.")
    ] = 1e-4,
    variant: models.VariantOption = None,
    seed: models.SeedOption = None,
    runs: models.Runs = Path("runs"),
    local: models.LocalOption = Path(),
    changed_plugins: models.ChangedOption = False,
) -> None:
    """Export a trained model, checked against the model itself.

    The file takes float32 [batch, channels, height, width], preprocessed, and gives logits. Nothing is written where it
    says anything else than the model.

    \b
    Examples:
      flowerablate export flowers --format onnx --out flowers.onnx
      flowerablate export flowers --format pt2 --out flowers.pt2
    """
    messages = Console(stderr=True)
    opened = models.open_model(
        model, messages, runs=runs, variant=variant, seed=seed, local=local, changed_plugins=changed_plugins,
        device="cpu",
    )  # fmt: skip

    from ..files import replacing, write_json
    from ..inference.export import export as exported
    from ..inference.export import preprocessing

    found = exported(opened.predictor, form.value, tolerance=tolerance)
    origin = opened.origin
    beside = out.with_name(f"{out.name}.json")
    facts = {
        "format": found.format,
        "classes": list(origin.classes),
        **preprocessing(opened.predictor),
        "largest_difference": found.difference,
        "checked_by": found.checked_by,
        **{name: getattr(origin, name) for name in ("study", "trial", "variant", "seed", "data")},
        "versions": dict(origin.versions),
    }
    write_json(beside, facts)
    with replacing(out) as file:
        file.write(found.content)
    text = f"wrote {out} and {beside.name}; by {found.checked_by} it differs from the model by {found.difference:.2g}"
    messages.print(escape(f"{text} (relative to the largest logit)"), soft_wrap=True, highlight=False)
