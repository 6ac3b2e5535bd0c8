"""The data set ``flowers``: photographs of five kinds of flowers, from a public archive or from your own."""

from __future__ import annotations

from typing import Any

from flowerablate import DataContext, DataError, Samples

from .addresses import FLOWER_PHOTOS, FLOWER_PHOTOS_SHA256
from .folder import build as of_folder
from .folder import scan
from .layout_model import LayoutChoice
from .places import fetched, in_order


def build(
    context: DataContext, *, path: str, classes: tuple[str, ...], url: str, sha256: str, **layout: Any
) -> Samples:
    """Return the photographs of *classes* (all, if empty).

    Without *path* the archive at *url* is fetched once, checked against *sha256* and unpacked into the cache; only for
    the public archive may the checksum be empty. *path* is an archive (checked if *sha256* is given) or an unpacked
    folder. *layout*: the other options of :class:`.layout_model.LayoutChoice`. Raises :class:`DataError` for a wrong or
    missing checksum or an unknown class.
    """
    if len(set(classes)) < len(classes):
        raise DataError(f"a class is named twice in {', '.join(classes)}; remove one")
    choice = LayoutChoice(classes=classes, **layout)
    if path.strip():
        return in_order(of_folder(context, path, choice=choice, sha256=sha256), classes)
    known = sha256 or (FLOWER_PHOTOS_SHA256 if url == FLOWER_PHOTOS else "")
    if not known:
        raise DataError(f"dataset.url is not the public address; set dataset.sha256 to the checksum of {url}")
    folder = fetched(context, url, known)
    return in_order(scan(folder, skip_bad=context.skip_bad, choice=choice), classes)
