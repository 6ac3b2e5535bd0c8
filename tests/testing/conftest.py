from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def quiet_machine(one_thread):
    """Networks this small are slowed down by threads, and by far on a busy machine."""
