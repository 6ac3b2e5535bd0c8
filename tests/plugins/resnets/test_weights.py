"""Weights to begin with: what fits is read, what does not is named, and nothing is ever unpickled or fetched twice."""

from __future__ import annotations

import logging
import pickle
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest
import torch
import torchvision
from flowerablate_resnets.weights import adapted
from safetensors.torch import save_file

from flowerablate.errors import StudyError


@pytest.fixture
def state() -> dict[str, torch.Tensor]:
    torch.manual_seed(7)
    made: dict[str, torch.Tensor] = torchvision.models.resnet18(weights=None, num_classes=10).state_dict()
    return made


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """torch's cache in a folder of the test, and a network that is down."""

    def down(*args: object, **kwargs: object) -> None:
        raise URLError("no route to host")

    monkeypatch.setattr("torch.hub.download_url_to_file", down)
    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path / "hub"))
    (tmp_path / "hub" / "checkpoints").mkdir(parents=True)
    return tmp_path / "hub" / "checkpoints"


FILE = "resnet18-f37072fd.pth"


@pytest.mark.parametrize("name", ["w.pth", "w.safetensors"])
def test_a_file_beside_the_study_is_read_and_only_its_head_replaced(
    build: Any, tmp_path: Path, state: Any, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    (torch.save if name.endswith("pth") else save_file)(state, tmp_path / name)
    caplog.set_level(logging.INFO)
    ours, fresh = build("resnet18", root=tmp_path, weights=name).state_dict(), build("resnet18").state_dict()
    for key, value in ours.items():
        expected = fresh[key] if key.startswith("fc.") else state[key]
        assert torch.equal(value, expected), key
    assert "its head for 10 classes is replaced by a new one" in caplog.text


def test_weights_within_a_checkpoint_and_of_as_many_classes_are_taken_whole(
    build: Any, tmp_path: Path, state: Any
) -> None:
    torch.save({"epoch": 3, "state_dict": state}, tmp_path / "w.pth")
    ours = build("resnet18", classes=10, root=tmp_path, weights="w.pth").state_dict()
    assert all(torch.equal(value, ours[key]) for key, value in state.items())


def test_a_grey_image_gives_what_it_gave_in_three_equal_channels(build: Any, tmp_path: Path, state: Any) -> None:
    torch.save(state, tmp_path / "w.pth")
    colour = build("resnet18", classes=10, root=tmp_path, weights="w.pth").eval()
    grey = build("resnet18", classes=10, channels=1, root=tmp_path, weights="w.pth").eval()
    images = torch.randn(2, 1, 64, 64)
    torch.testing.assert_close(grey(images), colour(images.expand(-1, 3, -1, -1)), rtol=1e-3, atol=1e-4)


def test_a_stem_for_more_channels_keeps_the_answer_to_an_even_image() -> None:
    weight = torch.rand(5, 3, 7, 7)
    four = adapted(weight, 4)
    assert four.shape == (5, 4, 7, 7)
    assert torch.equal(four[:, 3], weight[:, 0] * 0.75)
    six = adapted(weight, 6)
    torch.testing.assert_close(six.sum(1), weight.sum(1))
    assert adapted(weight, 3) is weight


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "does not exist; check the path .a relative path begins at the study's folder"),
        (lambda path: path.write_bytes(b"no weights"), "cannot be read .* must be a safetensors file or a state dict"),
        (lambda path: path.write_bytes(pickle.dumps(Path("x"))), "cannot be read"),
        (lambda path: torch.save([1, 2], path), "does not hold weights"),
        (lambda path: torch.save({"a": torch.ones(1)}, path), r"is missing, .* and \d+ more; use the network"),
    ],
    ids=["absent", "garbage", "a pickle", "a list", "another network"],
)
def test_a_file_that_cannot_be_used_is_named_with_the_cure(build: Any, tmp_path: Path, make: Any, message: str) -> None:
    make(tmp_path / "w.pth")
    with pytest.raises(StudyError, match=f"model.weights: .*w.pth.*{message}") as caught:
        build("resnet18", root=tmp_path, weights="w.pth")
    assert "\n" not in str(caught.value)


def test_weights_of_another_width_are_refused_by_shape(build: Any, tmp_path: Path, state: Any) -> None:
    torch.save(state, tmp_path / "w.pth")
    with pytest.raises(StudyError, match=r"conv1.weight is \[64, 3, 7, 7\], not \[32, 3, 7, 7\]"):
        build("resnet18", width=32, root=tmp_path, weights="w.pth")


def test_pretrained_takes_torchvisions_file(build: Any, hub: Path, state: Any) -> None:
    torch.save(state, hub / FILE)
    ours = build("resnet18", pretrained=True, dropout=0.1, drop_path=0.1, stem_stride=1).state_dict()
    assert all(torch.equal(value, ours[key]) for key, value in state.items() if not key.startswith("fc."))


def test_without_a_network_the_cure_is_said_in_one_line(build: Any, hub: Path) -> None:
    with pytest.raises(StudyError, match=rf"{FILE} could not be fetched .*no route.* put it into {hub}$") as caught:
        build("resnet18", pretrained=True)
    assert "\n" not in str(caught.value)


def test_a_damaged_download_is_named(build: Any, hub: Path) -> None:
    (hub / FILE).write_bytes(b"half of it")
    with pytest.raises(StudyError, match=rf"{FILE} is damaged .*; delete it and try again"):
        build("resnet18", pretrained=True)


def test_a_download_with_a_wrong_hash_is_refused(
    build: Any, hub: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(url: str, file: str, hash_prefix: str | None, progress: bool) -> None:
        assert hash_prefix == "f37072fd"
        raise RuntimeError("invalid hash value")

    monkeypatch.setattr("torch.hub.download_url_to_file", wrong)
    with pytest.raises(StudyError, match="invalid hash value"):
        build("resnet18", pretrained=True)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"skip": False}, "model.skip; leave it"),
        ({"norm": "group", "blur": True}, "model.blur and model.norm; leave them"),
    ],
    ids=str,
)
def test_features_that_contradict_pretrained_weights_are_named(
    build: Any, hub: Path, changes: dict[str, Any], named: str
) -> None:
    with pytest.raises(StudyError, match=f"do not fit a changed {named} at the default"):
        build("resnet18", pretrained=True, **changes)


def test_two_sources_of_weights_are_refused(build: Any) -> None:
    with pytest.raises(StudyError, match="set one of them"):
        build("resnet18", pretrained=True, weights="w.pth")


def test_where_a_checkpoint_follows_nothing_is_read(build: Any, hub: Path) -> None:
    assert build("resnet18", pretrained=True, read=False)
    assert build("resnet18", weights="absent.pth", read=False)


def test_pretrained_names_a_version_that_torchvision_has(specs: Any) -> None:
    for name, spec in specs.items():
        if spec.param("pretrained"):
            assert torchvision.models.get_model_weights(name)
    assert not specs["resnet8"].param("pretrained")
