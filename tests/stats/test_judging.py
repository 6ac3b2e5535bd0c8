from __future__ import annotations

import pytest

from flowerablate.contracts import Contrast, Rules
from flowerablate.stats import Evidence, equivalence_test, evidence_for, fixed_evidence, paired_effect
from flowerablate.stats.arms import Arms
from flowerablate.stats.judging import judged, over_tables
from flowerablate.stats.looks import LookSchedule, StudyLook

BASE, VARIANT = (0.90, 0.91, 0.92, 0.89), (0.89, 0.90, 0.92, 0.87)
ARMS = Arms((1, 2, 3, 4), BASE, VARIANT, are_means=True)
EFFECT = paired_effect(BASE, VARIANT)
CONTRAST = Contrast("-x", "removal", {"": 1.0, "-x": -1.0}, "x")


def test_a_study_of_fixed_size_is_judged_by_paired_t_and_tost() -> None:
    rules = Rules(margin=0.02)
    evidence = evidence_for(ARMS, EFFECT, rules)
    assert evidence == over_tables(fixed_evidence(EFFECT, rules), ARMS, EFFECT, rules, (StudyLook(4, 0.8),))
    assert (evidence.test, evidence.p, evidence.low, evidence.high) == (
        "paired t",
        EFFECT.t_p,
        EFFECT.low,
        EFFECT.high,
    )
    assert evidence.equivalence == equivalence_test(EFFECT, 0.02)
    assert evidence.equivalence is not None
    assert evidence.equivalence_p == evidence.equivalence.p


def test_verdicts_rest_on_p_values_that_leave_a_part_of_the_error_to_further_tables() -> None:
    evidence = evidence_for(ARMS, EFFECT, Rules(margin=0.02))
    assert EFFECT.t_p is not None
    assert evidence.decisive_p == pytest.approx(EFFECT.t_p / 0.8)
    assert evidence.equivalence_p is not None
    assert evidence.decisive_equivalence_p == pytest.approx(evidence.equivalence_p / 0.8)
    whole = evidence_for(ARMS, EFFECT, Rules(margin=0.02, reserve=0.0))
    assert (whole.decisive_p, whole.decisive_equivalence_p) == (whole.p, whole.equivalence_p)


def test_without_a_margin_equivalence_is_not_asked() -> None:
    assert evidence_for(ARMS, EFFECT, Rules()).equivalence_p is None


def test_with_a_standard_deviation_of_zero_the_sign_test_stands_in() -> None:
    effect = paired_effect([0.9, 0.8, 0.7], [0.8, 0.7, 0.6])
    evidence = fixed_evidence(effect, Rules(margin=0.2))
    assert (evidence.test, evidence.p) == ("sign flip, as all differences are equal", 0.25)
    assert (evidence.low, evidence.high) == (None, None)
    assert evidence.equivalence_p == 0.125


def test_a_single_pair_has_neither_p() -> None:
    evidence = fixed_evidence(paired_effect([0.9], [0.8]), Rules(margin=0.2))
    assert (evidence.p, evidence.equivalence_p, evidence.low) == (None, None, None)


@pytest.mark.parametrize("knows", [True, False])
def test_a_judge_comes_first_and_its_interval_replaces_the_effects(knows: bool) -> None:
    own = Evidence("own", 0.5, -0.1, 0.2)
    schedule = LookSchedule.of(Rules(), [], 5)
    effect, evidence = judged(CONTRAST, ARMS, EFFECT, Rules(), schedule, lambda *_: own if knows else None)
    assert evidence.p == (own if knows else fixed_evidence(EFFECT, Rules())).p
    assert evidence.decisive_p == pytest.approx((evidence.p or 0.0) / 0.8)
    assert (effect.low, effect.high) == ((-0.1, 0.2) if knows else (EFFECT.low, EFFECT.high))
    assert (effect.mean, effect.t_p) == (EFFECT.mean, EFFECT.t_p)


def test_with_a_single_planned_look_the_evidence_is_that_of_a_study_of_fixed_size() -> None:
    arms = Arms((0, 1, 2, 3), BASE, VARIANT, are_means=True)
    looked, fixed = (
        evidence_for(arms, EFFECT, Rules(margin=0.02, looks=(4,))),
        fixed_evidence(EFFECT, Rules(margin=0.02)),
    )
    assert (looked.low, looked.high) == pytest.approx((fixed.low, fixed.high), rel=1e-3)
    assert looked.p == pytest.approx(fixed.p, rel=1e-3)
    assert looked.equivalence is not None
    assert fixed.equivalence is not None
    for name in ("above_p", "below_p", "low", "high"):
        assert getattr(looked.equivalence, name) == pytest.approx(getattr(fixed.equivalence, name), rel=1e-3)


def test_another_method_is_asked_again_at_each_earlier_look_and_each_look_has_a_part_of_the_level() -> None:
    p_by_pairs = {2: 0.004, 4: 0.3}

    def judge(contrast: Contrast, arms: Arms, effect: object, rules: Rules) -> Evidence:
        return Evidence("own", p_by_pairs[len(arms.seeds)], -0.1, 0.2, interval="own", scales=((3.0, 0.05),))

    _, evidence = judged(CONTRAST, ARMS, EFFECT, Rules(), LookSchedule.of(Rules(min_replicates=2), [3], 5), judge)
    assert evidence.p == 0.3
    assert evidence.decisive_p == pytest.approx(0.004 / 0.8)
    assert evidence.nominal(0.05) == pytest.approx(0.1 * 0.05)
    p_by_pairs[2] = 0.9
    _, evidence = judged(CONTRAST, ARMS, EFFECT, Rules(), LookSchedule.of(Rules(min_replicates=2), [3], 5), judge)
    assert evidence.decisive_p == 1.0
