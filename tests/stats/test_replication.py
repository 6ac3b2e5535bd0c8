"""Which comparisons get more replicates after a look."""

import pytest

from flowerablate.contracts import Rules
from flowerablate.stats import Adjusted, paired_effect, summarise
from flowerablate.stats.arms import Arms
from flowerablate.stats.forecast import forecast
from flowerablate.stats.judging import evidence_for
from flowerablate.stats.looks import LookSchedule
from flowerablate.stats.replication import undecided_after

PLAN = (5, 9, 13, 16, 20)
STEADY = [0.9, 0.91, 0.89, 0.9, 0.92, 0.9, 0.91, 0.9, 0.89, 0.9, 0.91, 0.9, 0.9]


def after(trials, **changes):
    summary = summarise(trials, rules=Rules(**{"looks": PLAN, **changes}))
    return {contrast.label for contrast in undecided_after(summary)}, {row.label: row for row in summary.rows}


def lowered(by, n=9):
    """Accuracies below the steady ones by about the given difference, with a standard deviation of .02."""
    return [STEADY[i] - by + 0.02 * (-1) ** i for i in range(n)]


def test_what_is_decided_or_hopeless_stops_and_what_is_open_goes_on(arms):
    going, rows = after(arms(base=STEADY[:9], clear=lowered(0.2), hopeless=lowered(0.0), open=lowered(0.013)))
    assert rows["-clear"].verdict == "helps"
    assert rows["-hopeless"].reason.startswith("stopped: the chance of a decision by n = 20 is ")
    assert rows["-open"].reason == "the next planned look is at n = 13"
    assert going == {"-open"}


def test_without_futility_all_that_is_undecided_goes_on_to_the_last_look(arms):
    trials = arms(base=STEADY[:9], hopeless=lowered(0.0))
    assert after(trials, futility=0.0)[0] == {"-hopeless"}
    going, rows = after(trials, futility=0.0, looks=(5, 9))
    assert going == set()
    assert rows["-hopeless"].reason == "not decided at the last planned look, n = 9"


def test_a_margin_gives_hope_to_what_seems_to_do_nothing(arms):
    trials = arms(base=STEADY[:9], idle=lowered(0.0))
    assert after(trials, margin=0.02)[0] == {"-idle"}
    assert after(trials, margin=0.1)[1]["-idle"].verdict == "negligible"


def test_what_does_not_differ_at_all_stops(arms):
    assert after(arms(base=STEADY[:5], same=STEADY[:5]))[0] == set()


def test_a_comparison_whose_trials_have_all_failed_stops_and_one_with_a_single_pair_goes_on(arms, trial):
    broken = [trial("-broken", seed, None, failure="no memory") for seed in range(5)]
    once = [trial("-once", 0, 0.8), *(trial("-once", seed, None, failure="killed") for seed in range(1, 5))]
    assert after([*arms(base=STEADY[:5]), *broken, *once])[0] == {"-once"}


def with_failures(trials, trial, seeds):
    """The same trials, but those of the open comparison on those seeds have failed."""
    kept = [each for each in trials if each.change != "-open" or each.seed not in seeds]
    return [*kept, *(trial("-open", seed, None, failure="killed") for seed in seeds)]


@pytest.mark.parametrize(("n", "reason", "more"), [
    (9, "the next planned look is at n = 13", 4),
    (13, "not decided at the last planned look, n = 13", None),
])  # fmt: skip
def test_looks_are_counted_in_replicates_of_which_some_may_have_failed(arms, trial, n, reason, more):
    trials = [
        each for each in arms(base=STEADY[:n], open=lowered(0.013, n)) if (each.change, each.seed) != ("-open", 3)
    ]
    trials.append(trial("-open", 3, None, failure="killed"))
    going, rows = after(trials, looks=(5, 9, 13), futility=0.0)
    row = rows["-open"]
    assert (row.n, row.reason, row.more_replicates) == (n - 1, reason, more)
    assert going == (set() if more is None else {"-open"})


def test_more_replicates_than_were_planned_are_no_reason_to_fail(arms, trial):
    failed = [trial("-open", seed, None, failure="killed") for seed in (1, 2)]
    trials = [
        each for each in arms(base=STEADY, open=lowered(0.013, 13)) if each.change == "" or each.seed not in (1, 2)
    ]
    going, rows = after([*trials, *failed], looks=(5, 7))
    assert (going, rows["-open"].reason) == (set(), "not decided at the last planned look, n = 7")


def test_the_chance_counts_on_no_more_than_the_family_leaves(arms):
    alone = after(arms(base=STEADY[:9], a=lowered(0.013)))[1]["-a"].chance
    among = after(arms(base=STEADY[:9], a=lowered(0.013), b=lowered(0.0), c=lowered(0.001)))[1]["-a"].chance
    assert among < alone


def test_reasons_name_the_look_and_hints_are_not_those_of_a_fixed_study(arms):
    summary = summarise(arms(base=STEADY[:9], a=lowered(0.013), clear=lowered(0.2)), rules=Rules(looks=PLAN))
    assert summary.rows[1].reason.endswith("(paired t, look 2 of 5)")
    assert any("the next planned look is at n = 13" in note for note in summary.notes)
    assert not any("Approximate number of additional replicates" in note for note in summary.notes)


@pytest.mark.parametrize("n", [5, 9, 11])
def test_a_smaller_margin_of_chance_stops_no_more(arms, n):
    trials = arms(base=STEADY[:n], a=lowered(0.01, n), b=lowered(0.004, n), c=lowered(0.0, n))
    assert after(trials, futility=0.3)[0] <= after(trials, futility=0.05)[0] <= after(trials, futility=0.0)[0]


def chance_to_be_decided(effect, adjusted, rules):
    arms = Arms(tuple(range(effect.n)), effect.differences, (0.0,) * effect.n, are_means=True)
    schedule = LookSchedule.of(rules, (), effect.n)
    evidence = evidence_for(arms, effect, rules)
    return forecast(effect, evidence, adjusted, rules, schedule).chance


def test_what_a_family_leaves_for_equivalence_lowers_the_chance_to_be_called_negligible():
    effect = paired_effect(STEADY[:9], lowered(0.0))
    rules = Rules(looks=PLAN, margin=0.016)
    alone, among_ten = (chance_to_be_decided(effect, Adjusted(1.0, 1, 1.0, factor), rules) for factor in (1, 10))
    assert among_ten < alone - 0.4


@pytest.mark.parametrize(("pairs", "chance"), [(4, 1.0), (5, 0.0)])
def test_what_never_differed_is_given_up_from_five_pairs_on(pairs, chance):
    effect = paired_effect(STEADY[:pairs], STEADY[:pairs])
    assert chance_to_be_decided(effect, Adjusted(1.0, 1), Rules(looks=PLAN)) == chance
