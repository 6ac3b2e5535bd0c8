import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from flowerablate.keyed import key64, permutation, raw_words, torch_seed


def test_keys_are_stable_for_good():
    assert key64("sample", "rose/1.jpg") == 9909354005713005617
    assert [int(word) for word in raw_words(2, 1, "order", 3)] == [9733757476946898943, 16555930188581384213]


def test_words_of_another_type_or_cut_give_another_key():
    keys = {key64("ab", "c"), key64("a", "bc"), key64("abc"), key64("1"), key64(1), key64(b"1")}
    assert len(keys) == 6


@given(st.integers(0, 200), st.integers(0, 2**63))
def test_a_permutation_holds_every_index_once(count, seed):
    assert sorted(permutation(count, seed, "order")) == list(range(count))


def test_permutations_differ_between_epochs():
    assert list(permutation(50, 0, "order", 1)) != list(permutation(50, 0, "order", 2))


def test_words_are_uniform():
    share = np.mean(raw_words(20_000, 5, "uniform") >> np.uint64(63))
    assert abs(share - 0.5) < 0.02


def test_torch_seeds_fit_torch():
    assert all(0 <= torch_seed(word) < 2**63 for word in range(100))
