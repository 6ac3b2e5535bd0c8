"""What a run takes for decided is what its table shows, and each verdict that can be read is paid for."""

import pytest
from untrained import EFFECTS, plan_for, run, seeds_of, table

from flowerablate.contracts import JudgedTable

pytestmark = pytest.mark.usefixtures("without_training")


@pytest.mark.parametrize("number", range(4))
def test_a_question_that_is_new_in_a_plan_after_a_table_stops_just_when_the_table_decides_it(
    ledger, monkeypatch, number
):
    old, new = f"-old{number}", f"-new{number}"
    monkeypatch.setitem(EFFECTS, old, 0.02)
    monkeypatch.setitem(EFFECTS, new, 0.06)
    run(plan_for(old, max_seeds=None), ledger)
    plan = plan_for(old, new, futility=0.0)
    run(plan, ledger)
    rows = {row.label: row for row in table(ledger, plan).rows}
    counts = seeds_of(ledger, plan)
    assert all(rows[label].verdict != "undecided" for label in (old, new) if counts[label] < 20)
    assert [look.share for look in rows[new].evidence.looks if not look.progress] == []
