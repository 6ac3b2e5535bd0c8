"""An error is told in one line, whatever it says."""

import pytest

from flowerablate.errors import cause_of, message_of, one_line, without_cure


class MuteError(Exception):
    def __str__(self):
        raise ValueError("no text")


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
        (MuteError(), "MuteError", "MuteError", "MuteError"),
    ],
)
def test_an_error_is_one_line(error, line, first, message):
    assert one_line(error) == line
    assert one_line(error, first=True) == first
    assert message_of(error) == message


def test_the_cure_is_left_out_where_another_follows():
    assert (
        without_cure("a.bin is damaged (checksum); get it again; or run the trial again")
        == "a.bin is damaged (checksum)"
    )
    assert without_cure("there is none") == "there is none"


def test_what_the_system_refuses_is_told_in_its_words():
    assert cause_of(PermissionError(13, "Permission denied", "/x")) == "permission denied"
    assert cause_of(OSError("a  lock\nis held")) == "a lock is held"


def test_a_line_without_end_loses_its_middle():
    line = one_line(ValueError("begins" + "m" * 5_000_000 + "ends"))
    assert len(line) < 1000
    assert line.startswith("ValueError: beginsm")
    assert line.endswith("mends")
