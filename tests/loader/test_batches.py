import gc
import subprocess
import sys
import threading
import tracemalloc

import numpy as np
import pytest
import torch

from flowerablate.contracts import PythonOp
from flowerablate.errors import PluginError, StudyError
from flowerablate.keyed import permutation
from flowerablate.loader import Batches
from flowerablate.preprocess import NamedOp

COUNT, SIZE = 23, 8


@pytest.fixture
def make(dataset):
    def batches(*, batch_size=5, shuffle=True, **options):
        return Batches(dataset(**options), batch_size=batch_size, shuffle=shuffle)

    return batches


def prefetching():
    return [thread for thread in threading.enumerate() if thread.name == "prefetch"]


def collect(batches, epoch=1):
    """Images and labels of an epoch, copied, in the order of the labels."""
    pairs = [(images.clone(), labels.clone()) for images, labels in batches.epoch(epoch)]
    images, labels = (torch.cat(part) for part in zip(*pairs, strict=True))
    order = labels.argsort()
    return images[order], labels[order]


def test_evaluation_sees_every_image_once_in_order(make):
    batches = make(shuffle=False)
    labels = torch.cat([labels.clone() for _, labels in batches.epoch(0)])
    assert labels.tolist() == list(range(1, COUNT))
    assert len(batches) == 5
    assert batches.samples == 22


def test_training_leaves_out_the_last_incomplete_batch(make):
    batches = make()
    sizes = [len(labels) for _, labels in batches.epoch(1)]
    assert sizes == [5, 5, 5, 5]
    assert len(batches) == 4
    assert batches.samples == 20


def test_a_batch_larger_than_the_data_holds_all_of_it(make):
    assert [len(labels) for _, labels in make(batch_size=100).epoch(1)] == [22]


def test_the_order_is_drawn_from_seed_and_epoch(make):
    def order(seed, epoch):
        return torch.cat([labels.clone() for _, labels in make(seed=seed).epoch(epoch)]).tolist()

    assert order(3, 1) == order(3, 1)
    assert order(3, 1) != order(3, 2)
    assert order(3, 1) != order(4, 1)


def test_an_order_says_which_images_come_and_how_often(dataset):
    batches = Batches(dataset(), batch_size=3, order=lambda epoch: np.array([0, 2, 2, 21, 4, epoch, 1]))
    assert (len(batches), batches.samples) == (2, 6)
    labels = torch.cat([labels.clone() for _, labels in batches.epoch(5)])
    assert labels.tolist() == [1, 3, 3, 22, 5, 6]  # the first image is left out of the data set


def test_the_keyed_order_given_is_the_one_of_shuffle(dataset, make):
    given = Batches(dataset(), batch_size=5, order=lambda epoch: permutation(22, 3, "order", epoch))
    assert [labels.tolist() for _, labels in given.epoch(2)] == [labels.tolist() for _, labels in make().epoch(2)]


@pytest.mark.parametrize(
    ("order", "message"),
    [
        (lambda epoch: np.array([0.0, 1.0]), "one row of whole numbers for an epoch, not float64"),
        (lambda epoch: np.array([[0, 1]]), r"not int64 \(1, 2\)"),
        (lambda epoch: np.array([], np.int64), r"not int64 \(0,\)"),
        (lambda epoch: np.array([0, 22]), "between 0 and 21"),
        (lambda epoch: np.array([-1, 2]), "between 0 and 21"),
        (lambda epoch: np.arange(4 + epoch), "not 5 for epoch 1 and 6 for epoch 2"),
    ],
)
def test_an_order_that_cannot_be_is_refused(dataset, order, message):
    with pytest.raises(StudyError, match=message):
        list(Batches(dataset(), batch_size=5, order=order).epoch(2))


def test_an_image_does_not_depend_on_the_batch_that_it_falls_into(make):
    small, small_labels = collect(make(batch_size=2, threads=1))
    large, large_labels = collect(make(batch_size=11, threads=2))
    assert small_labels.tolist() == large_labels.tolist()
    assert torch.equal(small, large)


def test_channels_last_holds_the_same_numbers(make):
    plain, _ = collect(make(batch_size=22))
    last = make(batch_size=22, channels_last=True)
    batch = next(iter(last.epoch(1)))[0]
    assert batch.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(collect(last)[0], plain)


def test_buffers_are_reused(make):
    places = {batch.data_ptr() for batch, _ in make(batch_size=2).epoch(1)}
    assert len(places) <= 4


