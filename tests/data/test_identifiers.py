"""Identifiers that file names repeat are told by the structure of the names, those of no patients are not."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from flowerablate import Samples
from flowerablate.data.identifiers import groups_by, remark_on_identifiers, repeated_identifiers

DRAW = random.Random(0)


def of(keys, classes=("a", "b"), **more) -> Samples:
    keys = tuple(dict.fromkeys(keys))
    labels = tuple(next(i for i, name in enumerate(classes) if name in key.split("/")) for key in keys)
    return Samples(tuple(classes), keys, tuple(map(Path, keys)), labels, **more)


def one() -> str:
    return DRAW.choice("ab")


def day() -> str:
    return f"2023{DRAW.randrange(1, 13):02d}{DRAW.randrange(1, 29):02d}"


def code(digits: int) -> str:
    return f"{DRAW.getrandbits(4 * digits):0{digits}x}"


PATIENTS = {
    "NIH": ("00000037", [f"{one()}/{p:08d}_{i:03d}.png" for p in range(0, 3000, 37) for i in range(1 + p % 4)]),
    "OCT": (
        "1009",
        [f"{c}/{c.upper()}-{9 * p + 1000}-{i}.jpeg" for c in "ab" for p in range(40) for i in range(1 + p % 3)],
    ),
    "CheXpert": ("patient00001", [f"{one()}/patient{p:05d}/study{i}/view1.jpg" for p in range(40) for i in (1, 2)]),
    "Kermany": ("person1", [f"{one()}/person{p}_bacteria_{9 * p + i}.jpeg" for p in range(40) for i in (1, 2)]),
    "slides": (
        "SOB_A_A-14-500",
        [
            f"{c}/SOB_{c.upper()}_A-14-{p}AB-{m}-{i}.png"
            for c in "ab"
            for p in range(500, 510)
            for m in (4, 9)
            for i in (1, 2)
        ],
    ),
    "eyes": ("1", [f"{one()}/{p}_{eye}.jpg" for p in range(100) for eye in ("left", "right")]),
    "cells": (
        "C31",
        [
            f"{one()}/C{p}P1thin_IMG_{day()}_{t}4756a_cell_{i}.png"
            for p in range(30, 60)
            for t in (10, 11)
            for i in (1, 2, 3)
        ],
    ),
    "visits": ("00001", [f"{one()}/{p:05d}_{day()}.png" for p in range(50) for _ in range(3)]),
    "augmented": ("IMG_1001", [f"{one()}/IMG_{p}_jpg.rf.{code(32)}.jpg" for p in range(1000, 1060) for _ in range(3)]),
    "one of two": (
        "person7",
        [*(f"a/{i}.png" for i in range(90)), "a/person7_x.png", "b/person7_y.png", "b/person8_x.png"],
    ),
}


OTHERS = {
    "a camera": [f"{one()}/IMG_{i:04d}.jpg" for i in range(200)],
    "a camera with folders": [f"{one()}/{100 + i // 50}_{i:04d}.jpg" for i in range(400)],
    "times": [f"{one()}/{day()}_{DRAW.randrange(240000):06d}.jpg" for _ in range(300)],
    "dates and counters": [f"{one()}/{day()}_{i:03d}.jpg" for _ in range(60) for i in range(4)],
    "dates in parts": [f"{one()}/2023-{1 + d % 12:02d}-{1 + d % 28:02d}_{i}.jpg" for d in range(60) for i in range(4)],
    "dates after a word": [f"{one()}/IMG_{day()}_{i:03d}.jpg" for _ in range(60) for i in range(4)],
    "Flickr": [f"{one()}/{DRAW.randrange(10**8, 10**10)}_{code(10)}_n.jpg" for _ in range(300)],
    "classes": [f"{c}/{c}_{i}.JPEG" for c in (f"n0{1234 + 7 * k}" for k in range(20)) for i in range(30)],
    "years": [f"{one()}/20{7 + i % 5:02d}_{DRAW.randrange(10**6):06d}.jpg" for i in range(300)],
    "numbers": [f"{one()}/{i:05d}.png" for i in range(100)],
    "UUIDs": [f"{one()}/{code(8)}-{code(4)}-{code(4)}-{code(4)}-{code(12)}___RS {i}.JPG" for i in range(100)],
}


@pytest.mark.parametrize("name", PATIENTS)
def test_repeated_identifiers_are_found_in_names_of_many_kinds(name):
    such, keys = PATIENTS[name]
    found = repeated_identifiers(of(keys))
    assert found is not None
    assert such in found.groups.values()
    assert groups_by(found.pattern, keys) == found.groups


@pytest.mark.parametrize("name", OTHERS)
def test_counters_dates_codes_and_classes_are_no_identifiers(name):
    keys = OTHERS[name]
    classes = sorted({key.split("/")[0] for key in keys})
    assert repeated_identifiers(of(keys, classes)) is None


def test_the_pattern_takes_nothing_but_the_identifier():
    _, keys = PATIENTS["OCT"]
    found = repeated_identifiers(of(keys))
    assert set(found.groups.values()) == {str(9 * p + 1000) for p in range(40)}
    _, keys = PATIENTS["eyes"]
    assert len(set(repeated_identifiers(of(keys)).groups.values())) == 100


def test_names_of_another_structure_have_no_identifier_though_they_have_numbers():
    _, keys = PATIENTS["NIH"]
    found = repeated_identifiers(of([*keys, "a/1.png", "b/1.png"]))
    assert found is not None
    assert set(found.groups) == set(keys)


def test_training_begins_with_a_remark_unless_groups_or_the_split_keep_them_together():
    keys = [f"{'ab'[p % 2]}/{p:08d}_{i:03d}.png" for p in range(40) for i in range(3)]
    drawn = of(keys)
    assert remark_on_identifiers(drawn).startswith(
        "file names repeat an identifier, such as 00000000, and 120 images share 40 of them; if these are patients"
    )
    apart = of(keys, splits=tuple("train" if p < 30 else "test" for p in range(40) for _ in range(3)))
    torn = of(keys, splits=tuple("train" if i < 90 else "test" for i in range(-1, 119)))
    assert remark_on_identifiers(apart) == ""
    assert "1 of 40 are in two splits" in remark_on_identifiers(torn)
    assert remark_on_identifiers(torn).endswith('and split.method = "grouped"')
    assert remark_on_identifiers(of(keys, groups=tuple(keys))) == ""
