"""The data set ``flowers``: photographs of five kinds of flowers, from a public archive or from your own."""

from __future__ import annotations

from flowerablate import DataContext, DataError, Samples

from ..addresses import FLOWER_PHOTOS, FLOWER_PHOTOS_SHA256
from ..folders.folder import build as of_folder
from ..folders.folder import scan
from ..folders.places import fetched, with_classes


def build(
    context: DataContext, *, path: str, level: int, within: str, classes: tuple[str, ...], url: str, sha256: str
) -> Samples:
    """Return the photographs of *classes* (all, if empty).

    Without *path* the archive at *url* is fetched once, checked against *sha256* and unpacked into the cache; only for
    the public archive may the checksum be empty. *path* is an archive (checked if *sha256* is given) or an unpacked
    folder, read as the data set ``folder`` does with *level* and *within*. Raises :class:`DataError` for a wrong or
    missing checksum or an unknown class.
    """
    if path.strip():
        return with_classes(of_folder(context, path, level=level, within=within, sha256=sha256), classes)
    known = sha256 or (FLOWER_PHOTOS_SHA256 if url == FLOWER_PHOTOS else "")
    if not known:
        raise DataError(f"dataset.url is not the public address; set dataset.sha256 to the checksum of {url}")
    return with_classes(scan(fetched(context, url, known), skip_bad=context.skip_bad), classes)