def test_nothing_is_allocated_per_batch(make):
    """Counted in what NumPy and Python allocate in both threads; a batch has 49 kB of images."""
    batches = make(batch_size=2, shuffle=False, indices=np.zeros(400, np.int64), channels_last=True)
    size = batches._ring[0].image_array.nbytes
    epoch = batches.epoch(1)
    for _ in range(20):
        next(epoch)
    gc.collect()
    tracemalloc.start()
    next(epoch)
    before, _ = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    for _ in range(150):
        next(epoch)
    after, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak - before < 20_000
    assert after - before < 20_000
    assert size > 0


def test_an_error_in_the_preparing_thread_reaches_the_caller(make):
    def fail(batch, draws):
        if batch.any():
            raise RuntimeError("broken step")
        return batch

    with pytest.raises(PluginError, match="step 'mine' failed: RuntimeError: broken step"):
        list(make(ops=[NamedOp("mine", PythonOp(fail))]).epoch(1))
    assert prefetching() == []


def test_leaving_an_epoch_early_ends_its_thread(make):
    epoch = make(batch_size=2).epoch(1)
    next(epoch)
    epoch.close()
    assert prefetching() == []


def test_an_epoch_can_be_left_and_run_again(make):
    batches = make(batch_size=2)
    for _ in batches.epoch(1):
        break
    assert torch.equal(collect(batches)[0], collect(make(batch_size=2))[0])


def test_an_interrupt_in_the_loop_ends_the_thread(make):
    def interrupted():
        for _ in make(batch_size=2).epoch(1):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert prefetching() == []


def test_a_second_epoch_takes_the_buffers_over_from_the_first(make):
    batches = make(batch_size=2)
    first, second = batches.epoch(1), batches.epoch(2)
    next(first)
    taken = [next(second)[1].clone()]
    with pytest.raises(RuntimeError, match="epoch 2 has started"):
        next(first)
    taken += [labels.clone() for _, labels in second]
    assert torch.equal(torch.cat(taken), torch.cat([labels.clone() for _, labels in batches.epoch(2)]))
    assert prefetching() == []


@pytest.mark.parametrize("channels_last", [False, True])
def test_labels_are_probabilities_where_batches_are_mixed(make, channels_last):
    for _, targets in make(mixing=True, channels_last=channels_last).epoch(1):
        assert targets.shape == (5, COUNT)
        assert targets.dtype == torch.float32
        assert torch.allclose(targets.sum(dim=1), torch.ones(5))


def test_bytes_come_with_channels_at_the_end(make, images):
    batches = make(ops=(), dtype=torch.uint8, shuffle=False, batch_size=22)
    pixels, _ = next(batches.epoch(0))
    assert pixels.dtype == torch.uint8
    assert np.array_equal(pixels.numpy(), images.pixels.reshape(COUNT, SIZE, SIZE, 3)[1:])


def test_a_batch_of_no_images_is_refused(make):
    with pytest.raises(ValueError, match="batch_size must be at least 1, not 0"):
        make(batch_size=0)


def test_an_epoch_of_no_images_has_no_batches(make):
    assert list(make(indices=np.empty(0, np.int64)).epoch(1)) == []


SCRIPT = """
import numpy as np
from flowerablate.contracts import NativeOp
from flowerablate.data.store import PackedImages
from flowerablate.loader import Batches, PackedDataset
from flowerablate.preprocess import NamedOp, Preprocess

side = 200
columns = np.arange(50) * side * side * 3, np.full(50, side, np.int32), np.full(50, side, np.int32)
images = PackedImages(np.zeros(50 * side * side * 3, np.uint8), *columns, 3)
opening = NamedOp("open", NativeOp("morphology", {"op": "open", "size": 31, "shape": "ellipse"}))
dataset = PackedDataset(Preprocess([opening], 3), images, np.arange(50, dtype=np.uint64), np.zeros(50, np.int64))
epoch = Batches(dataset, batch_size=10).epoch(1)
next(epoch)
"""


ENDINGS = [
    "",
    *(pytest.param(line, marks=pytest.mark.slow) for line in ("raise SystemExit(0)", "keep = [epoch]; del epoch")),
]


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_interpreter_ends_in_the_midst_of_an_epoch(ending):
    done = subprocess.run([sys.executable, "-c", SCRIPT + ending], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
