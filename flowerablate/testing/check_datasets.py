"""Checks of data sets."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from ..contracts import DataContext, DatasetSpec, Samples, Value
from ..errors import DataError, without_cure
from .check_settings import build, named, settings


def check_dataset(
    spec: DatasetSpec, *, cache: Path | None = None, root: Path | None = None, params: Mapping[str, Value] | None = None
) -> None:
    """Build *spec* twice in *cache* (an empty folder; by default a temporary one) and check the result.

    Checks that there are two or more classes, each with samples; that labels index the classes; that keys are unique
    and independent of this machine; that files exist and open as images (one per class is opened); and that the second
    build returns the same.
    """
    if cache is None:
        with tempfile.TemporaryDirectory() as folder:
            return check_dataset(spec, cache=Path(folder), root=root, params=params)
    what = named(spec)
    context = DataContext(cache=cache, root=root or cache)
    samples = build(spec, context, settings(spec, params))
    assert isinstance(samples, Samples), f"{what}: build must return Samples, not {type(samples).__name__}"
    _check_classes(what, samples)
    _check_keys(what, samples)
    for label in range(len(samples.classes)):
        _check_image(what, samples.paths[samples.labels.index(label)])
    again = build(spec, context, settings(spec, params))
    assert samples == again, f"{what} returns other samples, or another order, the second time; sort the files"
    return None


def _check_classes(what: str, samples: Samples) -> None:
    assert len(samples.classes) >= 2, f"{what} must have two or more classes, not {list(samples.classes)}"
    assert len(set(samples.classes)) == len(samples.classes), f"{what} has a duplicate class name"
    for name in ("classes", "keys", "paths", "labels", "splits", "groups", "remarks"):
        value = getattr(samples, name)
        optional = name in ("splits", "groups") and value is None
        assert optional or isinstance(value, tuple), f"{what}: {name} must be a tuple"
    empty = [name for label, name in enumerate(samples.classes) if label not in samples.labels]
    assert not empty, f"{what} has no sample of class {empty[0]!r}" if empty else ""


def _check_keys(what: str, samples: Samples) -> None:
    for key in samples.keys:
        good = key and not PurePosixPath(key).is_absolute() and "\\" not in key and ":" not in key
        assert good, f"{what}: key {key!r} must be the path relative to the data set's root, with forward slashes"


def _check_image(what: str, path: Path) -> None:
    from ..data.decode import decode

    assert path.is_file(), f"{what}: {path} is not a file"
    try:
        decode(path, 3)
    except DataError as error:
        raise AssertionError(f"{what}: {path} does not open as an image: {without_cure(str(error))}") from error
