from __future__ import annotations

import numpy as np
import pytest

from flowerablate.contracts import Contrast, Rules
from flowerablate.stats import Adjusted, Decision, Effect, adjust, decide, paired_effect
from flowerablate.stats.arms import Arms
from flowerablate.stats.judging import evidence_for
from flowerablate.stats.verdicts import lower_is_better_by_name

CLEAR = paired_effect([0.90, 0.91, 0.92], [0.80, 0.82, 0.81])
"""d = .10, .09, .11"""
CLEAR_LOSS = paired_effect([0.80, 0.82, 0.81], [0.90, 0.91, 0.92])
VAGUE = paired_effect([0.90, 0.91, 0.92], [0.89, 0.92, 0.88])
"""d = .01, -.01, .04"""
TINY = paired_effect([0.90, 0.91, 0.92, 0.93, 0.90], [0.901, 0.909, 0.921, 0.929, 0.9])
"""d = -.001, .001, -.001, .001, 0"""
SAME = paired_effect([0.9] * 10, [0.9] * 10)


def rules_with(**given: object) -> Rules:
    """Return rules that allow a verdict on two replicates, so that few numbers show what is decided."""
    return Rules(**{"min_replicates": 2, **given})  # type: ignore[arg-type]


def verdict_on(
    effect: Effect,
    kind: str = "removal",
    *,
    component: str = "x",
    rules: Rules | None = None,
    lower_is_better: bool = False,
    adjusted: Adjusted | None = None,
) -> Decision:
    """Decide on an effect that is the only one of its family, unless *adjusted* says otherwise."""
    rules = rules or rules_with()
    arms = Arms(tuple(range(effect.n)), effect.differences, (0.0,) * effect.n, are_means=True)
    evidence = evidence_for(arms, effect, rules)
    if adjusted is None:
        equivalences = None if rules.margin is None else [evidence.decisive_equivalence_p or 0.0]
        (adjusted,) = adjust([1.0 if evidence.decisive_p is None else evidence.decisive_p], equivalences)
    contrast = Contrast("-x", kind, {"": 1.0, "-x": -1.0}, component)  # type: ignore[arg-type]
    return decide(contrast, effect, evidence, adjusted, rules, lower_is_better=lower_is_better)


@pytest.mark.parametrize(
    ("effect", "kind", "lower_is_better", "word"),
    [
        (CLEAR, "removal", False, "helps"),
        (CLEAR_LOSS, "removal", False, "hurts"),
        (CLEAR, "removal", True, "hurts"),
        (CLEAR, "addition", False, "helps"),
        (CLEAR_LOSS, "main effect", False, "hurts"),
        (CLEAR, "share", False, "helps"),
        (CLEAR, "swap", False, "base wins"),
        (CLEAR_LOSS, "setting", False, "new wins"),
        (CLEAR_LOSS, "swap", True, "base wins"),
        (CLEAR, "interaction", False, "together more"),
        (CLEAR_LOSS, "interaction", False, "together less"),
        (CLEAR, "control", False, "differs"),
        (VAGUE, "removal", False, "undecided"),
        (VAGUE, "swap", True, "undecided"),
    ],
)
def test_the_word_follows_from_sign_direction_and_kind_of_question(effect, kind, lower_is_better, word) -> None:
    assert verdict_on(effect, kind, lower_is_better=lower_is_better).verdict == word


def test_the_adjusted_p_decides_and_not_the_raw_one() -> None:
    assert CLEAR.p is not None
    assert CLEAR.p < 0.05
    assert verdict_on(CLEAR, adjusted=Adjusted(0.051, 10)).verdict == "undecided"
    assert verdict_on(CLEAR, adjusted=Adjusted(0.05, 1)).verdict == "helps"


def test_one_pair_asks_for_more_seeds() -> None:
    decision = verdict_on(paired_effect([0.9], [0.1]))
    assert decision == Decision("undecided", "n = 1: no interval; run more seeds")


# ------------------------------------------------------------------------------------------------ the margin


def test_an_effect_within_the_margin_is_negligible() -> None:
    decision = verdict_on(TINY, rules=rules_with(margin=0.005))
    assert decision.verdict == "negligible"
    assert decision.reason.startswith("within the margin of 0.005, adjusted p .000")
    assert decision.reason.endswith("(TOST, paired t)")


def test_without_a_margin_nothing_is_negligible() -> None:
    assert verdict_on(TINY).verdict == "undecided"


def test_an_established_effect_within_the_margin_keeps_its_direction_and_says_both() -> None:
    decision = verdict_on(CLEAR, rules=rules_with(margin=0.5))
    assert decision.verdict == "helps"
    assert decision.reason.endswith("(paired t); but within the margin of 0.5")


def test_a_wide_effect_is_not_negligible() -> None:
    assert verdict_on(VAGUE, rules=rules_with(margin=0.02)).verdict == "undecided"


def test_the_adjusted_p_decides_on_equivalence_too() -> None:
    rules = rules_with(margin=0.005)
    assert verdict_on(TINY, rules=rules, adjusted=Adjusted(0.9, 2, 0.051, 5)).verdict == "undecided"
    assert verdict_on(TINY, rules=rules, adjusted=Adjusted(0.9, 2, 0.05, 5)).verdict == "negligible"


