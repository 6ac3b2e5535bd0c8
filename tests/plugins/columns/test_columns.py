"""The columns that come with the package: the contract, and the figures they show."""

from __future__ import annotations

import re
from pathlib import Path

import flowerablate_columns
import pytest

import flowerablate as fa
from flowerablate.contracts import IMAGES_PER_SECOND, ColumnContext
from flowerablate.report import CostColumn, Report, VariantColumn, default_columns, probability
from flowerablate.report.__main__ import all_kinds, demonstration
from flowerablate.report.formats import as_text
from flowerablate.testing import check_component, check_plugin

SPECS = {spec.name: spec for spec in check_plugin(flowerablate_columns)}
COLUMNS = [name for name, spec in SPECS.items() if isinstance(spec, fa.ColumnSpec)]


def column(name: str, **params: object):
    spec = SPECS[name]
    return spec.build(ColumnContext(Path()), **{param.name: param.default for param in spec.params} | params)


@pytest.fixture(scope="module")
def kinds():
    return all_kinds()


@pytest.mark.parametrize("name", SPECS)
def test_a_component_keeps_the_contract(name) -> None:
    check_component(SPECS[name])


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_is_called_as_it_is_registered(name) -> None:
    assert column(name).name == name


def test_the_columns_of_the_standard_table_go_by_their_names() -> None:
    summary = demonstration()
    assert {each.name for each in default_columns(summary)} <= SPECS.keys()


def test_p_is_shown_alone_and_adjusted(kinds) -> None:
    row = kinds.rows[0]
    assert column("p").cells(kinds)[1] == f"{probability(row.evidence.p)} → {probability(row.adjusted_p)}"
    row = kinds.rows[1]
    shown = column("equivalence").cells(kinds)[2]
    expected = f"{probability(row.evidence.equivalence_p)} → {probability(row.adjusted_equivalence_p)}"
    assert shown == expected
    assert set(column("equivalence").cells(demonstration())) == {"—"}


def test_figures_are_in_the_unit_of_the_effect(kinds) -> None:
    effect = kinds.rows[0].effect
    assert column("mde").cells(kinds)[1] == f"{effect.mde * 100:.1f}"
    assert column("family_mde").cells(kinds)[1] == f"{kinds.rows[0].family_mde * 100:.1f}"
    assert kinds.rows[0].family_mde > effect.mde
    low, high = kinds.rows[0].family_interval
    assert column("family_interval").cells(kinds)[1] == f"[{low * 100:+.1f}, {high * 100:+.1f}]"
    assert column("sd").cells(kinds)[1] == f"{effect.sd * 100:.1f}"
    assert column("correlation").cells(kinds)[1] == f"{effect.correlation:+.2f}"
    assert column("mde").header(kinds) == "MDE\npoints"
    median, iqm = effect.robust.median, effect.robust.iqm
    for name, center in (("median", median), ("iqm", iqm)):
        shown = [float(number) for number in re.findall(r"[+-]?\d+\.\d", column(name).cells(kinds)[1])]
        wanted = [center.value * 100, center.low * 100, center.high * 100]
        assert shown == pytest.approx(wanted, abs=0.0501)


def test_the_middle_of_few_differences_is_missing() -> None:
    assert {cell.strip() for cell in column("median").cells(demonstration())} == {"—"}


def test_costs_and_trials(kinds) -> None:
    summary = demonstration()
    assert column("trials").cells(summary)[2] == "5, 1 failed"
    assert "5, 1 collapsed" in column("trials").cells(summary)
    shown = {
        spec.name: CostColumn(spec.info).cells(kinds)[0] for spec in SPECS.values() if isinstance(spec, fa.MeasureSpec)
    }
    assert (shown["flops"], shown["memory"]) == ("40.9M", "272MB")
    assert CostColumn(IMAGES_PER_SECOND).cells(kinds)[0] == "293"
    assert column("reason").cells(kinds)[1] == kinds.rows[0].reason


def test_a_secondary_metric_is_chosen_by_its_name(kinds) -> None:
    first = column("secondary")
    assert first.header(kinds).startswith("log_loss")
    assert column("secondary", metric="log_loss").cells(kinds) == first.cells(kinds)
    assert set(column("secondary", metric="brier").cells(kinds)) == {"—"}


def test_any_columns_make_a_table_in_their_order(kinds) -> None:
    columns = (VariantColumn(), column("p"), column("effect"), column("forest", width=20))
    head = as_text(Report(kinds, columns=columns), 120).splitlines()[3]
    assert [word for word in re.findall(r"[a-z]+", head) if word in ("variant", "adjusted", "interval")] == [
        "variant",
        "adjusted",
        "interval",
    ]
