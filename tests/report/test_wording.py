from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowerablate.report.phrases import ascii_only, duration, printable, quantity


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "—"),
        (0, "0.0s"),
        (4.24, "4.2s"),
        (9.96, "10s"),
        (99, "99s"),
        (100, "1.7m"),
        (2000, "33m"),
        (7200, "2.0h"),
    ],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (None, "—"),
        (0.5, "0.5"),
        (0.0004, "4e-04"),
        (-7.21, "-7.2"),
        (45.31, "45.3"),
        (99.97, "100"),
        (0, "0"),
        (999, "999"),
        (1000, "1k"),
        (272_474, "272k"),
        (999_499, "999k"),
        (999_500, "1.0M"),
        (11_181_642, "11.2M"),
        (150_000_000, "150M"),
        (999_600_000, "1.0G"),
    ],
)
def test_quantities(number: int | None, text: str) -> None:
    assert quantity(number) == text


@given(st.floats(0, 99 * 3600), st.integers(0, 10**11))
def test_costs_take_at_most_five_characters(seconds: float, number: int) -> None:
    assert len(duration(seconds)) <= 5
    assert len(quantity(number)) <= 5


@given(st.text())
def test_printable_text_is_one_visible_line(text: str) -> None:
    assert printable(text).isprintable()
    assert len(printable(text)) == len(text)


@given(st.text())
def test_ascii_text_is_ascii(text: str) -> None:
    assert ascii_only(text).isascii()
