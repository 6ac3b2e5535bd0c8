"""A change has one sign for each part; what earlier versions wrote is read as it is written now."""

import pytest

from flowerablate.contracts import current_label, interaction_of, removed_by, signed, together

EARLIER = [
    ("-flip+light", "-flip -light"),
    ("-flip+model.skip+model.batchnorm", "-flip -model.skip -model.batchnorm"),
    ("+flip+light", "+flip +light"),
    ("-model.skip+model.width=32", "-model.skip model.width=32"),
    ("optimizer.lr=0.03+optimizer.momentum=0.5", "optimizer.lr=0.03 optimizer.momentum=0.5"),
    ("share of flip+light", "share of flip & light"),
    ("flip+light on average", "flip & light on average"),
    ("flip+light × model.skip", "(flip & light) × model.skip"),
    ("model.skip × flip+light × crop on average", "model.skip × (flip & light) × crop on average"),
    ("flip+light on average, asked earlier (2)", "flip & light on average, asked earlier (2)"),
    ("-flip+light, asked earlier", "-flip -light, asked earlier"),
]


@pytest.mark.parametrize(("old", "new"), EARLIER)
def test_an_earlier_label_is_read_as_it_is_written_now(old, new):
    assert current_label(old) == new


@pytest.mark.parametrize(
    "label",
    [
        *(new for _, new in EARLIER),
        "",
        "base",
        "bare",
        "-flip",
        "+flip",
        "-random-crop",
        "model=resnet34,width=2.0",
        "optimizer.eps=1e+16",
        "-model.skip optimizer.eps=1e+16",
        "crop.border=pad+crop",
        "normalize.mean=[0.5, -0.5]",
        "control=placebo",
    ],
)
def test_what_is_written_now_stays_as_it_is(label):
    assert current_label(label) == label


def test_each_part_has_its_own_sign():
    assert signed("-", ["flip", "light"]) == "-flip -light"
    assert signed("+", ["flip", "light"]) == "+flip +light"


def test_a_component_of_several_parts_is_one_name_and_in_brackets_beside_others():
    assert together(["flip", "light"]) == "flip & light"
    assert interaction_of(["flip & light", "model.skip"]) == "(flip & light) × model.skip"


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        ("-flip -model.skip", ("flip", "model.skip")),
        ("-flip", ("flip",)),
        ("", ()),
        ("bare", ()),
        ("-model.skip model.width=32", ()),
        ("optimizer.lr=0.03", ()),
    ],
)
def test_what_a_change_leaves_out_can_be_read_from_it(change, parts):
    assert removed_by(change) == parts
