from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.torch_version import TorchVersion

from flowerablate.contracts import BEST, LAST
from flowerablate.errors import TrainingError
from flowerablate.train.loop import EpochRecord, FitResult, Parts, Silent, load_best
from flowerablate.train.state import load_state

Train = Callable[..., FitResult]
MakeParts = Callable[..., Parts]
TIMES = {"seconds", "seconds_waited", "images_per_second"}


def numbers(result: FitResult) -> list[list[float]]:
    names = [field.name for field in fields(EpochRecord) if field.name not in TIMES]
    return [[getattr(record, name) for name in names] for record in result.history]


def weights(folder: Path, name: str = LAST) -> dict[str, Tensor]:
    return load_state(folder / name)["model"]


def assert_same(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    assert one.keys() == other.keys()
    for name, tensor in one.items():
        assert torch.equal(tensor, other[name]), name


class Interrupt(Silent):
    """Stands for Ctrl-C at a chosen step, or at the end of a chosen epoch when *step* is 0."""

    def __init__(self, epoch: int, step: int) -> None:
        self.at = epoch, step

    def step_done(self, epoch: int, step: int, steps: int) -> None:
        if (epoch, step) == self.at:
            raise KeyboardInterrupt

    def epoch_done(self, record: EpochRecord) -> None:
        if (record.epoch, 0) == self.at:
            raise KeyboardInterrupt


class ScriptedBatches:
    """Validation batches on which :class:`Scripted` is correct as often as prescribed for each epoch."""

    def __init__(self, rights: list[int], of: int = 4) -> None:
        self.rights, self.of, self.evaluations = rights, of, 0

    def __len__(self) -> int:
        return 1

    def epoch(self, number: int):
        assert number == 0
        right = self.rights[self.evaluations]
        self.evaluations += 1
        images = torch.zeros(self.of, 3, 8, 8)
        images[:right] = 1.0
        yield images, torch.ones(self.of, dtype=torch.int64)


class Scripted(nn.Module):
    """Says class 1 of bright images; its one weight tells checkpoints apart."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))

    def forward(self, images: Tensor) -> Tensor:
        sign = 2.0 * (images.mean(dim=(1, 2, 3)) > 0.5) - 1.0
        return torch.stack((-sign, sign), dim=1) + 0.0 * self.weight


def test_training_learns_and_records_every_epoch(tmp_path: Path, train: Train) -> None:
    result = train(tmp_path, epochs=4)
    assert [record.epoch for record in result.history] == [1, 2, 3, 4]
    assert result.history[-1].train_loss < result.history[0].train_loss
    assert result.best is not None
    assert result.best.validation_accuracy >= 0.9
    assert not result.collapsed
    assert result.seconds > 0
    assert result.images_per_second > 0


def test_equal_seeds_train_equally_and_the_global_random_state_has_no_say(tmp_path: Path, train: Train) -> None:
    torch.manual_seed(1)
    one = train(tmp_path / "one")
    torch.manual_seed(2)
    two = train(tmp_path / "two")
    other = train(tmp_path / "other", seed=4)
    assert numbers(one) == numbers(two) != numbers(other)
    assert_same(weights(tmp_path / "one"), weights(tmp_path / "two"))


FIRST = {((1, 2), "SGD", False), ((2, 0), "AdamW", True), ((3, 5), "AdamW", False), ((4, 0), "SGD", True)}
STOPS = [
    pytest.param(*case, marks=[] if case in FIRST else pytest.mark.slow)
    for case in itertools.product([(1, 2), (2, 0), (3, 5), (4, 0)], ["SGD", "AdamW"], [False, True])
]


@pytest.mark.parametrize(("at", "optimizer", "channels_last"), STOPS)
def test_interrupted_and_resumed_equals_uninterrupted_bit_for_bit(
    tmp_path: Path, train: Train, parts: MakeParts, at: tuple[int, int], optimizer: str, channels_last: bool
) -> None:
    options = {"channels_last": channels_last}
    whole = train(tmp_path / "whole", parts(optimizer=optimizer), **options)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "cut", parts(optimizer=optimizer), observer=Interrupt(*at), **options)
    known: list[EpochRecord] = []
    resumed = train(tmp_path / "cut", parts(optimizer=optimizer), resumed=known.append, **options)
    assert known == list(resumed.history[: len(known)])
    assert len(known) == at[0] - (at[1] > 0)
    assert numbers(resumed) == numbers(whole)
    assert resumed.best_epoch == whole.best_epoch
    for name in (LAST, BEST):
        assert_same(weights(tmp_path / "cut", name), weights(tmp_path / "whole", name))


def test_a_finished_training_is_not_trained_again(tmp_path: Path, train: Train, memory_batches: type) -> None:
    first = train(tmp_path)
    batches = memory_batches(40, 8, shuffle=True)
    again = train(tmp_path, train_batches=batches)
    assert again == first
    assert batches.asked == []


def test_epochs_are_numbered_from_one_and_the_loader_is_closed(
    tmp_path: Path, train: Train, memory_batches: type
) -> None:
    batches, validation = memory_batches(40, 8, shuffle=True), memory_batches(20, 8)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, train_batches=batches, validation_batches=validation, observer=Interrupt(3, 1))
    assert batches.asked == [1, 2, 3]
    assert validation.asked == [0, 0]
    assert batches.open == validation.open == 0


def test_the_observer_hears_of_each_step_and_of_each_saved_epoch(tmp_path: Path, train: Train) -> None:
    heard: list[object] = []

    class Listener:
        def step_done(self, epoch: int, step: int, steps: int) -> None:
            heard.append((epoch, step, steps))

        def epoch_done(self, record: EpochRecord) -> None:
            heard.append(record.epoch)
            assert len(load_state(tmp_path / LAST)["history"]) == record.epoch

    train(tmp_path, epochs=2, observer=Listener())
    steps = [(1, step, 5) for step in range(1, 6)], [(2, step, 5) for step in range(1, 6)]
    assert heard == [*steps[0], 1, *steps[1], 2]


@pytest.mark.parametrize(("rights", "best"), [([2, 4, 3], 2), ([3, 3, 3], 1), ([1, 2, 3], 3)])
def test_the_best_epoch_is_the_first_of_highest_validation_accuracy(
    tmp_path: Path, train: Train, rights: list[int], best: int
) -> None:
    model = Scripted()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scheduler = torch.optim.lr_scheduler.ConstantLR(optimizer)
    parts = Parts(model, optimizer, scheduler, nn.CrossEntropyLoss())
    result = train(tmp_path, parts, epochs=3, validation_batches=ScriptedBatches(rights))
    assert result.best_epoch == best
    assert load_state(tmp_path / BEST)["epoch"] == best


def test_of_equal_accuracies_the_lower_loss_wins(tmp_path: Path, train: Train) -> None:
    losses = iter([0.5, 0.2, 0.3])

    class Loss:
        def __call__(self, logits: Tensor, targets: Tensor) -> Tensor:
            return nn.functional.cross_entropy(logits, targets) if logits.requires_grad else torch.tensor(next(losses))

    model = Scripted()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    built = Parts(model, optimizer, torch.optim.lr_scheduler.ConstantLR(optimizer), Loss())
    result = train(tmp_path, built, epochs=3, validation_batches=ScriptedBatches([3, 3, 3]))
    assert result.best_epoch == 2


def test_load_best_brings_back_the_weights_of_the_best_epoch(tmp_path: Path, train: Train, parts: MakeParts) -> None:
    built = parts()
    result = train(tmp_path, built)
    for parameter in built.model.parameters():
        nn.init.zeros_(parameter)
    assert load_best(built.model, tmp_path) == result.best_epoch
    assert_same(dict(built.model.state_dict()), weights(tmp_path, BEST))


class NanFrom:
    """A loss that is not a number from its given call in training on."""

    def __init__(self, call: int) -> None:
        self.call, self.calls = call, 0

    def __call__(self, logits: Tensor, targets: Tensor) -> Tensor:
        self.calls += logits.requires_grad
        value = nn.functional.cross_entropy(logits, targets)
        return value * float("nan") if self.calls >= self.call else value


def test_a_loss_that_is_no_number_ends_the_training_as_collapsed(
    tmp_path: Path, train: Train, parts: MakeParts
) -> None:
    result = train(tmp_path, replace(parts(), loss=NanFrom(7)))
    assert result.collapsed
    assert result.collapsed_epoch == 2
    assert len(result.history) == 2
    assert result.best_epoch == 1
    assert all(torch.isfinite(tensor).all() for tensor in weights(tmp_path, BEST).values())
    again = train(tmp_path, parts())
    assert (again.collapsed_epoch, again.best_epoch) == (2, 1)


def test_a_collapse_in_the_first_epoch_leaves_the_initial_weights(
    tmp_path: Path, train: Train, parts: MakeParts
) -> None:
    result = train(tmp_path, replace(parts(), loss=NanFrom(2)))
    assert (result.collapsed_epoch, result.best_epoch, result.best) == (1, 0, None)
    model = parts().model
    initial = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    assert load_best(model, tmp_path) == 0
    assert_same(initial, dict(model.state_dict()))


def test_the_state_of_another_training_is_refused(tmp_path: Path, train: Train, parts: MakeParts) -> None:
    train(tmp_path, epochs=1)
    with pytest.raises(TrainingError, match=r"another training \(seed 3, .*asked for: seed 5,.*delete it"):
        train(tmp_path, seed=5, epochs=1)
    other = parts()
    other.model.head = nn.Linear(8, 3)
    with pytest.raises(TrainingError, match="weights of another model"):
        train(tmp_path, other, epochs=1)


def damage(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("harm", [damage, cut, empty, Path.unlink])
@pytest.mark.parametrize("name", [LAST, BEST])
def test_a_damaged_checkpoint_is_as_good_as_none(
    tmp_path: Path, train: Train, caplog: pytest.LogCaptureFixture, name: str, harm: Callable[[Path], None]
) -> None:
    whole = train(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "cut", observer=Interrupt(3, 1))
    harm(tmp_path / "cut" / name)
    again = train(tmp_path / "cut")
    assert numbers(again) == numbers(whole)
    assert again.best_epoch == whole.best_epoch
    for kept in (LAST, BEST):
        assert_same(weights(tmp_path / "cut", kept), weights(tmp_path / "whole", kept))
    lines = [record.getMessage() for record in caplog.records]
    if (name, harm) == (LAST, Path.unlink):
        assert lines == []
        return
    (line,) = lines
    assert name in line
    assert line.endswith("; training starts again")
    assert "\n" not in line


def test_a_damaged_checkpoint_is_gone_before_training_starts_again(
    tmp_path: Path, train: Train, caplog: pytest.LogCaptureFixture
) -> None:
    train(tmp_path, epochs=2)
    cut(tmp_path / LAST)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, epochs=2, observer=Interrupt(1, 1))
    assert not (tmp_path / LAST).exists()
    assert load_state(tmp_path / BEST)["epoch"] == 0
    assert len(caplog.records) == 1


def elsewhere(name: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make this look like another environment, and return its description."""
    if name == "torch":
        monkeypatch.setattr(torch, "__version__", TorchVersion("99.1.0"))
        return "torch 99.1.0"
    if name == "device":
        monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "ABACUS")
        return "device cpu ABACUS"
    threads = torch.get_num_threads() + 1
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    return f"threads {threads}"


