"""Draws the files of ``synthetic-flowers``, on as many cores as there are.

As a program, ``python -m flowerablate_datasets.drawing FOLDER IMAGES SIZE SEED NOISE FIRST STEP``, it draws the images
FIRST, FIRST + STEP, ... of a set.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from PIL import Image

from flowerablate.jobs.worker_places import cores_here

from .scene import CLASSES, draw_image

ENOUGH = 100
"""Images for each process; for fewer the start of a further one takes longer than it saves."""

_MOST = 8


def key_of(index: int) -> str:
    """Return the path of image *index* in the folder of its set."""
    return f"{CLASSES[index % len(CLASSES)]}/{index:06d}.png"


def draw_files(folder: Path, images: int, size: int, seed: int, noise: float, progress: Callable[[int], None]) -> None:
    """Draw the *images* of a set into *folder*; ``progress(n)`` is told how many there are by now, about."""
    for name in CLASSES:
        (folder / name).mkdir()
    step = max(1, min(len(cores_here()), images // ENOUGH, _MOST))
    with _helpers(folder, images, size, seed, noise, step):
        for index in range(0, images, step):
            progress(index)
            _draw_file(folder, index, size, seed, noise)
    for index in range(images):  # what a helper that could not start or was ended has left
        if not (folder / key_of(index)).exists():
            _draw_file(folder, index, size, seed, noise)
    progress(images)


@contextmanager
def _helpers(folder: Path, images: int, size: int, seed: int, noise: float, step: int) -> Iterator[None]:
    """Have other processes draw all but every *step*-th image meanwhile, and wait for them."""
    program = [sys.executable, "-m", "flowerablate_datasets.drawing", folder, images, size, seed, repr(noise)]
    helpers = []
    try:
        for first in range(1, step):
            command = [*map(str, program), str(first), str(step)]
            with suppress(OSError):
                helpers.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        yield
        for helper in helpers:
            helper.wait()
    finally:
        for helper in helpers:
            helper.kill()
            helper.wait()


def _draw_file(folder: Path, index: int, size: int, seed: int, noise: float) -> None:
    path = folder / key_of(index)
    unfinished = path.with_suffix(".part")
    Image.fromarray(draw_image(seed, index, size, noise)).save(unfinished, format="PNG", compress_level=1)
    unfinished.replace(path)


def _main(folder: str, *numbers: str) -> None:
    images, size, seed, first, step = (int(numbers[place]) for place in (0, 1, 2, 4, 5))
    for index in range(first, images, step):
        _draw_file(Path(folder), index, size, seed, float(numbers[3]))


if __name__ == "__main__":
    _main(*sys.argv[1:])
