import pytest

from flowerablate.errors import StudyError
from flowerablate.study.resolve import resolve, rules_of
from flowerablate.study.schema import parse


def test_every_parameter_is_filled_in(base):
    assert base.components["model"].params == {"skip": True, "width": 16}
    assert base.components["optimizer"].params == {"lr": 0.2, "decay": 0.0}
    assert [(step.name, step.use, step.kind, step.removable) for step in base.steps] == [
        ("resize", "closing", "morphology", False),
        ("clean", "opening", "morphology", True),
        ("flip", "flip", "", True),
    ]


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("steps", "clean", "size"), 64, "steps.clean.size must be a whole number (1 to 63), not 64"),
        (("train", "epoch"), 3, "[train] has no parameter 'epoch'; did you mean 'epochs'?"),
        (("train", "epochs"), 0, "train.epochs must be a whole number (>= 1), not 0"),
        (("train", "epochs"), "many", "train.epochs must be a whole number (>= 1), not 'many'"),
        (("steps", "clean", "sise"), 3, "has no parameter 'sise'; did you mean 'size'?"),
        (("steps", "clean", "use"), "opnening", "steps.clean: no step is called 'opnening'"),
        (("optimizer", "lr"), "fast", "optimizer.lr must be a number (>= 0), not 'fast'"),
        (("model", "skip"), 1, "model.skip must be true or false, not 1"),
        (("loss", "weight"), 1, "it takes no parameters"),
        (("split", "test"), 0.9, "leave nothing to train on"),
    ],
)
def test_a_wrong_parameter_is_named_with_its_place(tables, lookup, place, value, message):
    table = tables
    for key in place[:-1]:
        table = table[key]
    table[place[-1]] = value
    with pytest.raises(StudyError) as caught:
        resolve(parse(tables, "test"), lookup)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"family": "max-t", "margin": 0.01}, 'statistics.family = "max-t" has no test of a margin'),
        ({"family": "max-t", "test": "modified-t"}, 'statistics.family = "max-t" knows the t test only'),
    ],
)
def test_rules_that_exclude_each_other_are_refused_with_the_cure(tables, rules, message):
    tables["statistics"] |= rules
    with pytest.raises(StudyError) as caught:
        rules_of(parse(tables, "test"))
    assert message in str(caught.value)
