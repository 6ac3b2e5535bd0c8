from __future__ import annotations

import pytest

from flowerablate import MetricSpec, Param, StudyError
from flowerablate.contracts import MetricInfo
from flowerablate.errors import nearest
from flowerablate.study.metric_choice import resolve_metric

SPECS = {
    "accuracy": MetricSpec("accuracy", "Accuracy.", build=lambda context: None),
    "cost": MetricSpec(
        "cost",
        "Cost.",
        build=lambda context, price, bins: None,
        params=(Param("price", 2.0, "price", low=0.0), Param("bins", (1, 2), "bins")),
        lower_is_better=True,
        percent=False,
    ),
}


def lookup(slot, name, where):
    assert slot == "metric"
    if name not in SPECS:
        raise StudyError(f"{where}: no metric is called {name!r}; {nearest(name, SPECS)}")
    return SPECS[name]


def resolved(text):
    return resolve_metric(text, lookup, "metrics.primary")


def test_a_name_alone_takes_the_defaults_and_the_direction_of_its_spec():
    chosen = resolved("cost")
    assert chosen.choice.params == {"price": 2.0, "bins": (1, 2)}
    assert chosen.info == MetricInfo("cost", lower_is_better=True, percent=False)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("accuracy", "accuracy"),
        (" accuracy ", "accuracy"),
        ("cost,price=2", "cost"),
        ("cost,price=3", "cost,price=3.0"),
        ("cost, bins=[4,5] , price=3", "cost,price=3.0,bins=[4, 5]"),
    ],
)
def test_a_metric_has_one_name_however_it_is_written(text, name):
    assert resolved(text).info.name == name
    assert resolved(name) == resolved(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("acuracy", r"metrics\.primary: no metric is called 'acuracy'; did you mean 'accuracy'\?"),
        ("", "metrics.primary: no metric is called ''"),
        ("cost,price", r"metrics\.primary: 'price' in 'cost,price' is not of the form parameter=value"),
        ("cost,prise=1", "metrics.primary: metric 'cost' has no parameter 'prise'; did you mean 'price'"),
        ("cost,price=-1", r"metrics\.primary\.price must be a number \(>= 0\), not -1"),
        ("accuracy,top=5", "metric 'accuracy' has no parameter 'top'; it takes no parameters"),
    ],
)
def test_what_is_not_known_is_one_line_that_names_the_place(text, message):
    with pytest.raises(StudyError, match=message):
        resolved(text)
