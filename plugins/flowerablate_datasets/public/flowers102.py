"""The data set ``flowers102``: Oxford's 102 kinds of flowers (Nilsback and Zisserman 2008), with the official split.

torchvision fetches it and checks the checksums. The labels and the split are read from the files next to the images;
once these exist, torchvision is not loaded.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from filelock import FileLock

from flowerablate import DataContext, DataError, Samples

_SPLITS = {"trnid": "train", "valid": "val", "tstid": "test"}


def build(context: DataContext, *, path: str) -> Samples:
    """Return the 8189 photographs of *path*, a folder with ``jpg/``, ``imagelabels.mat`` and ``setid.mat``.

    Without *path* torchvision fetches the set (345 MB) into the cache. Raises :class:`DataError` if that fails, or an
    image is missing.
    """
    folder = context.root / Path(path).expanduser() if path.strip() else context.cache / "flowers-102"
    if not is_flowers102(folder):
        if path.strip():
            raise DataError(
                f"{folder} is not the folder of Flowers102; it must hold jpg/, imagelabels.mat and setid.mat"
            )
        _fetch(context)
    labels = [int(label) - 1 for label in _matrix(folder / "imagelabels.mat", "labels")]
    if not labels or min(labels) < 0:
        raise DataError(f"{folder / 'imagelabels.mat'} does not hold labels from 1; fetch it again")
    setid = folder / "setid.mat"
    part = {int(number): split for key, split in _SPLITS.items() for number in _matrix(setid, key)}
    if sorted(part) != list(range(1, len(labels) + 1)):
        raise DataError(f"{setid} does not divide the {len(labels)} images of imagelabels.mat; fetch both again")
    keys = tuple(f"jpg/image_{number:05d}.jpg" for number in sorted(part))
    here = {file.name for file in (folder / "jpg").iterdir()}
    missing = [key for key in keys if key.removeprefix("jpg/") not in here]
    if missing:
        raise DataError(f"{folder} lacks {len(missing)} images, such as {missing[0]}; remove it to fetch it again")
    return Samples(
        classes=tuple(f"{number:03d}" for number in range(1, max(labels) + 2)),
        keys=keys,
        paths=tuple(folder / key for key in keys),
        labels=tuple(labels),
        splits=tuple(part[number] for number in sorted(part)),
    )


def is_flowers102(folder: Path) -> bool:
    """Return whether *folder* has the files of this data set."""
    return (folder / "jpg").is_dir() and all((folder / name).is_file() for name in ("imagelabels.mat", "setid.mat"))


def _fetch(context: DataContext) -> None:
    from torchvision.datasets import Flowers102

    context.cache.mkdir(parents=True, exist_ok=True)
    with FileLock(context.cache / ".lock"):
        try:
            Flowers102(str(context.cache), download=True)
        except (OSError, RuntimeError) as error:
            raise DataError(
                f"torchvision cannot fetch Flowers102: {error}; run the same command again, or fetch it by other "
                "means and set dataset.path to its folder"
            ) from error


def _matrix(path: Path, key: str) -> Any:
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    try:
        return loadmat(path)[key].ravel()
    except (OSError, KeyError, ValueError, NotImplementedError, TypeError, MatReadError) as error:
        raise DataError(f"cannot read {key!r} in {path} ({error}); remove the file to fetch it again") from error
