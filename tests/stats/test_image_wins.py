"""Three replicates, counted by hand: which images a component wins and loses."""

import numpy as np
import pytest

from flowerablate.contracts import Contrast
from flowerablate.errors import LedgerError, StudyError
from flowerablate.ledger import Predictions
from flowerablate.stats.image_wins import confusion, image_wins, paired, two_arms

CLASSES = ("daisy", "rose")


def predicted(**rose: float) -> Predictions:
    """Predictions for images called d1, r1, ...: d is a daisy, r a rose; the number is the probability of a rose."""
    return Predictions(
        keys=tuple(rose),
        labels=np.array([CLASSES.index({"d": "daisy", "r": "rose"}[key[0]]) for key in rose]),
        probabilities=np.array([[1 - p, p] for p in rose.values()], np.float32),
        classes=CLASSES,
    )


PAIRS = [  # with the component, without it
    (predicted(r1=0.9, r2=0.8, d1=0.75, d2=0.25), predicted(r1=0.25, r2=0.75, d1=0.25, d2=0.75)),
    (predicted(r1=0.75, r3=0.75, d1=0.75), predicted(r1=0.25, r3=0.25, d1=0.25)),
    (predicted(r1=0.75, d1=0.25, d3=0.75), predicted(d3=0.75, d1=0.75, r1=0.75)),
]


def test_images_are_won_and_lost_as_counted_by_hand():
    found = image_wins(PAIRS)
    # r1 won 2 of 3 (.40); d2 and r3 won 1 of 1 (.33), both by half; r2 and d3 make no difference
    assert [image.key for image in found.wins] == ["r1", "d2", "r3"]
    # d1 lost twice and won once, (1 - 2) / (3 + 2)
    assert [(image.key, image.won, image.lost) for image in found.losses] == [("d1", 1, 2)]
    assert found.losses[0].consistency == pytest.approx(-0.2)


def test_an_image_says_how_often_each_arm_was_right_and_what_it_answered():
    image = image_wins(PAIRS).wins[0]
    assert (image.replicates, image.right_with, image.right_without) == (3, 3, 1)
    assert (image.truth, image.answer_with, image.answer_without) == ("rose", "rose", "daisy")
    assert image.gain == pytest.approx((0.65 + 0.5 + 0) / 3)


def test_wins_less_losses_are_the_difference_of_the_accuracies():
    found = image_wins(PAIRS)
    right = [[(p.probabilities.argmax(1) == p.labels).sum() for p in pair] for pair in PAIRS]
    assert found.won - found.lost == sum(a - b for a, b in right)
    assert (found.images, found.replicates, found.answers) == (6, 3, 10)


def test_one_of_one_ranks_after_three_of_four():
    win, tie = (predicted(r1=0.9), predicted(r1=0.1)), (predicted(r1=0.9), predicted(r1=0.8))
    once = (predicted(r1=0.9, r2=0.99), predicted(r1=0.1, r2=0.01))
    assert [image.key for image in image_wins([once, win, win, tie]).wins] == ["r1", "r2"]


def test_equal_counts_are_ordered_by_the_gain_in_probability_then_by_name():
    pair = (predicted(r1=0.75, r3=1.0, r2=0.75), predicted(r1=0.25, r2=0.25, r3=0.0))
    assert [image.key for image in image_wins([pair]).wins] == ["r3", "r1", "r2"]


def test_an_answer_given_as_often_as_another_gives_way_to_the_more_probable():
    unsure = [(predicted(r1=0.9), predicted(r1=0.6)), (predicted(r1=0.9), predicted(r1=0.1))]
    assert image_wins(unsure).wins[0].answer_without == "daisy"


def test_trials_that_disagree_about_the_truth_are_refused():
    other = Predictions(("r1",), np.array([0]), np.array([[0.5, 0.5]], np.float32), CLASSES)
    with pytest.raises(LedgerError, match="'r1'"):
        image_wins([(predicted(r1=0.5), other)])


def test_without_a_finished_pair_there_is_nothing_to_count():
    with pytest.raises(StudyError, match="both variants"):
        image_wins([])


def test_only_seeds_that_both_arms_have_are_paired():
    assert paired({2: PAIRS[0][0], 1: PAIRS[1][0]}, {1: PAIRS[1][1], 3: PAIRS[2][1]}) == [PAIRS[1]]


def test_removals_and_additions_have_two_arms_and_others_say_why_not():
    assert two_arms(Contrast("-flip", "removal", {"": 1.0, "-flip": -1.0})) == ("", "-flip")
    assert two_arms(Contrast("+flip", "addition", {"bare": -1.0, "bare+flip": 1.0})) == ("bare+flip", "bare")
    with pytest.raises(StudyError, match="several variants"):
        two_arms(Contrast("a x b", "interaction", {"": 1.0, "-a": -1.0, "-b": -1.0, "-a -b": 1.0}))
    with pytest.raises(StudyError, match="several variants"):
        two_arms(Contrast("a", "share", {"": 1.0, "-a": -1.0}, by_seed={0: {"": 1.0, "-b": -1.0}}))


def test_confusion_counts_the_answers_to_each_class_over_all_trials():
    classes, counts = confusion([PAIRS[0][0], PAIRS[2][0]])
    assert classes == CLASSES
    assert counts == [[2, 2], [0, 3]]  # d1 d2 / d1 d3 called rose: d1, d3


def test_confusion_of_other_classes_is_refused():
    other = Predictions(("x",), np.array([0]), np.array([[1.0]], np.float32), ("tulip",))
    with pytest.raises(LedgerError, match="different classes"):
        confusion([PAIRS[0][0], other])
