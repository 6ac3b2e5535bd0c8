"""Trials that failed before a planned look and are run again after it: both tables are paid for."""

import numpy as np
import pytest
from null_studies import rejected

from flowerablate.contracts import Rules
from flowerablate.stats import summarise
from flowerablate.stats.looks import LookSchedule
from flowerablate.stats.pairs import Pairs

PLAN = (5, 9, 13, 16, 20)
RULES = Rules(looks=PLAN)


def reached(now, judged=(), without=()):
    """The looks of a comparison that has so many replicates, *without* those seeds."""
    seeds = [seed for seed in range(now) if seed not in without]
    return LookSchedule.of(RULES, (), now, judged=judged, pairs=Pairs(seeds)).reached(seeds)


def lost(looks):
    return [look.pairs for look in looks if look.is_lost]


def deciding(looks):
    return [look.pairs for look in looks if not look.is_lost]


def test_a_planned_look_whose_failed_trials_have_values_now_is_paid_for_and_decides_nothing():
    looks = reached(20, [(13, 12)])
    assert deciding(looks) == [16, 20]
    assert lost(looks) == [5, 9, 12]
    assert [look.progress for look in looks] == [0.25, 0.45, 0.6, 0.8, 1.0]


def test_the_table_that_shows_them_is_a_look_of_its_own_and_stays_one():
    assert deciding(reached(13, [(13, 12)])) == [13]
    assert deciding(reached(16, [(13, 12), (13, 13)])) == [13, 16]


def test_pairs_that_have_not_changed_cost_nothing():
    assert reached(13, [(9, 9), (13, 13)]) == reached(13)
    without = (3,)
    assert reached(13, [(9, 8), (13, 12)], without) == reached(13, (), without)


def test_what_was_spent_stays_spent_where_trials_are_gone():
    (*_, last) = reached(13, [(13, 13)], without=(2, 7))
    assert (last.pairs, last.paid) == (11, 13 / 20)
    (*_, last) = reached(9, [(20, 20)])
    assert (last.pairs, last.paid) == (9, 1.0)


def errors(failed, shown_at, *, charged=True):
    """How often a true null is rejected by the table without the *failed* trials, the one with them, or the last."""
    noise = np.random.default_rng(0).standard_normal((20_000, 20))
    there = [seed for seed in range(shown_at) if seed not in failed]
    judged = [(shown_at, len(there)), (shown_at, shown_at)] if charged else []
    return rejected(
        (noise, there, reached(shown_at, (), failed)),
        (noise, range(shown_at), reached(shown_at, judged[:1])),
        (noise, range(20), reached(20, judged)),
    )


SE = np.sqrt(0.05 * 0.95 / 20_000)


@pytest.mark.parametrize(
    ("failed", "shown_at"), [((2,), 20), ((2, 10), 20), ((17,), 20), ((1, 6, 10, 14, 18), 20), ((2, 10), 16)]
)
def test_to_run_failed_trials_again_after_a_planned_look_keeps_the_error(failed, shown_at):
    assert errors(failed, shown_at) <= 0.05 + 3 * SE


def test_uncharged_both_tables_together_would_err_in_about_6_of_100_studies():
    assert errors((2, 10), 20, charged=False) == pytest.approx(0.06, abs=3 * SE)


def test_a_verdict_of_pairs_that_have_changed_is_decided_anew(arms):
    base = [0.9 + 0.002 * (seed % 3) for seed in range(9)]
    trials = arms(base=base, a=[value - 0.02 - 0.004 * (seed % 2) for seed, value in enumerate(base)])
    before = summarise([each for each in trials if not (each.change and each.seed == 3)], rules=RULES).rows[0]
    after = summarise(trials, rules=RULES, judged={"-a": [(9, 8)]}).rows[0]
    alone = summarise(trials, rules=RULES).rows[0]
    assert (before.n, after.n) == (8, 9)
    assert after.evidence.decisive_pairs == 9
    assert after.evidence.p > alone.evidence.p
    assert after.effect.low < alone.effect.low
    assert after.evidence.look == alone.evidence.look == "look 2 of 5"
