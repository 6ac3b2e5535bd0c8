"""The data set under torch's own DataLoader: the same numbers whoever fetches them."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from torch.utils.data import BatchSampler, DataLoader

from flowerablate.contracts import NativeOp, PythonOp
from flowerablate.errors import StudyError
from flowerablate.loader import Batches, KeyedSampler, PackedDataset, collate
from flowerablate.preprocess import NamedOp, Preprocess

pytestmark = pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")


def loader(dataset, **options):
    options = {"batch_size": 5, "drop_last": True, "sampler": KeyedSampler(dataset), "collate_fn": collate} | options
    return DataLoader(dataset, **options)


def collected(batches):
    pairs = [(images.clone(), labels.clone()) for images, labels in batches]
    return [torch.cat(part) for part in zip(*pairs, strict=True)]


def assert_same(one, other):
    for mine, theirs in zip(one, other, strict=True):
        assert mine.dtype == theirs.dtype
        assert torch.equal(mine, theirs)


SPAWN = pytest.param("spawn", marks=pytest.mark.slow)  # each worker imports torch anew


@pytest.mark.parametrize("mixing", [False, True])
@pytest.mark.parametrize("context", [None, "fork", SPAWN])
def test_a_dataloader_gives_what_batches_gives(dataset, mapped, context, mixing):
    wanted = collected(Batches(dataset(mixing=mixing), batch_size=5, shuffle=True).epoch(4))
    source = dataset(mapped, mixing=mixing)
    source.set_epoch(4)
    workers = {"num_workers": 2, "multiprocessing_context": context} if context else {}
    assert_same(collected(loader(source, **workers)), wanted)


@pytest.mark.parametrize("batch_size", [1, 7, 22])
def test_the_size_of_the_batch_does_not_matter(dataset, batch_size):
    wanted = collected(loader(dataset(), batch_size=2, drop_last=False))
    assert_same(collected(loader(dataset(), batch_size=batch_size, drop_last=False)), wanted)


@pytest.mark.parametrize("context", ["fork", SPAWN])
def test_workers_that_live_on_see_the_new_epoch(dataset, mapped, context):
    source = dataset(mapped, mixing=True)
    batches = loader(
        source, num_workers=2, multiprocessing_context=context, persistent_workers=True, sampler=range(len(source))
    )
    for epoch in (1, 2, 7):
        source.set_epoch(epoch)
        wanted = collected(Batches(dataset(mixing=True), batch_size=5).epoch(epoch))
        assert_same(collected(batches), [part[:20] for part in wanted])


@pytest.mark.parametrize("mixing", [False, True])
def test_an_epoch_that_is_fetched_again_without_set_epoch_is_warned_of_once(dataset, mixing):
    source = dataset(mixing=mixing)
    for epoch in range(3):
        source.set_epoch(epoch)
        collected(loader(source, batch_size=5, drop_last=False))
    with pytest.warns(UserWarning, match=f"more than the {len(source)} samples of epoch 2 were fetched"):
        collected(loader(source, batch_size=5, drop_last=False))
    collected(loader(source, batch_size=5, drop_last=False))


def test_a_chain_without_random_steps_may_be_fetched_as_often_as_one_likes(images):
    steps = Preprocess((NamedOp("normalize", NativeOp("normalize", {"mean": (0.5,) * 3, "std": (0.2,) * 3})),), 3)
    source = PackedDataset(steps, images, np.arange(len(images)), np.zeros(len(images), np.int64))
    for _ in range(3):
        collected(loader(source, batch_size=5, drop_last=False))


def test_a_batch_from_a_worker_was_written_where_it_stays(dataset):
    """In memory that processes share, in which the tensor would not be if it had been copied on the way."""
    for images, labels in loader(dataset(channels_last=True), num_workers=1):
        assert images.is_shared()
        assert labels.is_shared()
        assert images.is_contiguous(memory_format=torch.channels_last)


def test_without_our_collate_function_the_numbers_are_the_same(dataset):
    plain = DataLoader(dataset(), batch_size=5, sampler=KeyedSampler(dataset()), drop_last=True)
    assert_same(collected(plain), collected(loader(dataset())))


def test_a_sampler_gives_the_order_that_batches_have(dataset):
    def order(epoch):
        return np.array([4, 4, 0, 7, 2, 9 + epoch])

    given = loader(dataset(), batch_size=3, sampler=KeyedSampler(dataset(), order))
    assert len(given) == 2
    assert_same(collected(given), collected(Batches(dataset(), batch_size=3, order=order).epoch(0)))


def test_batches_that_others_put_together_are_taken(dataset):
    source = dataset()
    sampler = BatchSampler(range(len(source)), 4, drop_last=False)
    batches = DataLoader(source, batch_sampler=sampler, collate_fn=collate)
    assert_same(collected(batches), collected(Batches(dataset(), batch_size=4).epoch(0)))


def test_a_sample_is_a_batch_of_one(dataset):
    source = dataset()
    images, labels = collected(Batches(source, batch_size=22).epoch(0))
    image, label = source[3]
    assert torch.equal(image, images[3])
    assert int(label) == int(labels[3])
    assert len(source) == 22
    with pytest.raises(IndexError):
        source[22]


def test_each_batch_is_the_callers_own(dataset):
    """Unlike those of Batches, they may be kept."""
    kept = list(loader(dataset()))
    assert len({images.data_ptr() for images, _ in kept}) == len(kept)


def test_bfloat16_is_float32_rounded(dataset):
    for channels_last in (False, True):
        wanted, labels = collected(loader(dataset(channels_last=channels_last)))
        halves, same = collected(loader(dataset(dtype=torch.bfloat16, channels_last=channels_last)))
        assert halves.dtype == torch.bfloat16
        assert torch.equal(halves, wanted.to(torch.bfloat16))
        assert torch.equal(same, labels)


def test_a_mapped_store_travels_by_its_name(dataset, mapped):
    source = dataset(mapped)
    sent = pickle.dumps(source)
    assert len(sent) < mapped.pixels.nbytes
    assert_same(collected(loader(pickle.loads(sent))), collected(loader(source)))


def test_a_step_that_cannot_travel_is_named_before_workers_start(dataset):
    source = dataset(ops=[NamedOp("mine", PythonOp(lambda images, draws: images))])
    with pytest.raises(StudyError, match=r"cannot be sent to another process.*or use num_workers=0"):
        pickle.dumps(source)
    assert len(list(loader(source))) == 4


def test_threads_are_one_in_a_worker_unless_told(dataset, monkeypatch):
    asked = []
    source = dataset()
    run = source._preprocess.run
    monkeypatch.setattr(
        source._preprocess, "run", lambda *args, **options: (asked.append(options["threads"]), run(*args, **options))
    )
    source[0]
    monkeypatch.setattr("flowerablate.loader.dataset.get_worker_info", lambda: object())
    source[0]
    source.threads = 3
    source[0]
    assert asked == [0, 1, 3]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"dtype": torch.float64},
            "dtype must be one of torch.float32, torch.bfloat16, torch.uint8, not",
        ),
        ({"dtype": torch.uint8}, "step 'normalize' writes floats"),
        ({"dtype": torch.uint8, "channels_last": True, "ops": ()}, "leave it out"),
        ({"dtype": torch.uint8, "mixing": True, "ops": ()}, "steps on whole batches need float32"),
        ({"indices": np.array([0, 23])}, "indices must be one row of numbers between 0 and 22"),
        ({"indices": np.array([-1])}, "indices must be one row of numbers between 0 and 22"),
        ({"indices": np.arange(23) > 11}, "indices must be whole numbers, such as int64, not bool"),
        ({"indices": np.array([1.5])}, "indices must be whole numbers, such as int64, not float64"),
    ],
)
def test_what_does_not_fit_together_is_refused(dataset, options, message):
    with pytest.raises(StudyError, match=message):
        dataset(**options)


def test_ids_and_labels_are_not_cut_to_whole_numbers(images):
    numbers, halves = np.arange(len(images)), np.arange(len(images)) + 0.5
    for name, columns in (("ids", (halves, numbers)), ("labels", (numbers, halves))):
        with pytest.raises(StudyError, match=f"{name} must be whole numbers"):
            PackedDataset(Preprocess((), 3), images, *columns)


@pytest.mark.parametrize(("chain", "name"), [({"channels": 1}, "channels"), ({"dtype": "uint16"}, "dtype")])
def test_a_chain_for_other_images_is_refused(images, chain, name):
    numbers = np.arange(len(images))
    with pytest.raises(StudyError, match=f"{name} of preprocess and of images must be the same"):
        PackedDataset(Preprocess((), **({"channels": 3} | chain)), images, numbers, numbers)


def test_a_slice_of_a_batch_is_a_batch(dataset):
    batch = dataset().__getitems__([4, 2, 7])
    assert_same(collate(batch[1:]), (batch.images[1:], batch.labels[1:]))


def test_an_epoch_that_the_draws_cannot_tell_apart_is_refused(dataset):
    with pytest.raises(StudyError, match="the epoch must be between 0 and"):
        dataset().set_epoch(2**32)
