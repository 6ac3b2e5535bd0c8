"""Finds the images of a study for its reports, from the pipeline recorded in its ledger."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import TypeAdapter, ValidationError

from ..contracts import BatchOp, DatasetSpec, Pipeline, Samples
from ..data.decode import decode
from ..data.store import PackedImages
from ..errors import DataError, FlowerablateError, LedgerError
from ..keyed import key64
from ..preprocess import BuiltStep, NamedOp, Preprocess
from ..preprocess.steps import writes_floats
from ..report.html.document import Frame, SampleImages, Strip
from ..wiring.assemble import Assembler, min_decoded_side

SHOWN = 4
"""Number of images of the data set on a page."""

_MAX_LOSSLESS = 96
_THUMBNAIL = 144
"""Side lengths in pixels: up to the first, images are kept exactly; above the second, they are reduced."""

_PIPELINE: TypeAdapter[Pipeline] = TypeAdapter(Pipeline)


def pipeline_of(record: Mapping[str, Any]) -> Pipeline:
    """Return the pipeline in a trial's *record* in the ledger; raise LedgerError for an unknown format."""
    try:
        return _PIPELINE.validate_python(record.get("pipeline"))
    except ValidationError:
        raise LedgerError(
            "the pipeline in the ledger has the format of another version; its images are not shown"
        ) from None


@dataclass
class StudyImages:
    """The image files of a pipeline's data set, in their present state.

    Raises :class:`DataError`, or the error of the data set's plugin, if the data cannot be found.
    """

    pipeline: Pipeline
    assembler: Assembler

    def __post_init__(self) -> None:
        choice = self.assembler.without_lists(self.pipeline.choice(DatasetSpec))  # they do not change what an image is
        self.samples: Samples = self.assembler.load_samples(choice, skip_bad=True)
        self._places = {key: place for place, key in enumerate(self.samples.keys)}

    def __contains__(self, key: object) -> bool:
        return key in self._places

    def truth(self, key: str) -> str:
        """Return the class of the image *key*."""
        return self.samples.classes[self.samples.labels[self._places[key]]]

    def original(self, key: str, min_side: int | None = None) -> NDArray[Any]:
        """Return the image *key*, uint8 or uint16 [H, W, C]; *min_side* as for ``decode``."""
        if key not in self._places:
            raise DataError(f"the data set no longer has the image {key!r}")
        plan = self.pipeline.input
        return decode(self.samples.paths[self._places[key]], plan.channels, bits=plan.bits, min_side=min_side)

    def first_of_each_class(self, count: int = SHOWN) -> list[str]:
        """Return up to *count* keys: the first by name of each class, then the second, and so on."""
        by_class: dict[int, list[str]] = {}
        for key, label in sorted(zip(self.samples.keys, self.samples.labels, strict=True)):
            by_class.setdefault(label, []).append(key)
        longest = max(map(len, by_class.values()), default=0)
        chosen = [keys[turn] for turn in range(longest) for _, keys in sorted(by_class.items()) if turn < len(keys)]
        return sorted(chosen[:count], key=lambda key: (self.truth(key), key))


def sample_images(
    images: StudyImages, seed: int, *, epoch: int = 1, count: int = SHOWN, keys: Sequence[str] = ()
) -> SampleImages:
    """Return images after each step of the base, with the random draws of training for *seed* and *epoch*.

    They are those with these *keys*, by default *count* images of all classes.

    Steps that write floats or mix batches are named in a remark instead. An image that cannot be read is left out, with
    the reason in a remark.
    """
    steps = [step for step in images.assembler.build_steps(images.pipeline) if step.enabled]
    shown = [step for step in steps if not writes_floats(step.op) and not isinstance(step.op, BatchOp)]
    strips, faults = [], []
    for key in keys or images.first_of_each_class(count):
        try:
            strips.append(_strip(images, key, shown, seed, epoch))
        except (FlowerablateError, OSError) as error:
            faults.append(f"{key}: {error}")
    remarks = [f"As in training, epoch {epoch}, seed {seed}; each image is shown after all steps up to the one named."]
    unseen = [step.name for step in steps if step not in shown]
    if unseen:
        remarks.append(f"Not shown: {', '.join(unseen)}, whose results are not 8- or 16-bit images.")
    return SampleImages(tuple(strips), (*remarks, *faults))


def _strip(images: StudyImages, key: str, steps: Sequence[BuiltStep], seed: int, epoch: int) -> Strip:
    whole = images.original(key)
    pixels = images.original(key, min_decoded_side(images.assembler.build_steps(images.pipeline)))
    plan = images.pipeline.input
    source = PackedImages(
        pixels=pixels.reshape(-1),
        offsets=np.zeros(1, np.int64),
        heights=np.array([pixels.shape[0]], np.int32),
        widths=np.array([pixels.shape[1]], np.int32),
        channels=plan.channels,
    )
    height, width = pixels.shape[:2]
    ident = key64("sample", key)
    frames = [frame("original", whole, f"{whole.shape[1]} × {whole.shape[0]} px")]
    for end in range(1, len(steps) + 1):
        ops = [NamedOp(step.name, step.op) for step in steps[:end]]
        chain = Preprocess(ops, plan.channels, dtype=pixels.dtype.name)
        out = np.empty((1, *chain.output_size(height, width), plan.channels), chain.output_dtype)
        ids = np.array([ident], np.uint64)
        chain.run(source, np.zeros(1, np.int64), ids, out, seed=seed, epoch=epoch, threads=1)
        drawn = chain.explain(height, width, ident, seed=seed, epoch=epoch)
        acted = next((one.applied for one in reversed(drawn) if one.step == steps[end - 1].name), True)
        frames.append(frame(steps[end - 1].name, out[0], "" if acted else "not applied"))
    return Strip(key, images.truth(key), tuple(frames))


def frame(step: str, pixels: NDArray[Any], remark: str = "") -> Frame:
    """Return *pixels*, uint8 or uint16 [H, W, C], as a small image file: exact if small, otherwise a thumbnail."""
    image = to_image(pixels)
    if max(image.size) > _MAX_LOSSLESS:
        if max(image.size) > _THUMBNAIL:
            image.thumbnail((_THUMBNAIL, _THUMBNAIL), Image.Resampling.LANCZOS)
        kind, media_type, options = "JPEG", "image/jpeg", {"quality": 88}
        image = image.convert("RGB")
    else:
        kind, media_type, options = "PNG", "image/png", {"optimize": True}
    buffer = io.BytesIO()
    image.save(buffer, format=kind, **options)
    return Frame(step, buffer.getvalue(), media_type, image.width, image.height, remark)


def to_image(pixels: NDArray[Any]) -> Image.Image:
    """Return *pixels*, uint8 or uint16 [H, W, 1, 3 or 4], as an 8-bit image."""
    if pixels.dtype == np.uint16:
        pixels = (pixels // 257).astype(np.uint8)
    return Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else np.ascontiguousarray(pixels))


def originals(images: StudyImages, keys: Iterable[str]) -> dict[str, Image.Image]:
    """Return the images *keys* in their original size; those that cannot be read are left out."""
    found = {}
    for key in keys:
        try:
            found[key] = to_image(images.original(key))
        except (FlowerablateError, OSError):
            continue
    return found
