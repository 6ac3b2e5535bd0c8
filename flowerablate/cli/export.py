"""``flowerablate export``: a trained model for other runtimes."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from ..console import Console
from ..visible import printable
from .model_options import ModelChoice


class ExportFormat(str, Enum):
    """What other runtimes read."""

    onnx = "onnx"
    torchscript = "torchscript"
    pt2 = "pt2"


def export(
    model: ModelChoice,
    form: Annotated[ExportFormat, typer.Option("--format", help="ONNX, TorchScript, or torch's exported program.")],
    out: Annotated[
        Path,
        typer.Option(metavar="FILE", help="The file to write; FILE.json next to it describes inputs and outputs."),
    ],
    tolerance: Annotated[
        float,
        typer.Option(min=0, help="Maximum difference from the model itself, relative to its largest absolute logit."),
    ] = 1e-4,
) -> None:
    """Export a trained model, checked against the model itself.

    The file takes float32 [batch, channels, height, width], preprocessed, and returns logits. Nothing is written if its
    output differs from the model's.

    \b
    Examples:
      flowerablate export flowers --format onnx --out flowers.onnx
      flowerablate export flowers --format pt2 --out flowers.pt2
    """
    messages = Console(stderr=True)
    found = model.open(messages, "cpu").export(out, form.value, tolerance=tolerance)
    text = f"wrote {out} and {out.name}.json; run by {found.checked_by}, it differs from the model by at most"
    relative = f"{found.difference:.2g} (relative to the largest logit)"
    messages.print(escape(printable(f"{text} {relative}")), soft_wrap=True, highlight=False)
