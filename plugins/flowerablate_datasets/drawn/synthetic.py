"""The data set ``synthetic-flowers``: roses and daisies drawn once by :mod:`.scene` and kept as PNG files.

These are not photographs: they are designed so that an ablation has an effect to show. The salt noise, bright specks of
one to four pixels, is planted: a 3 x 3 opening removes most of it. That an opening helps here says nothing about your
own images. The colours of the classes overlap, so that a network has to use the shape.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from filelock import FileLock

from flowerablate import DataContext, DataError, Samples
from flowerablate.files import content_of

from ..folders.folder import scan
from .drawing import draw_files, key_of

GENERATOR = 2
"""Version of the drawing code; increment it with every change that alters a pixel, so that caches are redrawn."""

_MANIFEST = "manifest.json"
_UNFINISHED = ".drawing-"


def build(context: DataContext, *, images: int, size: int, seed: int, noise: float) -> Samples:
    """Return the drawn set from ``context.cache``, drawing it first if necessary.

    Image k depends only on *size*, *seed*, *noise* and k, so a larger set begins with the smaller one. The images
    are drawn into a temporary folder, which is renamed when it is complete; a lock makes a second process wait.
    Raises :class:`DataError` if the cache cannot be written.
    """
    manifest = {"generator": GENERATOR, "images": images, "size": size, "seed": seed, "noise": noise}
    folder = context.cache / f"v{GENERATOR}-{images}x{size}px-seed{seed}-noise{noise!r}"
    samples = _stored(folder, manifest)
    if samples is None:
        with _storage(context.cache):
            samples = _stored(folder, manifest) or _draw(context, folder, manifest)
    return samples


def _stored(folder: Path, manifest: dict[str, int | float]) -> Samples | None:
    """Return the samples in *folder* if they match *manifest* exactly."""
    try:
        if json.loads(content_of(folder / _MANIFEST)) != manifest:
            return None
        samples = _listed(folder)
    except (OSError, ValueError, DataError):
        return None
    expected = sorted(key_of(index) for index in range(int(manifest["images"])))
    return samples if list(samples.keys) == expected else None


def _draw(context: DataContext, folder: Path, manifest: dict[str, int | float]) -> Samples:
    images, size, seed, noise = (manifest[name] for name in ("images", "size", "seed", "noise"))
    for leftover in context.cache.glob(_UNFINISHED + "*"):
        shutil.rmtree(leftover, ignore_errors=True)
    unfinished = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=context.cache))
    try:
        progress = partial(context.progress, "drawing synthetic-flowers")
        draw_files(unfinished, int(images), int(size), int(seed), noise, lambda done: progress(done, int(images)))
        (unfinished / _MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n")
        if folder.exists():
            shutil.rmtree(folder)
        unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return _listed(folder)


def _listed(folder: Path) -> Samples:
    """List the images in *folder*; the manifest beside them is not the user's, so it does not count as left out."""
    return replace(scan(folder), left_out=())


@contextmanager
def _storage(cache: Path) -> Iterator[None]:
    """Hold the lock of the cache; report a full disk or a read-only folder as :class:`DataError`."""
    try:
        with FileLock(cache / ".lock"):
            yield
    except OSError as error:
        cause = (error.strerror or str(error)).lower()
        raise DataError(
            f"cannot store the drawn flowers in {cache}: {cause}; make room there, or use another cache folder"
        ) from error
