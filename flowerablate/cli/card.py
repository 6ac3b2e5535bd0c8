"""``flowerablate card``: the model card of a trained model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from ..console import Console
from ..visible import printable
from .echo import echo
from .model_options import ModelChoice


def card(
    model: ModelChoice,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write to this file instead of the terminal.")
    ] = None,
) -> None:
    """Write the model card of a trained model, in Markdown.

    Data, split, preprocessing, training and versions come from the checkpoint, the metrics from the predictions on the
    test split stored with the trial. Parts that only people can write, such as the intended use, are marked.

    \b
    Examples:
      flowerablate card flowers
      flowerablate card flowers --seed 3 --out card.md
    """
    from ..files import replacing

    messages = Console(stderr=True)
    text = model.open(messages, "cpu").card()
    if out is None:
        echo(text, nl=False)
        return
    with replacing(out) as file:
        file.write(text.encode())
    messages.print(f"wrote {escape(printable(str(out)))}", soft_wrap=True, highlight=False)
