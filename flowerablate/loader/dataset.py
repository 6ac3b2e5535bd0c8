"""Packed images as a data set for ``torch.utils.data.DataLoader``, fetched a batch at a time."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset, Sampler, get_worker_info

from ..data.store import PackedImages
from ..errors import StudyError
from ..keyed import permutation
from ..preprocess import BatchOps, Preprocess
from ..preprocess.steps import writes_floats
from .buffers import Buffer, Shape
from .order import CheckedOrder, Order


@dataclass(frozen=True, eq=False)
class Batch(Sequence[tuple[Tensor, Tensor]]):
    """The result of a fetch: all *images* and *labels* of a batch; as a sequence, its samples one by one.

    :func:`collate` returns the two tensors; torch's default collate function works too, but copies.
    """

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: Any) -> Any:
        """Return (image, label) of one sample; for a slice, a batch of its samples."""
        if isinstance(index, slice):
            return Batch(self.images[index], self.labels[index])
        if index >= len(self):
            raise IndexError(index)
        return self.images[index], self.labels[index]


def collate(batch: Batch) -> tuple[Tensor, Tensor]:
    """Return images and labels of *batch* unchanged: the ``collate_fn`` for a :class:`PackedDataset`."""
    return batch.images, batch.labels


class PackedDataset(Dataset[tuple[Tensor, Tensor]]):
    """A selection of packed images, processed by a chain: a map-style data set that also fetches whole batches.

    *preprocess* runs on *images*; *ids* (uint64 [N], they key the random draws) and *labels* (int64 [N]) belong to all
    N of them, and *indices* select those of this data set, in order (default: all). Images are float32 [B, C, H, W], or
    bfloat16 with ``dtype=torch.bfloat16``, in channels-last memory on request; or, with ``dtype=torch.uint8`` for a
    chain that does not normalise, uint8 [B, H, W, C]. Labels are int64 [B], or with *batch_ops* class probabilities,
    float32 [B, classes].

    Random draws depend on *seed*, the epoch set by :meth:`set_epoch`, and the id of the sample, not on workers, threads
    or batches (but *batch_ops* mix the samples of a batch). *threads*: number of threads of the native core that write
    a batch; 0 means all cores, but one in a worker of a DataLoader.

    The data set can be sent to forked or spawned workers; a memory-mapped store is mapped again there, not copied.
    Raises :class:`StudyError` if the arguments do not fit together.
    """

    def __init__(
        self,
        preprocess: Preprocess,
        images: PackedImages,
        ids: NDArray[np.uint64],
        labels: NDArray[np.int64],
        *,
        indices: NDArray[np.int64] | None = None,
        seed: int = 0,
        dtype: torch.dtype = torch.float32,
        channels_last: bool = False,
        batch_ops: BatchOps | None = None,
        threads: int = 0,
    ) -> None:
        self.indices = _checked_indices(indices, len(images))
        for name, column in (("ids", ids), ("labels", labels)):
            if len(column) != len(images):
                raise StudyError(
                    f"{name} must have one element for each of the {len(images)} images, not {len(column)}"
                )
        for name, wanted, given in (
            ("channels", preprocess.channels, images.channels),
            ("dtype", preprocess.dtype, images.pixels.dtype.name),
        ):
            if wanted != given:
                raise StudyError(f"{name} of preprocess and of images must be the same, not {wanted} and {given}")
        self.seed = seed
        self.batch_ops = batch_ops
        self.threads = threads
        self._preprocess = preprocess
        self._images = images
        self._ids = _whole_numbers("ids", ids, np.uint64)
        self._labels = _whole_numbers("labels", labels, np.int64)
        if batch_ops is not None:
            _check_classes(self._labels, batch_ops.classes)
        height, width = preprocess.output_size(*_first_size(images))
        classes = batch_ops.classes if batch_ops else 0
        self.shape = Shape(height, width, images.channels, dtype, channels_last, classes)
        if self.shape.is_bytes and preprocess.ops and writes_floats(preprocess.ops[-1].op):
            raise StudyError(
                f"step {preprocess.ops[-1].name!r} writes floats; leave it out, or use dtype=torch.float32"
            )
        # The epoch, the samples fetched in it, and whether the warning was given: in shared memory, for all workers.
        self._epoch = torch.zeros(3, dtype=torch.int64).share_memory_()  # type: ignore[no-untyped-call]

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def epoch(self) -> int:
        """The epoch that random draws are keyed by."""
        return int(self._epoch[0])

    def set_epoch(self, number: int) -> None:
        """Key the draws of all later batches by epoch *number*, also in running workers.

        Call it before iterating over the DataLoader, whose workers then start to prefetch. A data set that is fetched
        for another epoch without it warns once.
        """
        if not 0 <= number < 2**32:
            raise StudyError(f"the epoch must be between 0 and 2^32 - 1, not {number}")
        self._epoch[0], self._epoch[1] = number, 0

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """Return one sample: its image and its label. With batch ops it is a batch of one, without a partner to mix."""
        sample: tuple[Tensor, Tensor] = self.__getitems__([index])[0]
        return sample

    def __getitems__(self, indices: Sequence[int]) -> Batch:
        """Return the samples *indices* as one batch, which the native core writes in place.

        Warns once if one epoch goes on for more than its samples, so that random steps repeat what they drew.
        """
        self._epoch[1] += len(indices)  # workers may lose a count to each other; then the warning comes later
        if self._epoch[1] > len(self) and not self._epoch[2]:
            self._epoch[2] = 1
            if self.batch_ops is not None or self._preprocess.draws_by_epoch(*_first_size(self._images)):
                warnings.warn(
                    f"more than the {len(self)} samples of epoch {self.epoch} were fetched, with the same random "
                    "draws; call set_epoch before each epoch",
                    stacklevel=2,
                )
        in_worker = get_worker_info() is not None
        buffer = Buffer(self.shape, len(indices), shared=in_worker)
        chosen = self.indices[np.asarray(indices, np.int64)]
        self.fill(buffer, chosen, self.epoch, threads=self.threads or int(in_worker))
        return Batch(buffer.images, buffer.labels)

    def fill(self, buffer: Buffer, chosen: NDArray[np.int64], epoch: int, *, threads: int | None = None) -> None:
        """Write images *chosen* [B], indices in the store, with their labels to the first B rows of *buffer*."""
        count = len(chosen)
        ids, images = buffer.ids[:count], buffer.image_array[:count]
        # Indices were checked at construction; with mode="raise" NumPy would write to a temporary buffer first.
        np.take(self._ids, chosen, out=ids, mode="clip")
        self._preprocess.run(
            self._images,
            chosen,
            ids,
            images,
            seed=self.seed,
            epoch=epoch,
            threads=self.threads if threads is None else threads,
            bfloat16=self.shape.is_bfloat16,
        )
        labels = buffer.label_array[:count]
        if self.batch_ops is None:
            np.take(self._labels, chosen, out=labels, mode="clip")
            return
        classes = np.take(self._labels, chosen, out=buffer.classes[:count], mode="clip")
        self.batch_ops.run(images, classes, ids, labels, buffer.spare, seed=self.seed, epoch=epoch)

    def order(self, epoch: int) -> NDArray[np.int64]:
        """Return the indices of the samples, 0 to ``len - 1``, in an order drawn from (seed, *epoch*)."""
        return permutation(len(self), self.seed, "order", epoch)

    def __getstate__(self) -> dict[str, Any]:
        """Pickle the store by its name and the chain as its ops."""
        try:
            pickle.dumps((self._preprocess.ops, self.batch_ops))
        except Exception as error:
            raise StudyError(
                f"a step cannot be sent to another process ({error}); define its function at the top of a module, "
                "or use num_workers=0"
            ) from None
        return self.__dict__


class KeyedSampler(Sampler[int]):
    """Yields the samples of a :class:`PackedDataset` in the order of its epoch, as :class:`Batches` does.

    The order is drawn from the data set's seed and epoch, or returned by *order* for that epoch.
    """

    def __init__(self, dataset: PackedDataset, order: Order | None = None) -> None:
        self._dataset = dataset
        self._order = CheckedOrder(order or dataset.order, len(dataset))

    def __len__(self) -> int:
        return len(self._order)

    def __iter__(self) -> Iterator[int]:
        return iter(self._order(self._dataset.epoch).tolist())


def _whole_numbers(name: str, values: NDArray[Any], dtype: type[Any]) -> NDArray[Any]:
    """Return *values* contiguous and as *dtype*; booleans and floats raise :class:`StudyError`."""
    kind = np.asarray(values).dtype
    if kind.kind not in "iu" and len(values):
        raise StudyError(f"{name} must be whole numbers, such as {np.dtype(dtype)}, not {kind}")
    return np.ascontiguousarray(values, dtype)


def _checked_indices(indices: NDArray[np.int64] | None, count: int) -> NDArray[np.int64]:
    if indices is None:
        return np.arange(count, dtype=np.int64)
    checked = _whole_numbers("indices", indices, np.int64)
    if checked.ndim != 1 or (len(checked) and not 0 <= checked.min() <= checked.max() < count):
        raise StudyError(f"indices must be one row of numbers between 0 and {count - 1}, the last image")
    return checked


def _check_classes(labels: NDArray[np.int64], classes: int) -> None:
    if len(labels) and not 0 <= labels.min() <= labels.max() < classes:
        raise StudyError(f"labels must be between 0 and {classes - 1}, the last class of batch_ops")


def _first_size(images: PackedImages) -> tuple[int, int]:
    if not len(images):
        raise StudyError("there are no images; pack at least one")
    return int(images.heights[0]), int(images.widths[0])
