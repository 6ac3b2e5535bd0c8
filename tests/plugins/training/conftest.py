from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flowerablate.discovery import discover


@pytest.fixture(autouse=True)
def quiet_machine(one_thread: None) -> None:
    """Networks this small are slowed down by threads, and by far on a busy machine."""


@pytest.fixture(scope="session")
def registry() -> Any:
    return discover().registry


@pytest.fixture(scope="session")
def build(registry: Any) -> Callable[..., Any]:
    """Builds a component with its defaults, but for the settings given."""

    def run(slot: str, name: str, context: Any, **changes: Any) -> Any:
        spec = registry.find(slot, name).spec
        params = {param.name: param.default for param in spec.params}
        assert changes.keys() <= params.keys()
        return spec.build(context, **(params | changes))

    return run
