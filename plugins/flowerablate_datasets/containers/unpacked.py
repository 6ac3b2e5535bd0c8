"""Images in containers, such as NPZ or Parquet: each container is unpacked once, into image files in the cache."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowerablate import DataContext, DataError, Samples
from flowerablate.data.archives import MAX_BYTES, MAX_FILES
from flowerablate.data.downloads import checksum
from flowerablate.data.patients import with_patients
from flowerablate.data.whole_folders import whole_folder
from flowerablate.errors import cause_of
from flowerablate.files import content_of, write_json

from ..class_order import in_number_order
from ..folders.folder_names import roles_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_VERSION = 1
"""What a container is unpacked to; count up when keys or pixels change."""

_INDEX = "index.json"


@dataclass(frozen=True)
class ImageOrigin:
    """What a container says of an image: its class *label*, its *part* of the split and its *group*, empty for none."""

    label: str
    part: str = ""
    group: str = ""


@dataclass
class ImageWriter:
    """Writes images below *root* and keeps what is known of each.

    *classes*: their order, if the container states one; else they are sorted, numbers as numbers. *read_as* and
    *left_out*: as of :class:`Samples`. *total*: how many images there will be, for the progress.
    """

    root: Path
    container: str
    context: DataContext
    classes: tuple[str, ...] = ()
    read_as: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    total: int = 0
    images: dict[str, ImageOrigin] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    _bytes: int = 0

    def write_pixels(self, stem: str, pixels: NDArray[np.uint8] | NDArray[np.uint16], origin: ImageOrigin) -> None:
        """Write *pixels* losslessly as ``stem.png``: uint8 or uint16 [H, W], or uint8 [H, W, 3 or 4]."""
        from PIL import Image

        path = self._place(f"{stem}.png", origin)
        Image.fromarray(pixels).save(path, compress_level=1)

    def write_file(self, key: str, content: bytes, origin: ImageOrigin) -> None:
        """Write the encoded image *content* as it is."""
        self._bytes += len(content)
        if self._bytes > MAX_BYTES:
            raise DataError(
                f"{self.container} holds images of more than {MAX_BYTES / 1e9:,.0f} GB; unpack it yourself, and give "
                "the folder"
            )
        try:
            with self._place(key, origin).open("xb") as file:
                file.write(content)
        except (FileExistsError, NotADirectoryError):
            raise DataError(
                f"{self.container} holds {key!r} twice, or another name that this file system takes for the same; give "
                "each image a name of its own"
            ) from None

    def leave_out(self, key: str, fault: str) -> None:
        """Note that nothing can be read from what is called *key*, and why; an error unless bad files are skipped."""
        self.faults[key] = fault

    def _place(self, key: str, origin: ImageOrigin) -> Path:
        if len(self.images) >= MAX_FILES:
            raise DataError(f"{self.container} has more than {MAX_FILES:,} images; divide it")
        self.images[key] = origin
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        self.context.progress(f"unpacking {self.container}", len(self.images), max(self.total, len(self.images)))
        return path


def place_of(context: DataContext, path: str, data_set: str, what: str = "a file") -> Path:
    """Return where the container *path* of a *data_set* is, which is *what* the error for an empty path asks for."""
    if not path.strip():
        raise DataError(f"the data set {data_set} needs {what}; name it as the data, or as path under [dataset]")
    return context.root / Path(path).expanduser()


def unpacked_once(
    context: DataContext, files: Sequence[Path], settings: dict[str, Any], unpack: Callable[[ImageWriter], None]
) -> Samples:
    """Return the images that *unpack* writes; it is called if the cache does not hold them.

    *files*: those that the container consists of, whose names and content count, *settings* as well. Patients of DICOM
    files are groups, unless the container has groups. Raises :class:`DataError` if a file cannot be read, and what
    *unpack* raises; then nothing is left behind.
    """
    try:
        content = [[path.name, checksum(path)] for path in files]
    except OSError as error:
        raise DataError(
            f"cannot read {error.filename}: {cause_of(error)}; check the path and its permissions"
        ) from None
    digest = hashlib.sha256(json.dumps([_VERSION, settings, content], sort_keys=True).encode()).hexdigest()
    folder = context.cache / f"images-{digest[:20]}"
    if not folder.is_dir():
        with whole_folder(folder) as temporary:
            if temporary is not None:
                writer = ImageWriter(temporary, files[0].name, context)
                unpack(writer)
                write_json(temporary / _INDEX, _index(writer))
    samples = _samples(folder, skip_bad=context.skip_bad)
    return samples if samples.groups else with_patients(samples, context.progress)


def _index(writer: ImageWriter) -> dict[str, Any]:
    if not writer.images:
        fault = next(iter(writer.faults.values()), "give another file")
        raise DataError(f"{writer.container} holds no images that can be read; {fault}")
    origins = list(writer.images.values())
    used = {origin.label for origin in origins}
    classes = [name for name in writer.classes if name in used] or in_number_order(used)
    number = {name: place for place, name in enumerate(classes)}
    parts = [origin.part for origin in origins]
    if set(parts) == {"train", "val"}:  # as in folders: what one is tested on, if there is nothing else
        roles = roles_of({"train", "val"})
        parts = [roles[part] for part in parts]
    return {
        "classes": list(classes),
        "keys": list(writer.images),
        "labels": [number[origin.label] for origin in origins],
        "splits": parts if len(set(parts)) > 1 else None,
        "groups": [origin.group for origin in origins] if any(origin.group for origin in origins) else None,
        "read_as": writer.read_as,
        "left_out": writer.left_out,
        "faults": writer.faults,
    }


def _samples(folder: Path, *, skip_bad: bool) -> Samples:
    try:
        index = json.loads(content_of(folder / _INDEX))
        faults: dict[str, str] = index.pop("faults")
        known: dict[str, Any] = {name: None if value is None else tuple(value) for name, value in index.items()}
        samples = Samples(**known, paths=tuple(folder / key for key in index["keys"]), skipped=tuple(faults))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise DataError(f"{folder / _INDEX} is damaged; remove {folder}, and it is made anew") from error
    if faults and not skip_bad:
        raise DataError(f"{next(iter(faults.values()))}; mend it, or leave it out (skip-bad)")
    return samples
