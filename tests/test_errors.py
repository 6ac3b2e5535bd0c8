"""An error is told in one line, whatever it says."""

import pytest

from flowerablate.errors import message_of, one_line


@pytest.mark.parametrize(
    ("error", "line", "first", "message"),
    [
        (
            ValueError("too  large\n  by far"),
            "ValueError: too large by far",
            "ValueError: too large",
            "too large by far",
        ),
        (ValueError("\n\n torn \nand more"), "ValueError: torn and more", "ValueError: torn", "torn and more"),
        (MemoryError(), "MemoryError", "MemoryError", "MemoryError"),
        (OSError(" \n "), "OSError", "OSError", "OSError"),
    ],
)
def test_an_error_is_one_line(error, line, first, message):
    assert one_line(error) == line
    assert one_line(error, first=True) == first
    assert message_of(error) == message
