from flowerablate.report.figures import pareto_front
from flowerablate.report.html.document import CostPoint


def point(label: str, seconds: float, value: float) -> CostPoint:
    return CostPoint(label, label, seconds, value)


def labels(points, **options) -> str:
    return "".join(point.label for point in pareto_front(points, **options))


POINTS = [point("d", 4, 0.9), point("a", 1, 0.5), point("c", 3, 0.6), point("b", 2, 0.7)]


def test_the_front_holds_what_nothing_else_beats_in_time_and_metric():
    assert labels(POINTS, lower_is_better=False) == "abd"


def test_for_a_loss_the_front_goes_the_other_way():
    assert labels(POINTS, lower_is_better=True) == "a"
    assert labels([point("a", 1, 0.9), point("b", 2, 0.5)], lower_is_better=True) == "ab"


def test_of_two_in_the_same_time_the_better_one_counts_and_of_equals_the_first():
    assert labels([point("a", 1, 0.5), point("b", 1, 0.6)], lower_is_better=False) == "b"
    assert labels([point("a", 1, 0.5), point("b", 1, 0.5)], lower_is_better=False) == "a"
