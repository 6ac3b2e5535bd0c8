"""Durations as users write and read them."""

import pytest

from flowerablate.durations import in_units, seconds_of
from flowerablate.errors import StudyError


@pytest.mark.parametrize(
    ("text", "seconds"), [("2h", 7200), ("90m", 5400), ("1h30m", 5400), ("45s", 45), ("0.5h", 1800), ("1h5s", 3605)]
)
def test_times_are_read_as_they_are_written(text, seconds):
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "2", "2 hours", "30m1h", "-1h", "0s", "h"])
def test_what_is_no_time_is_refused_with_an_example(text):
    with pytest.raises(StudyError, match="such as 2h, 90m"):
        seconds_of(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.31, "0.3 s"),
        (0.96, "1 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (61, "1 min 1 s"),
        (3599.7, "1 h"),
        (7200, "2 h"),
        (3905, "1 h 5 min"),
        (360000, "100 h"),
    ],
)
def test_a_duration_is_shown_in_its_two_largest_units(seconds, text):
    assert in_units(seconds) == text
