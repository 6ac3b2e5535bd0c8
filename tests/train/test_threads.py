from __future__ import annotations

import os
import subprocess
import sys

import pytest

from flowerablate.train.threads import wait_politely


def test_it_loads_no_torch_and_is_in_time_before_it() -> None:
    code = (
        "import sys; from flowerablate.train.threads import wait_politely; assert wait_politely();"
        "assert not {'torch', 'scipy'} & set(sys.modules)"
    )
    paths = [path for path in sys.path if path]
    subprocess.run([sys.executable, "-c", f"import sys; sys.path[:0] = {paths!r}; {code}"], check=True)


def test_it_says_when_it_comes_too_late(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    assert torch.__name__ in sys.modules
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    assert not wait_politely()
    assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"


def test_a_policy_of_the_users_own_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    wait_politely()
    assert os.environ["OMP_WAIT_POLICY"] == "ACTIVE"
