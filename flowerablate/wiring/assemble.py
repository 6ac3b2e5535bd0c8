"""Builds components from the registry: specs, samples, steps, packed images."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..contracts import (
    BatchOp,
    Choice,
    ComponentSpec,
    DataContext,
    DatasetSpec,
    Fingerprint,
    LossSpec,
    NativeOp,
    OwnedComponent,
    Owner,
    Pipeline,
    Progress,
    PythonOp,
    Samples,
    StepChoice,
    StepContext,
    StepSpec,
)
from ..data.fingerprint import file_hash, fingerprint
from ..data.lists import with_lists
from ..data.store import PackedImages, open_store, sample_ids, without_unreadable
from ..errors import DataError, FlowerablateError, PluginError, StudyError, calling_a_component, one_line
from ..preprocess import BuiltStep, NamedOp, Preprocess, fit, stage
from ..registry import Registry
from ..user_cache import cache_folder

DECODE_MARGIN = 2
"""Images whose first step is a resize are decoded at a reduced size that keeps this many times the target's pixels.

At 2, a photograph resized to 64 pixels differs from one decoded in full by half a grey level (of 255) on average;
``benchmarks/README.md`` has the numbers. The name of the store depends on the size at which its images were decoded.
"""


@dataclass(frozen=True)
class DataSet:
    """The samples of a study and the fingerprint of their content; *ids*, uint64 [N], key the random draws."""

    samples: Samples
    fingerprint: str
    ids: NDArray[np.uint64]
    labels: NDArray[np.int64]


@dataclass(frozen=True)
class PreparedPipeline:
    """Packed images of a variant, and the chains that turn them into the model's input.

    *batch*: the ops that mix whole batches after that, in training.
    """

    images: PackedImages
    train: Preprocess
    evaluate: Preprocess
    batch: tuple[NamedOp, ...] = ()

    def fitted(self, indices: NDArray[np.int64], ids: NDArray[np.uint64]) -> PreparedPipeline:
        """Return a copy whose steps have learned from the training images *indices*; *ids* are those of all samples."""
        train, evaluate = fit(self.train, self.evaluate, self.images, indices, ids)
        return replace(self, train=train, evaluate=evaluate)


@dataclass
class Assembler:
    """Builds the components of a study. *root*: the folder of the study file; *cache*: that of data sets and stores."""

    registry: Registry
    root: Path
    cache: Path
    progress: Progress = lambda what, done, total: None
    _stores: dict[str, PackedImages] = field(default_factory=dict)

    def lookup(self, slot: str, name: str, where: str) -> ComponentSpec:
        """Return the spec of a component; an unknown name raises :class:`StudyError` with the nearest valid one."""
        return self.registry.find(slot, name, where).spec

    def build_of(self, pipeline: Pipeline, spec: type[ComponentSpec], context: Any) -> Any:
        """Build the component that *pipeline* has in the slot of *spec*; see :meth:`build`."""
        return self.build(spec.slot, pipeline.choice(spec), context)

    def build(self, slot: str, choice: Choice, context: Any, part: str = "build") -> Any:
        """Have a plugin build a component (or its ``stand_in``).

        A :class:`FlowerablateError` passes through; any other exception becomes a :class:`PluginError` that names the
        plugin.
        """
        component = self.registry.find(slot, choice.use, slot)
        try:
            with calling_a_component():
                return getattr(component.spec, part)(context, **choice.params)
        except FlowerablateError:
            raise
        except Exception as error:
            what = one_line(error)
            raise PluginError(f"{slot} {choice.use!r} of {component.owner} could not be built: {what}") from error

    def owner(self, slot: str, name: str) -> Owner:
        """Return the owner of a component: the plugin that registered it."""
        return self.registry.find(slot, name).owner

    def owners(self, pipeline: Pipeline) -> tuple[OwnedComponent, ...]:
        """Return the components of *pipeline* with their owners, each once, sorted."""
        named = {(slot, choice.use) for slot, choice in pipeline.used}
        return tuple(OwnedComponent(slot, name, self.owner(slot, name)) for slot, name in sorted(named))

    def fingerprint(self, slot: str, choice: Choice) -> Fingerprint:
        """Return what enters a trial's id besides the settings: a component's owner and hashes of its files.

        Raises :class:`DataError` if a file named by a parameter cannot be read.
        """
        hashes = {name: file_hash(path).hex() for name, path in self._named_files(slot, choice).items()}
        return Fingerprint(self.owner(slot, choice.use), hashes)

    def _named_files(self, slot: str, choice: Choice) -> dict[str, Path]:
        """Return the files that parameters of a component name, by parameter."""
        return {
            param.name: self.root / Path(str(name)).expanduser()
            for param in self.lookup(slot, choice.use, slot).params
            if param.file and (name := choice.params.get(param.name))
        }

    def files_of(self, pipeline: Pipeline, data: DataSet) -> set[Path]:
        """Pack the images of *pipeline*, unless they are packed already; return all files and folders that it reads."""
        source = self.prepare(pipeline, data).images.source
        named = [path for slot, choice in pipeline.used for path in self._named_files(slot, choice).values()]
        return {*named, *([source.folder] if source else [])}

    def load_samples(self, choice: Choice, *, skip_bad: bool, min_classes: int = 2) -> Samples:
        """Collect the samples of a data set, without opening its images, in the groups and without those it lists."""
        context = DataContext(self.cache / "datasets" / choice.use, self.root, skip_bad, self.progress, min_classes)
        samples: Samples = self.build(DatasetSpec.slot, self.without_lists(choice), context)
        named = {name: text for name in self._lists_of(choice) if (text := str(choice.params[name]))}
        group_from = named.pop("group_from", "")
        files = {name: self.root / Path(text).expanduser() for name, text in named.items()}
        samples = with_lists(samples, files.get("groups"), files.get("exclude"), group_from)
        if not len(samples):
            left_out = (
                f": {len(samples.skipped)} were left out, such as {samples.skipped[0]}" if samples.skipped else ""
            )
            raise DataError(f"the data set {choice.use!r} has no images{left_out}")
        return samples

    def without_lists(self, choice: Choice) -> Choice:
        """Return the *choice* of a data set without the lists of images that the core reads."""
        lists = self._lists_of(choice)
        return Choice(choice.use, {name: value for name, value in choice.params.items() if name not in lists})

    def _lists_of(self, choice: Choice) -> tuple[str, ...]:
        spec = self.lookup(DatasetSpec.slot, choice.use, DatasetSpec.slot)
        assert isinstance(spec, DatasetSpec)
        return tuple(param.name for param in spec.lists if param.name in choice.params)

    def load_data(self, pipeline: Pipeline, *, skip_bad: bool) -> DataSet:
        """Collect the samples of the pipeline's data set, and compute their fingerprint."""
        samples = self.load_samples(pipeline.choice(DatasetSpec), skip_bad=skip_bad)
        if skip_bad:
            samples = without_unreadable(samples, pipeline.input.channels, self.progress)
        _require_two_classes(samples)
        labels = np.array(samples.labels, dtype=np.int64)
        return DataSet(samples, fingerprint(samples, self.progress), sample_ids(samples), labels)

    def build_steps(self, pipeline: Pipeline) -> list[BuiltStep]:
        """Build the op of every step, and its stand-in if it has one.

        Raises :class:`StudyError` if a step mixes labels and the loss does not accept mixed labels.
        """
        context = StepContext(pipeline.input.image_size, pipeline.input.channels)
        steps = [self._build_step(step, context) for step in pipeline.steps]
        mixing = [step.name for step in steps if step.enabled and isinstance(step.op, BatchOp)]
        if mixing:
            self._require_soft_targets(pipeline.choice(LossSpec).use, mixing[0])
        return steps

    def _require_soft_targets(self, loss: str, step: str) -> None:
        losses = self.registry.slot(LossSpec.slot)
        able = sorted(name for name in losses if getattr(losses[name].spec, "soft_targets", False))
        if loss not in able:
            raise StudyError(
                f"step {step!r} mixes labels into class probabilities, which the loss {loss!r} does not take; "
                f"remove the step, or choose a loss that takes them: {', '.join(able)}"
            )

    def _build_step(self, step: StepChoice, context: StepContext) -> BuiltStep:
        spec = self.lookup(StepSpec.slot, step.use, f"steps.{step.name}")
        assert isinstance(spec, StepSpec)
        stand_in = self.build(StepSpec.slot, step, context, part="stand_in") if spec.stand_in else None
        return BuiltStep(step.name, self.build(StepSpec.slot, step, context), spec.random, stand_in, step.enabled)

    def prepare(self, pipeline: Pipeline, data: DataSet) -> PreparedPipeline:
        """Pack the images of *pipeline*, unless they are packed already, and compile its chains.

        Raises :class:`StudyError` if the chains do not return images of the study's image size.
        """
        channels, bits = pipeline.input.channels, pipeline.input.bits
        steps = self.build_steps(pipeline)
        stages = stage(steps)
        prefix = Preprocess(stages.prefix, channels, dtype=f"uint{bits}")
        names = [named.name for named in stages.prefix]
        min_side = min_decoded_side(steps)
        store = self._store_name([step for step in pipeline.steps if step.name in names], data, pipeline, min_side)
        if store not in self._stores:
            self._stores[store] = open_store(
                self.cache / "packed",
                data.samples,
                store,
                channels,
                prefix.run_one,
                self.progress,
                bits=bits,
                min_side=min_side,
                dtype=prefix.output_dtype,
            )
        images = self._stores[store]
        prepared = PreparedPipeline(
            images,
            Preprocess((*_control(pipeline), *stages.train), channels, dtype=prefix.output_dtype),
            Preprocess((*_control(pipeline), *stages.evaluate), channels, dtype=prefix.output_dtype),
            stages.batch,
        )
        for chain in (prepared.train, prepared.evaluate):
            require_size(chain, images, pipeline.input.image_size)
        return prepared

    def _store_name(self, prefix: list[StepChoice], data: DataSet, pipeline: Pipeline, min_side: int | None) -> str:
        steps = [
            [step.use, dict(step.params), step.enabled, asdict(self.fingerprint(StepSpec.slot, step))]
            for step in prefix
        ]
        context = [pipeline.input.image_size, pipeline.input.channels, pipeline.input.bits, min_side]
        text = json.dumps([version("flowerablate"), data.fingerprint, context, steps], sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def make_assembler(registry: Registry, folder: Path) -> Assembler:
    """Return an assembler with the user's cache; relative paths of the study are resolved against *folder*."""
    return Assembler(registry, folder, cache_folder())


def min_decoded_side(steps: Sequence[BuiltStep]) -> int | None:
    """Return the minimum number of pixels of the shorter side after decoding, or None if every pixel may matter.

    Only an antialiased resize as the study's first step allows reduced decoding. A resize that comes first because a
    variant switched off the steps before it does not count: its base decodes images in full, and so must the variant.
    """
    first = steps[0] if steps else None
    if first is None or first.random or not first.enabled:
        return None
    if not isinstance(first.op, NativeOp) or first.op.op != "resize" or not first.op.params.get("antialias"):
        return None
    size = first.op.params["size"]
    assert isinstance(size, int)
    return DECODE_MARGIN * size


def _control(pipeline: Pipeline) -> list[NamedOp]:
    """Return the op that the control ``placebo`` puts in front of both chains, which applies to no image.

    It is native, because native ops take images of any size and number of bits. No step of a study can have its name.
    """
    if pipeline.control != "placebo":
        return []
    return [NamedOp("control: placebo", NativeOp("horizontal_flip", {"probability": 0.0}))]


def data_choice(registry: Registry, path: Path, like: Choice | None = None) -> Choice:
    """Return the first data set, in the order of names, whose spec says that it can read *path*.

    The data set of *like* comes before all others, with its settings, such as the classes and the patients.
    """
    if not path.exists():
        raise DataError(f"there is no file or folder {path}")
    known = registry.slot(DatasetSpec.slot)
    first = [like.use] if like and like.use in known else []
    for name in (*first, *known):
        spec = known[name].spec
        reads = getattr(spec, "reads", None)
        if reads is not None and reads(path):
            settings = like.params if like and name == like.use else {}
            kept = {param.name: settings[param.name] for param in spec.params if param.name in settings}
            return Choice(name, {**kept, "path": str(path.absolute())})
    raise DataError(f"no data set can read {path}; 'flowerablate list dataset' shows the installed ones")


def _require_two_classes(samples: Samples) -> None:
    found = sorted({samples.classes[label] for label in samples.labels})
    if len(found) < 2:
        what = f"only images of class {found[0]!r}" if found else "no readable images"
        raise DataError(f"the data set has {what}; a classifier needs at least two classes")


def require_size(chain: Preprocess, images: PackedImages, image_size: int) -> None:
    """Raise :class:`StudyError` unless *chain* makes squares of *image_size* pixels of the first of *images*."""
    height, width = chain.output_size(int(images.heights[0]), int(images.widths[0]))
    if (height, width) != (image_size, image_size):
        error = StudyError(
            f"the steps return images of {height}x{width} pixels, but input.image_size is {image_size}; "
            "add a step that sets the size, such as a resize or a crop"
        )
        error.of_component = any(isinstance(named.op, PythonOp) for named in chain.ops)
        raise error
