import threading

import numpy as np
import pytest
import torch

from flowerablate.contracts import NativeOp, PythonOp
from flowerablate.data.store import PackedImages
from flowerablate.loader import Batches, PackedDataset
from flowerablate.preprocess import Preprocess
from flowerablate.preprocess.steps import NamedOp

COUNT, SIZE = 23, 8


@pytest.fixture
def images() -> PackedImages:
    pixels = np.random.default_rng(1).integers(0, 256, (COUNT, SIZE, SIZE, 3), dtype=np.uint8)
    return PackedImages(
        pixels.reshape(-1),
        np.arange(COUNT, dtype=np.int64) * SIZE * SIZE * 3,
        np.full(COUNT, SIZE, np.int32),
        np.full(COUNT, SIZE, np.int32),
        3,
    )


FLIP = NamedOp("flip", NativeOp("horizontal_flip", {"probability": 0.5}))


def make(images, *, batch_size=5, shuffle=True, seed=3, ops=(FLIP,), pin_memory=False, **options):
    dataset = PackedDataset(
        Preprocess(ops, 3),
        images,
        np.arange(COUNT, dtype=np.uint64) + 100,
        np.arange(COUNT, dtype=np.int64),
        indices=np.arange(1, COUNT, dtype=np.int64),
        seed=seed,
        **options,
    )
    return Batches(dataset, batch_size=batch_size, shuffle=shuffle, pin_memory=pin_memory)


def collect(batches, epoch=1):
    """Images and labels of an epoch, copied, in the order of the labels."""
    pairs = [(images.clone(), labels.clone()) for images, labels in batches.epoch(epoch)]
    images, labels = (torch.cat(part) for part in zip(*pairs, strict=True))
    order = labels.argsort()
    return images[order], labels[order]


def test_evaluation_sees_every_image_once_in_order(images):
    batches = make(images, shuffle=False)
    labels = torch.cat([labels.clone() for _, labels in batches.epoch(0)])
    assert labels.tolist() == list(range(1, COUNT))
    assert len(batches) == 5
    assert batches.samples == 22


def test_training_leaves_out_the_last_incomplete_batch(images):
    batches = make(images)
    sizes = [len(labels) for _, labels in batches.epoch(1)]
    assert sizes == [5, 5, 5, 5]
    assert len(batches) == 4
    assert batches.samples == 20


def test_a_batch_larger_than_the_data_holds_all_of_it(images):
    assert [len(labels) for _, labels in make(images, batch_size=100).epoch(1)] == [22]


def test_the_order_is_drawn_from_seed_and_epoch(images):
    def order(seed, epoch):
        return torch.cat([labels.clone() for _, labels in make(images, seed=seed).epoch(epoch)]).tolist()

    assert order(3, 1) == order(3, 1)
    assert order(3, 1) != order(3, 2)
    assert order(3, 1) != order(4, 1)


def test_an_image_does_not_depend_on_the_batch_that_it_falls_into(images):
    small, small_labels = collect(make(images, batch_size=2, threads=1))
    large, large_labels = collect(make(images, batch_size=11, threads=2))
    assert small_labels.tolist() == large_labels.tolist()
    assert torch.equal(small, large)


def test_channels_last_holds_the_same_numbers(images):
    plain, _ = collect(make(images, batch_size=22))
    last = make(images, batch_size=22, channels_last=True)
    batch = next(iter(last.epoch(1)))[0]
    assert batch.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(collect(last)[0], plain)


def test_buffers_are_reused(images):
    places = {batch.data_ptr() for batch, _ in make(images, batch_size=2).epoch(1)}
    assert len(places) <= 4


def test_an_error_in_the_preparing_thread_reaches_the_caller(images):
    def fail(batch, draws):
        raise RuntimeError("broken step")

    with pytest.raises(RuntimeError, match="broken step"):
        list(make(images, ops=[NamedOp("mine", PythonOp(fail))]).epoch(1))


def test_leaving_an_epoch_early_ends_its_thread(images):
    epoch = make(images, batch_size=2).epoch(1)
    next(epoch)
    epoch.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "prefetch"]


def test_an_epoch_can_be_left_and_run_again(images):
    batches = make(images, batch_size=2)
    for _ in batches.epoch(1):
        break
    assert torch.equal(collect(batches)[0], collect(make(images, batch_size=2))[0])
