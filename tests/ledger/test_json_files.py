"""Files of a ledger are read quickly, and say the same as if they were not."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from flowerablate.errors import LedgerError
from flowerablate.files import write_json
from flowerablate.ledger.json_files import CommonEnds, RememberedFile, read_json

NAMES = some.sampled_from(["seed", "owners", "claims", "a", "\u2028", '"owners": ['])
VALUES = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False, allow_infinity=False) | some.text(),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@given(content=some.dictionaries(NAMES, VALUES, max_size=5), indent=some.sampled_from([None, 1, 2]))
def test_what_is_read_is_what_json_says_to_the_bit(tmp_path_factory, content, indent):
    path = tmp_path_factory.getbasetemp() / "some.json"
    text = json.dumps(content, indent=indent)
    path.write_text(text, encoding="utf-8")
    assert repr(read_json(path)) == repr(json.loads(text))
    own, end = CommonEnds("owners", dict).read(path)
    assert repr({**own, **end}) == repr(json.loads(text))


@pytest.mark.parametrize("text", ["", "{", '{"a": 1,\n  "owners": ', '{"a": [1,\n  "owners": 2}', "\ufeff{}"])
def test_a_damaged_file_is_named_with_the_cure(tmp_path, text):
    path = tmp_path / "result.json"
    path.write_text(text, encoding="utf-8")
    for read in (read_json, CommonEnds("owners", dict).read):
        with pytest.raises(LedgerError, match=r"result\.json is damaged \(.+\); remove it to run that trial again$"):
            read(path)


def test_a_large_file_is_read_to_its_end(tmp_path):
    write_json(tmp_path / "large.json", list(range(50_000)))
    assert read_json(tmp_path / "large.json") == list(range(50_000))


def test_ends_that_are_alike_are_read_once(tmp_path):
    ends = []
    results = CommonEnds("owners", lambda end: ends.append(end) or len(ends))
    for number, owners in enumerate((["a"], ["a"], ["b"], ["a"])):
        write_json(tmp_path / f"{number}.json", {"seed": number, "owners": owners, "more": 1})
    found = [results.read(tmp_path / f"{number}.json") for number in range(4)]
    assert found == [({"seed": 0}, 1), ({"seed": 1}, 1), ({"seed": 2}, 2), ({"seed": 3}, 1)]
    assert ends == [{"owners": ["a"], "more": 1}, {"owners": ["b"], "more": 1}]


def test_the_key_of_an_inner_object_does_not_begin_the_end(tmp_path):
    (tmp_path / "some.json").write_text('{"x": {"y": 1,\n  "owners": [1]}, "owners": [2]}')
    assert CommonEnds("owners", dict).read(tmp_path / "some.json") == ({"x": {"y": 1, "owners": [1]}}, {"owners": [2]})


@pytest.fixture
def counted(tmp_path):
    """A file from a while ago, and how often it was read."""
    path = tmp_path / "some.json"
    write_json(path, 1)
    long_ago(path)
    reads = []
    return path, reads, RememberedFile(str(path), lambda: reads.append(1) or read_json(path))


def long_ago(path: Path) -> None:
    """Let the file seem older than it is; the time of its last change of any kind cannot be set."""
    os.utime(path, ns=(10**18, 10**18))


@pytest.fixture
def settled(monkeypatch):
    monkeypatch.setattr("flowerablate.ledger.json_files._SETTLED", -1e9)


def test_a_file_is_read_once_while_it_stays_the_same(counted, settled):
    _, reads, remembered = counted
    assert [remembered.content() for _ in range(3)] == [1, 1, 1]
    assert len(reads) == 1


@pytest.mark.parametrize("how", ["replaced", "edited"])
def test_a_file_that_has_changed_is_read_again(counted, settled, how):
    path, _, remembered = counted
    assert remembered.content() == 1
    write_json(path, 2) if how == "replaced" else path.write_text("2\n")
    assert remembered.content() == 2


def test_a_file_that_was_removed_is_missed(counted, settled):
    path, _, remembered = counted
    remembered.content()
    path.unlink()
    with pytest.raises(FileNotFoundError):
        remembered.content()


def test_a_file_that_has_just_been_changed_may_change_again_unseen_so_it_is_not_remembered(counted):
    path, reads, remembered = counted
    write_json(path, 2)
    assert [remembered.content(), remembered.content()] == [2, 2]
    assert len(reads) == 2
