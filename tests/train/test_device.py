from __future__ import annotations

import platform
import sys

import pytest
import torch
from torch import nn

from flowerablate.errors import TrainingError
from flowerablate.train.device import environment, keep_memory, pick_device, prepare_process, to_device


def test_auto_picks_cuda_where_there_is_one() -> None:
    assert pick_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert pick_device("cpu") == torch.device("cpu")


@pytest.mark.parametrize("name", ["gpu", "mps", "meta", "cuda:99", ""])
def test_devices_that_are_not_there_are_refused(name: str) -> None:
    with pytest.raises(TrainingError, match="device"):
        pick_device(name)


def test_preparing_makes_torch_deterministic_with_the_threads_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    try:
        prepare_process(threads=1)
        assert torch.are_deterministic_algorithms_enabled()
        assert torch.get_num_threads() == 1
        prepare_process()
        assert torch.get_num_threads() == 1
        assert environment(torch.device("cpu"))["threads"] == "1"
    finally:
        torch.set_num_threads(before[0])
        torch.use_deterministic_algorithms(before[1])


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can keep memory")
def test_memory_is_kept_with_glibc() -> None:
    assert keep_memory()


def test_memory_is_left_alone_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not keep_memory()


def test_to_device_works_in_place() -> None:
    layer = nn.Conv2d(3, 4, 3)
    weight = layer.weight
    assert to_device(layer, torch.device("cpu"), channels_last=True) is layer
    assert layer.weight is weight
    assert weight.is_contiguous(memory_format=torch.channels_last)


def test_the_environment_is_told_in_plain_words() -> None:
    facts = environment(torch.device("cpu"))
    assert facts["torch"] == torch.__version__
    assert facts["device"] == "cpu"
    assert all(isinstance(value, str) and value for value in facts.values())
