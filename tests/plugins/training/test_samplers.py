from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from flowerablate.contracts import SamplerContext
from flowerablate.discovery import discover
from flowerablate.errors import StudyError
from flowerablate.keyed import permutation

REGISTRY = discover().registry
Order = Callable[[int], NDArray[np.int64]]


def sampler(name: str, counts: tuple[int, ...], *, seed: int = 5, **changes: Any) -> tuple[Order, NDArray[np.int64]]:
    """The order that a sampler gives for classes of so many images, in mixed order, and their labels."""
    labels = np.random.default_rng(2).permutation(np.repeat(np.arange(len(counts)), counts))
    spec = REGISTRY.find("sampler", name).spec
    params = {param.name: param.default for param in spec.params}
    assert changes.keys() <= params.keys()
    return spec.build(SamplerContext(labels, len(counts), seed), **(params | changes)), labels


def test_shuffled_is_the_keyed_order_of_old() -> None:
    order, _ = sampler("shuffled", (8, 3))
    for epoch in (1, 2, 9):
        assert np.array_equal(order(epoch), permutation(11, 5, "order", epoch))


@pytest.mark.parametrize("size", ["smallest", "mean", "largest"])
def test_balanced_is_shuffled_bit_for_bit_where_classes_have_one_size(size: str) -> None:
    balanced, _ = sampler("balanced", (7, 7, 7), size=size)
    shuffled, _ = sampler("shuffled", (7, 7, 7))
    for epoch in (1, 2, 3):
        assert np.array_equal(balanced(epoch), shuffled(epoch))


@given(st.lists(st.integers(0, 30), min_size=1, max_size=5).filter(any), st.integers(1, 1000))
def test_balanced_gives_each_class_as_many_places_and_each_image_its_share_of_them(
    counts: list[int], epoch: int
) -> None:
    held = [count for count in counts if count]
    for size, each in {"smallest": min(held), "mean": sum(held) // len(held), "largest": max(held)}.items():
        order, labels = sampler("balanced", tuple(counts), size=size)
        times = np.bincount(order(epoch), minlength=len(labels))
        for label in np.unique(labels):
            of_class = times[labels == label]
            assert of_class.sum() == each
            assert set(of_class) <= {each // len(of_class), each // len(of_class) + 1}


def test_balanced_leaves_out_others_in_each_epoch_and_keeps_the_place_of_those_that_stay() -> None:
    balanced, labels = sampler("balanced", (20, 5), size="smallest")
    shuffled, _ = sampler("shuffled", (20, 5))
    seen: set[int] = set()
    for epoch in range(1, 41):
        chosen = balanced(epoch)
        assert [place for place in shuffled(epoch) if place in set(chosen)] == chosen.tolist()
        seen |= set(chosen.tolist())
    assert seen == set(range(len(labels)))


def test_balanced_mixes_the_classes() -> None:
    order, labels = sampler("balanced", (90, 10))
    halves = labels[order(1)].reshape(2, -1)
    assert (abs(halves.mean(axis=1) - 0.5) < 0.25).all()


def test_weighted_draws_all_classes_equally_often() -> None:
    order, labels = sampler("weighted", (1600, 300, 100))
    shares = np.mean([np.bincount(labels[order(epoch)], minlength=3) / 2000 for epoch in range(1, 11)], axis=0)
    assert shares == pytest.approx([1 / 3] * 3, abs=0.02)


def test_weighted_without_power_draws_all_images_equally_often_but_with_replacement() -> None:
    order, labels = sampler("weighted", (1600, 300, 100), power=0.0)
    drawn = order(1)
    assert np.bincount(labels[drawn]) / 2000 == pytest.approx([0.8, 0.15, 0.05], abs=0.03)
    assert len(np.unique(drawn)) / 2000 == pytest.approx(1 - np.exp(-1), abs=0.03)


def test_weights_of_classes_multiply_what_power_makes_of_their_counts() -> None:
    order, labels = sampler("weighted", (1000, 1000), weights=(1.0, 3.0))
    assert labels[order(1)].mean() == pytest.approx(0.75, abs=0.03)
    never, labels = sampler("weighted", (10, 10, 10), weights=(1.0, 1.0, 0.0))
    assert 2 not in labels[never(1)]


def test_one_weight_is_that_of_all_classes() -> None:
    assert np.array_equal(sampler("weighted", (9, 2))[0](1), sampler("weighted", (9, 2), weights=(4.0,))[0](1))


@pytest.mark.parametrize(
    ("counts", "weights", "message"),
    [
        ((3, 3), (1.0, 2.0, 3.0), r"sampler.weights must be 2 numbers, one for each class, or one number, not \[1.0"),
        ((3, 0), (0.0, 2.0), "give every image weight 0"),
    ],
)
def test_weights_that_cannot_be_are_refused(counts: Any, weights: Any, message: str) -> None:
    with pytest.raises(StudyError, match=message):
        sampler("weighted", counts, weights=weights)


@pytest.mark.parametrize("name", ["shuffled", "balanced", "weighted"])
def test_orders_are_keyed_by_seed_and_epoch(name: str) -> None:
    order, _ = sampler(name, (40, 8))
    again, _ = sampler(name, (40, 8))
    other, _ = sampler(name, (40, 8), seed=6)
    assert np.array_equal(order(2), again(2))
    assert not np.array_equal(order(2), order(1))
    assert not np.array_equal(order(2), other(2))


def test_orders_are_the_same_on_every_machine() -> None:
    assert sampler("balanced", (6, 2))[0](1).tolist() == BALANCED
    assert sampler("weighted", (6, 2))[0](1).tolist() == WEIGHTED


BALANCED = [3, 1, 0, 2, 0, 2, 6, 5]
WEIGHTED = [0, 7, 5, 1, 3, 2, 0, 2]
