"""The texts of our components in ``flowerablate list`` have one style."""

import pytest

from flowerablate.contracts import SLOTS
from flowerablate.discovery import discover

NAMES = ("OpenCV", "Pillow")
"""Words that begin with a capital wherever they stand."""


@pytest.fixture(scope="module")
def specs():
    registry = discover().registry
    return [component.spec for slot in SLOTS for component in registry.slot(slot).values()]


def test_a_component_is_summed_up_in_a_sentence(specs):
    assert len(specs) > 100
    assert [spec.name for spec in specs if not spec.summary.endswith(".") or len(spec.summary) > 100] == []


def test_a_parameter_is_summed_up_in_a_phrase(specs):
    def is_phrase(text):
        return not text.endswith(".") and (not text[0].isupper() or text.startswith(NAMES))

    summaries = {param.summary for spec in specs for param in spec.params}
    assert len(summaries) > 150
    assert {text for text in summaries if not is_phrase(text)} == set()
