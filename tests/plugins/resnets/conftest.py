from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from torch import nn

from flowerablate.contracts import ComponentSpec, ModelContext
from flowerablate.discovery import discover
from flowerablate.train.keyed_init import build_keyed


@pytest.fixture(autouse=True)
def quiet_machine(one_thread: None) -> None:
    """Networks this small are slowed down by threads, and by far on a busy machine."""


@pytest.fixture(scope="session")
def specs() -> dict[str, ComponentSpec]:
    components = discover().registry.slot("model")
    return {name: component.spec for name, component in components.items() if component.owner.plugin == "resnets"}


@pytest.fixture(scope="session")
def build(specs: dict[str, ComponentSpec]) -> Callable[..., nn.Module]:
    """``build(name, classes=3, channels=3, root=Path(), **changes)``: a network with the initial values of seed 0."""

    def run(
        name: str, *, classes: int = 3, channels: int = 3, root: Path = Path(), read: bool = True, **changes: Any
    ) -> nn.Module:
        params = {param.name: param.default for param in specs[name].params} | changes
        context = ModelContext(classes, channels, 64, root, read)
        return build_keyed(lambda: specs[name].build(context, **params), 0)

    return run
