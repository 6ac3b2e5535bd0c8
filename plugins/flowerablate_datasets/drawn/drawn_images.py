"""A contact sheet of a data set: ``python -m flowerablate_datasets.drawn_images OUT.png [--data FOLDER]``.

One band of rows per class, with images spaced evenly over the class. Without ``--data`` synthetic flowers are drawn.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from flowerablate import DataError
from flowerablate.data.decode import decode

from ..folders.folder import scan
from .scene import draw_image

_GAP = 4


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the sheet as the command line says; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m flowerablate_datasets.drawn_images", description="Contact sheet")
    parser.add_argument("out", type=Path, help="image file to write, such as sheet.png")
    parser.add_argument("--data", type=Path, help="folder with one subfolder per class; default: synthetic flowers")
    parser.add_argument("--columns", type=int, default=8, help="images in a row (default 8)")
    parser.add_argument("--rows", type=int, default=3, help="rows per class (default 3)")
    parser.add_argument("--tile", type=int, default=144, help="side of an image on the sheet in pixels (default 144)")
    parser.add_argument("--size", type=int, default=36, help="side at which synthetic flowers are drawn (default 36)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the synthetic flowers (default 0)")
    parser.add_argument("--noise", type=float, default=1.0, help="strength of their salt noise (default 1)")
    options = parser.parse_args(arguments)
    if min(options.columns, options.rows, options.tile, options.size) < 1:
        parser.error("--columns, --rows, --tile and --size must be at least 1")
    count = options.columns * options.rows
    try:
        if options.data is None:
            bands = _synthetic(count, options.size, options.seed, options.noise)
        else:
            bands = _stored(options.data, count)
        sheet(bands, options.columns, options.tile).save(options.out)
    except (DataError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def sheet(bands: Sequence[Sequence[NDArray[np.uint8]]], columns: int, tile: int) -> Image.Image:
    """Arrange images (uint8 [H, W, 3]) in rows of *columns* square tiles; each band starts a new row."""
    rows = [band[start : start + columns] for band in bands for start in range(0, len(band), columns)]
    step = tile + _GAP
    page = Image.new("RGB", (columns * step + _GAP, len(rows) * step + _GAP), "white")
    for row, images in enumerate(rows):
        for column, pixels in enumerate(images):
            page.paste(_fit(Image.fromarray(pixels), tile), (_GAP + column * step, _GAP + row * step))
    return page


def _fit(image: Image.Image, tile: int) -> Image.Image:
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    square = image.crop((left, top, left + side, top + side))
    # Small images are enlarged without interpolation, so that the sheet shows the input of the network.
    how = Image.Resampling.NEAREST if side < tile else Image.Resampling.BOX
    return square.resize((tile, tile), how)


def _synthetic(count: int, size: int, seed: int, noise: float) -> list[list[NDArray[np.uint8]]]:
    return [[draw_image(seed, 2 * number + label, size, noise) for number in range(count)] for label in (0, 1)]


def _stored(folder: Path, count: int) -> list[list[NDArray[np.uint8]]]:
    samples = scan(folder)
    bands = []
    for label in range(len(samples.classes)):
        paths = [path for path, its in zip(samples.paths, samples.labels, strict=True) if its == label]
        chosen = paths if len(paths) <= count else [paths[number * len(paths) // count] for number in range(count)]
        bands.append([decode(path, 3) for path in chosen])
    return bands


if __name__ == "__main__":
    sys.exit(main())
