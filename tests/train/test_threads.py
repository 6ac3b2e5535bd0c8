from __future__ import annotations

import os
import subprocess
import sys

import pytest

from flowerablate.train.threads import wait_politely

SWITCHES = "GOMP_SPINCOUNT", "OMP_WAIT_POLICY"


def test_it_loads_no_torch_and_is_in_time_before_it() -> None:
    code = (
        "import sys; from flowerablate.train.threads import wait_politely; assert wait_politely();"
        "assert not {'torch', 'scipy'} & set(sys.modules)"
    )
    paths = [path for path in sys.path if path]
    subprocess.run([sys.executable, "-c", f"import sys; sys.path[:0] = {paths!r}; {code}"], check=True)


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SWITCHES:
        monkeypatch.setenv(name, "")  # so that what a test sets is undone after it
        monkeypatch.delenv(name)


def test_it_says_when_it_comes_too_late() -> None:
    import torch

    assert torch.__name__ in sys.modules
    assert not wait_politely()


def test_waiting_threads_spin_a_little_then_sleep() -> None:
    wait_politely()
    assert {name: os.environ.get(name) for name in SWITCHES} == {"GOMP_SPINCOUNT": "2000", "OMP_WAIT_POLICY": None}


@pytest.mark.parametrize(("name", "value"), [("OMP_WAIT_POLICY", "ACTIVE"), ("GOMP_SPINCOUNT", "7")])
def test_what_the_user_has_set_stays(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    wait_politely()
    assert {name: os.environ[name] for name in SWITCHES if name in os.environ} == {name: value}
