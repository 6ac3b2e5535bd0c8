"""The data set ``flowers``: photographs of five kinds of flowers, from a public archive or from your own."""

from __future__ import annotations

from flowerablate import DataContext, DataError, Samples

from .addresses import FLOWER_PHOTOS, FLOWER_PHOTOS_SHA256
from .chest_xray import is_chest_xray
from .folder import scan
from .places import fetched, folder_of, holds_classes, with_classes

_WHAT = "a folder with one subfolder of images per class"


def build(context: DataContext, *, path: str, classes: tuple[str, ...], url: str, sha256: str) -> Samples:
    """Return the photographs of *classes* (all, if empty).

    Without *path* the archive at *url* is fetched once, checked against *sha256* and unpacked into the cache; only for
    the public archive may the checksum be empty. *path* is an archive (checked if *sha256* is given) or an unpacked
    folder. Raises :class:`DataError` for a wrong or missing checksum or an unknown class.
    """
    if path.strip():
        folder = folder_of(context, path, holds_classes, _WHAT, sha256=sha256)
        if is_chest_xray(folder):
            raise DataError(
                f"{path} holds chest X-rays, which must be split by patients; use their data set: "
                f'dataset.use = "chest-xray", dataset.path = "{path}"'
            )
    else:
        known = sha256 or (FLOWER_PHOTOS_SHA256 if url == FLOWER_PHOTOS else "")
        if not known:
            raise DataError(f"dataset.url is not the public address; set dataset.sha256 to the checksum of {url}")
        folder = fetched(context, url, known, holds_classes, _WHAT)
    return with_classes(scan(folder, skip_bad=context.skip_bad), classes)