def test_no_difference_at_all_is_negligible_once_its_signs_can_say_so() -> None:
    assert verdict_on(SAME, rules=rules_with(margin=0.01)).verdict == "negligible"
    four = verdict_on(paired_effect([0.9] * 4, [0.9] * 4), rules=rules_with(margin=0.01))
    assert (four.verdict, four.more) == ("undecided", 4)
    assert four.reason.endswith("n = 4: its smallest p is .0625, but .04 is needed")


# ------------------------------------------------------------------------------------------ what would decide


def test_a_p_that_is_too_large_is_the_reason_and_the_chance_with_twice_the_replicates_stands_beside_it() -> None:
    decision = verdict_on(VAGUE)
    assert decision.reason == "adjusted p .57 (paired t)"
    assert decision.more is None
    assert decision.forecast is not None
    assert decision.forecast.by == 6
    assert 0 < decision.forecast.low < decision.forecast.chance < decision.forecast.high < 1


def test_two_equal_differences_say_why_they_cannot_decide() -> None:
    decision = verdict_on(paired_effect([0.90, 0.85], [0.80, 0.75]))
    assert decision.verdict == "undecided"
    assert decision.reason == (
        "all differences are equal, so no interval; the sign-flip test cannot reach the level with n = 2: "
        "its smallest p is .5, but .04 is needed"
    )
    assert decision.more == 7  # 2 / 2^9 = .0039, within the .005 that the second table may spend


def test_equal_differences_wait_for_one_more_at_least_also_where_the_next_table_may_spend_more() -> None:
    decision = verdict_on(paired_effect([0.9] * 8, [0.8] * 8), rules=rules_with(reserve=0.9))
    assert "its smallest p is .00781, but .005 is needed" in decision.reason
    assert decision.more == 1


def test_equal_differences_decide_once_the_exact_sign_flip_test_can() -> None:
    base = [0.80 + 0.01 * index for index in range(6)]
    decision = verdict_on(paired_effect(base, [value - 0.05 for value in base]))
    assert decision.verdict == "helps"
    assert "sign flip" in decision.reason


def test_a_change_without_any_difference_is_doubted() -> None:
    decision = verdict_on(SAME)
    assert decision.verdict == "undecided"
    assert decision.reason == "no difference in any of 10 replicates; does the change have any effect?"


def test_a_control_without_difference_is_as_it_should_be() -> None:
    assert verdict_on(SAME, "control", component="placebo") == Decision(
        "unchanged", "no difference in any of 10 replicates, as expected"
    )
    luck = verdict_on(VAGUE, "control", component="luck")
    assert (luck.verdict, luck.reason) == ("undecided", "no difference established in 3 replicates, as expected")


@pytest.mark.parametrize("rules", [rules_with(margin=0.01), rules_with(looks=(5, 10)), rules_with(looks=(5, 10, 20))])
def test_a_control_without_difference_is_unchanged_whatever_else_is_asked(rules) -> None:
    decision = verdict_on(SAME, "control", rules=rules, adjusted=Adjusted(1.0, 4, 0.5, 4))
    assert (decision.verdict, decision.more) == ("unchanged", None)


def test_one_replicate_does_not_show_that_a_control_changes_nothing() -> None:
    assert verdict_on(paired_effect([0.9], [0.9]), "control").verdict == "undecided"


def test_with_planned_looks_the_next_one_is_named() -> None:
    decision = verdict_on(VAGUE, rules=rules_with(looks=(3, 5, 10)))
    assert (decision.reason, decision.more) == ("the next planned look is at n = 5", 2)
    assert decision.forecast is not None
    assert decision.forecast.by == 10
    assert 0.05 < decision.forecast.chance < 1
    assert verdict_on(VAGUE, rules=rules_with(looks=(2, 3))).reason == "not decided at the last planned look, n = 3"


@pytest.mark.parametrize(("metric", "lower"), [("loss", True), ("log_loss", True), ("accuracy", False), ("auc", False)])
def test_losses_and_errors_are_better_when_lower(metric: str, lower: bool) -> None:
    assert lower_is_better_by_name(metric) is lower


@pytest.mark.parametrize("images", [30, 100, 1000])
@pytest.mark.parametrize("n", [2, 3, 6])
def test_a_change_that_does_nothing_is_rarely_judged_however_coarse_the_metric(n: int, images: int) -> None:
    rng = np.random.default_rng(100 * n + images)
    studies = 250
    wrong = 0
    for _ in range(studies):
        split = rng.normal(0.85, 0.02, n)
        base, variant = (np.rint(images * (split + rng.normal(0, 0.02, n))) / images for _ in range(2))
        effect = paired_effect(base.tolist(), variant.tolist())
        wrong += verdict_on(effect).verdict != "undecided"
    assert wrong / studies <= 0.09  # .05 and three standard errors


def test_a_verdict_needs_a_minimum_of_replicates() -> None:
    few = verdict_on(CLEAR, rules=Rules())
    assert (few.verdict, few.more) == ("undecided", 2)
    assert few.reason == "n = 3: a verdict needs 5 replicates"
    assert verdict_on(CLEAR, rules=Rules(min_replicates=3)).verdict == "helps"
    assert verdict_on(CLEAR, rules=Rules(margin=0.5)).verdict == "undecided"
    assert verdict_on(CLEAR, rules=Rules(looks=(3, 5))).more == 2
    same = paired_effect([0.9] * 3, [0.9] * 3)
    assert verdict_on(same, "control", rules=Rules()).verdict == "unchanged"
