"""The options of the scripts that stand for a whole study; it loads nothing that a script may want to load later."""

from __future__ import annotations

import argparse
from pathlib import Path

VARIANTS = 6
"""The base and its five variants."""


def study_options(description: str) -> argparse.ArgumentParser:
    """Return a parser of what a study consists of."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("path", type=Path, metavar="PATH", help="images, one subfolder per class")
    parser.add_argument("--model", default="resnet14")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seeds", type=int, default=6)
    return parser
