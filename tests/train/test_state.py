from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save, save_file

from flowerablate.errors import TrainingError
from flowerablate.train.state import FORMAT, _digest, load_state, save_state

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text() | st.integers() | st.floats(allow_nan=False), inner, max_size=3)
    ),
    max_leaves=12,
)


def round_trip(path: Path, state: dict[str, Any]) -> dict[str, Any]:
    save_state(path, state)
    return load_state(path)


@given(state=st.dictionaries(st.text(), plain, max_size=4))
def test_plain_values_come_back_exactly(tmp_path_factory: pytest.TempPathFactory, state: dict[str, Any]) -> None:
    back = round_trip(tmp_path_factory.mktemp("state") / "a.safetensors", state)
    assert repr(back) == repr(state)


def test_numbers_that_are_not_finite_come_back(tmp_path: Path) -> None:
    back = round_trip(tmp_path / "a", {"a": [math.inf, -math.inf, math.nan, -0.0, 0.1 + 0.2]})["a"]
    assert back[:2] == [math.inf, -math.inf]
    assert math.isnan(back[2])
    assert math.copysign(1, back[3]) == -1
    assert back[4] == 0.1 + 0.2


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.int64, torch.uint8, torch.bool])
@pytest.mark.parametrize("shape", [(), (0,), (5,), (2, 3, 4, 5)], ids=str)
def test_tensors_come_back_exactly(tmp_path: Path, dtype: torch.dtype, shape: tuple[int, ...]) -> None:
    tensor = (torch.randn(shape) * 3).to(dtype)
    back = round_trip(tmp_path / "a", {"nested": [{"x": tensor}], 3: tensor})
    for copy in (back["nested"][0]["x"], back[3]):
        assert copy.dtype == dtype
        assert copy.shape == tensor.shape
        assert torch.equal(copy, tensor)


@pytest.mark.parametrize("shape", [(4, 3, 3, 3), (4, 3, 1, 1), (4, 1, 3, 3)], ids=str)
def test_the_layout_of_tensors_comes_back(tmp_path: Path, shape: tuple[int, ...]) -> None:
    tensor = torch.randn(shape).to(memory_format=torch.channels_last)
    back = round_trip(tmp_path / "a", {"x": tensor, "y": tensor.contiguous()})
    assert back["x"].stride() == tensor.stride()
    assert back["y"].stride() == tensor.contiguous().stride()
    assert torch.equal(back["x"], tensor)


def test_names_that_look_alike_are_kept_apart(tmp_path: Path) -> None:
    state = {"a/b": torch.zeros(1), "a": {"b": torch.ones(1), "": torch.full((1,), 2.0)}}
    back = round_trip(tmp_path / "a", state)
    assert (back["a/b"].item(), back["a"]["b"].item(), back["a"][""].item()) == (0.0, 1.0, 2.0)


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.AdamW, torch.optim.RMSprop])
def test_the_state_of_an_optimizer_and_its_schedule_comes_back(tmp_path: Path, optimizer: type) -> None:
    weight = torch.nn.Parameter(torch.randn(3, 2))
    built = optimizer([weight], lr=0.1, **({} if optimizer is torch.optim.AdamW else {"momentum": 0.9}))
    schedule = torch.optim.lr_scheduler.OneCycleLR(built, 0.1, total_steps=9, cycle_momentum=False)
    weight.sum().backward()
    built.step()
    schedule.step()
    state = {"optimizer": built.state_dict(), "schedule": schedule.state_dict()}
    assert repr(round_trip(tmp_path / "a", state)) == repr(state)


def test_what_cannot_be_saved_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="cannot save /a/1: a object"):
        save_state(tmp_path / "a", {"a": [0, object()]})
    with pytest.raises(TrainingError, match="cannot save /a: a key is a tuple"):
        save_state(tmp_path / "a", {"a": {(1, 2): 3}})
    assert list(tmp_path.iterdir()) == []


def test_changed_foreign_and_missing_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save_state(path, {"x": torch.zeros(64), "epoch": 12})
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + b"\x01")
    with pytest.raises(TrainingError, match="was changed"):
        load_state(path)
    path.write_bytes(whole.replace(b"12", b"13", 1))
    with pytest.raises(TrainingError, match="was changed"):
        load_state(path)
    path.write_bytes(whole[:100])
    with pytest.raises(TrainingError, match="is not a checkpoint or is damaged"):
        load_state(path)
    path.write_bytes(b"")
    with pytest.raises(TrainingError, match="is not a checkpoint or is damaged"):
        load_state(path)
    save_file({"x": torch.zeros(3)}, path)
    with pytest.raises(TrainingError, match="not a checkpoint of flowerablate"):
        load_state(path)
    with pytest.raises(FileNotFoundError):
        load_state(tmp_path / "none")


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.safetensors"
    save_state(path, {"epoch": 1})

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save_state(path, {"epoch": 2})
    assert load_state(path) == {"epoch": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_a_text_like_the_place_of_the_digest_comes_back_as_it_was(tmp_path):
    state = {"advice": "?" * 64, "weights": torch.ones(3)}
    save_state(tmp_path / "state.safetensors", state)
    assert load_state(tmp_path / "state.safetensors")["advice"] == "?" * 64


@pytest.mark.parametrize(
    "text",
    [
        '{"x": {"": "tensor", "name": "absent", "stride": null}}',
        '{"x": {"": "tensor", "name": "a", "stride": [1, 2, 3]}}',
        '{"x": {"": "tensor", "name": "a", "stride": [1000000000000]}}',
        '{"x": {"": "pairs", "pairs": [1]}}',
        "[1]",
        "no JSON",
    ],
)
def test_a_file_that_somebody_made_up_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    tensors = {"a": torch.zeros(2)}
    metadata = {"format": FORMAT, "state": text, "digest": _digest(text, tensors)}
    (tmp_path / "made.safetensors").write_bytes(save(tensors, metadata))
    with pytest.raises(TrainingError, match=r"made\.safetensors .*; delete it"):
        load_state(tmp_path / "made.safetensors")