@pytest.mark.parametrize("what", ["torch", "device", "threads"])
def test_what_was_trained_elsewhere_is_not_mixed_with_what_is_trained_here(
    tmp_path: Path,
    train: Train,
    memory_batches: type,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    what: str,
) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, observer=Interrupt(3, 1))
    here = elsewhere(what, monkeypatch)
    batches = memory_batches(40, 8, shuffle=True)
    train(tmp_path, train_batches=batches)
    assert batches.asked == [1, 2, 3, 4]
    (line,) = [record.getMessage() for record in caplog.records]
    before, after = line.split("here: ")
    assert "was trained in another environment" in before
    assert here not in before
    assert here in after
    assert line.endswith("; training starts again")
    train(tmp_path, train_batches=batches)
    assert batches.asked == [1, 2, 3, 4]


def test_no_batches_are_an_error(tmp_path: Path, train: Train, memory_batches: type) -> None:
    with pytest.raises(TrainingError, match="no whole batch"):
        train(tmp_path, train_batches=memory_batches(0, 8))
    with pytest.raises(TrainingError, match="no images to evaluate"):
        train(tmp_path, validation_batches=memory_batches(0, 8))


def test_channels_last_reaches_weights_and_images(tmp_path: Path, train: Train, parts: MakeParts) -> None:
    built = parts()
    seen = []
    built.model.register_forward_pre_hook(
        lambda model, inputs: seen.append(inputs[0].is_contiguous(memory_format=torch.channels_last))
    )
    train(tmp_path, built, epochs=1, channels_last=True)
    assert seen
    assert all(seen)
    assert built.model.body[0].weight.is_contiguous(memory_format=torch.channels_last)
