"""Each setting of a recipe acts as documented, and a training with all of them resumes bit for bit."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from flowerablate.contracts import BEST, LAST
from flowerablate.errors import TrainingError
from flowerablate.train import loop
from flowerablate.train.evaluate import Evaluation, evaluate
from flowerablate.train.loop import EpochRanking, EpochRecord, FitResult, Parts, Recipe, Silent, load_best
from flowerablate.train.precision import check_precision
from flowerablate.train.state import load_state

Train = Callable[..., FitResult]
MakeParts = Callable[..., Parts]


def state(folder: Path, name: str = LAST) -> dict[str, Tensor]:
    return load_state(folder / name)["model"]


def assert_same(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> None:
    assert one.keys() == other.keys()
    for name, tensor in one.items():
        assert torch.equal(tensor, other[name]), name


def linear(lr: float = 0.1) -> Parts:
    """A model without normalisation or dropout, so that batches add up."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 8, 2))
    with torch.no_grad():
        model[1].weight.copy_(torch.linspace(-0.01, 0.01, 384).view(2, 192))
        model[1].bias.zero_()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    return Parts(model, optimizer, torch.optim.lr_scheduler.ConstantLR(optimizer, 1.0), nn.CrossEntropyLoss())


def plateau(parts: Parts) -> Parts:
    waiting = torch.optim.lr_scheduler.ReduceLROnPlateau(parts.optimizer, factor=0.5, patience=0)
    return replace(parts, scheduler=waiting)


class StopAfter(Silent):
    """Stands for a kill at the end of an epoch, or in the middle of the next one."""

    def __init__(self, epoch: int, step: int = 0) -> None:
        self.at = epoch, step

    def step_done(self, epoch: int, step: int, steps: int) -> None:
        if self.at[1] and (epoch, step) == self.at:
            raise KeyboardInterrupt

    def epoch_done(self, record: EpochRecord) -> None:
        if (record.epoch, 0) == self.at:
            raise KeyboardInterrupt


class Scores:
    """A metric with a prescribed value for each evaluation."""

    def __init__(self, *values: float) -> None:
        self.values = iter(values)

    def __call__(self, seen: Evaluation) -> dict[str, float]:
        return {"score": next(self.values)}


RECIPES = {
    "accumulate": Recipe(accumulate=2),
    "average": Recipe(ema=0.9),
    "bfloat16": Recipe(precision="bfloat16"),
    "float16": Recipe(precision="float16"),
    "clip": Recipe(clip_norm=0.5, clip_value=0.05),
    "all": Recipe("float16", accumulate=3, clip_norm=0.5, clip_value=0.05, ema=0.9, patience=3),
}


@pytest.fixture
def float16_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks as small as these can be computed in float16 on the CPU too."""
    monkeypatch.setattr(loop, "check_precision", lambda precision, device: None)


@pytest.mark.parametrize("at", [pytest.param((1, 0), marks=pytest.mark.slow), (3, 2)], ids=str)
@pytest.mark.parametrize(
    ("name", "waits"),
    [
        *(pytest.param(name, False, id=f"{name}-schedule") for name in RECIPES),
        pytest.param("all", True, id="all-plateau"),
    ],
)
@pytest.mark.usefixtures("float16_anywhere")
def test_a_training_that_was_killed_goes_on_bit_for_bit(
    tmp_path: Path, train: Train, parts: MakeParts, name: str, waits: bool, at: tuple[int, int]
) -> None:
    def built() -> Parts:
        return plateau(parts(optimizer="AdamW")) if waits else parts(optimizer="AdamW")

    whole = train(tmp_path / "whole", built(), recipe=RECIPES[name])
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "cut", built(), recipe=RECIPES[name], observer=StopAfter(*at))
    resumed = train(tmp_path / "cut", built(), recipe=RECIPES[name])
    assert len(resumed.history) == len(whole.history)
    assert (resumed.best_epoch, resumed.merit, resumed.stopped) == (whole.best_epoch, whole.merit, whole.stopped)
    for checkpoint in (LAST, BEST):
        assert_same(state(tmp_path / "cut", checkpoint), state(tmp_path / "whole", checkpoint))
    one, other = load_state(tmp_path / "cut" / LAST), load_state(tmp_path / "whole" / LAST)
    assert one["scheduler"] == other["scheduler"]
    assert one["stepper"]["scaler"] == other["stepper"]["scaler"]
    if RECIPES[name].ema:
        assert_same(one["stepper"]["average"]["model"], other["stepper"]["average"]["model"])
        assert one["stepper"]["average"]["updates"] == other["stepper"]["average"]["updates"] > 0


@pytest.mark.usefixtures("float16_anywhere")
def test_the_scale_of_float16_is_state_that_matters(tmp_path: Path, train: Train) -> None:
    """A loss so large that its first, scaled gradients overflow: the scale falls, and stays so in a resumed run."""
    built = replace(linear(1e-6), loss=lambda logits, labels: 1e3 * nn.functional.cross_entropy(logits, labels))
    train(tmp_path, built, epochs=1, recipe=Recipe(precision="float16"))
    assert load_state(tmp_path / LAST)["stepper"]["scaler"]["scale"] < 65536


def test_batches_that_are_accumulated_make_the_step_of_one_large_batch(
    tmp_path: Path, train: Train, memory_batches: type
) -> None:
    train(tmp_path / "large", linear(), train_batches=memory_batches(48, 24), epochs=3)
    train(tmp_path / "small", linear(), train_batches=memory_batches(48, 8), epochs=3, recipe=Recipe(accumulate=3))
    large, small = state(tmp_path / "large"), state(tmp_path / "small")
    for name, tensor in large.items():
        assert torch.allclose(tensor, small[name], rtol=1e-5, atol=1e-7), name
    train(tmp_path / "plain", linear(), train_batches=memory_batches(48, 8), epochs=3)
    assert not torch.allclose(state(tmp_path / "plain")["1.weight"], large["1.weight"], rtol=1e-3)


def test_the_last_step_of_an_epoch_is_the_mean_of_the_batches_that_are_left(
    tmp_path: Path, train: Train, memory_batches: type
) -> None:
    """Five batches, four together: the second step is that of the fifth batch alone."""
    built = linear()
    seen: list[Tensor] = []
    built.optimizer.register_step_pre_hook(lambda *_: seen.append(built.model[1].weight.grad.clone()))
    batches = memory_batches(40, 8)
    train(tmp_path, built, train_batches=batches, epochs=1, recipe=Recipe(accumulate=4))
    assert len(seen) == 2
    assert built.scheduler.last_epoch == 2
    again = linear()
    for number, part in enumerate((slice(0, 32), slice(32, 40))):
        again.optimizer.zero_grad()
        nn.functional.cross_entropy(again.model(batches.images[part]), batches.labels[part]).backward()
        assert torch.allclose(seen[number], again.model[1].weight.grad, rtol=1e-4, atol=1e-6)
        again.optimizer.step()


@pytest.mark.parametrize(
    ("recipe", "largest", "norm"),
    [(Recipe(clip_value=0.01), 0.01, math.inf), (Recipe(clip_norm=0.1), math.inf, 0.1)],
    ids=["value", "norm"],
)
def test_gradients_are_limited_before_the_step(
    tmp_path: Path, train: Train, recipe: Recipe, largest: float, norm: float
) -> None:
    def sizes(folder: Path, recipe: Recipe) -> list[tuple[float, float]]:
        built = linear()
        seen: list[tuple[float, float]] = []

        def look(*_: object) -> None:
            gradients = torch.cat([parameter.grad.flatten() for parameter in built.model.parameters()])
            seen.append((float(gradients.abs().max()), float(gradients.norm())))

        built.optimizer.register_step_pre_hook(look)
        train(folder, built, epochs=1, recipe=recipe)
        return seen

    free, limited = sizes(tmp_path / "free", Recipe()), sizes(tmp_path / "limited", recipe)
    assert any(value > largest or length > norm for value, length in free)
    assert all(value <= largest * 1.001 and length <= norm * 1.001 for value, length in limited)


@pytest.mark.usefixtures("float16_anywhere")
def test_gradients_of_float16_are_limited_without_their_scale(tmp_path: Path, train: Train) -> None:
    built = linear()
    norms: list[float] = []
    built.optimizer.register_step_pre_hook(lambda *_: norms.append(float(built.model[1].weight.grad.norm())))
    train(tmp_path, built, epochs=1, recipe=Recipe(precision="float16", clip_norm=1e6))
    assert 0 < max(norms) < 100


@pytest.mark.parametrize("precision", ["bfloat16", "float32"])
def test_the_model_computes_in_the_precision_and_its_weights_stay_float32(
    tmp_path: Path, train: Train, parts: MakeParts, precision: str
) -> None:
    built = parts()
    kinds: dict[bool, set[torch.dtype]] = {True: set(), False: set()}
    losses: set[torch.dtype] = set()
    built.model.head.register_forward_hook(lambda _, __, out: kinds[built.model.training].add(out.dtype))

    def loss(logits: Tensor, labels: Tensor) -> Tensor:
        losses.add(logits.dtype)
        return nn.functional.cross_entropy(logits, labels)

    train(tmp_path, replace(built, loss=loss), epochs=1, recipe=Recipe(precision=precision))
    expected = {getattr(torch, precision)}
    assert kinds == {True: expected, False: expected}
    assert losses == {torch.float32}
    assert all(tensor.dtype != torch.bfloat16 for tensor in state(tmp_path, BEST).values())


def test_float16_without_a_gpu_is_refused_before_anything_is_written(tmp_path: Path, train: Train) -> None:
    with pytest.raises(TrainingError, match="float16 needs a GPU; choose bfloat16 or float32"):
        train(tmp_path / "run", recipe=Recipe(precision="float16"))
    assert not (tmp_path / "run").exists()
    with pytest.raises(
        TrainingError, match=r"unknown train\.precision 'float8'; choose from: float32, bfloat16, float16"
    ):
        check_precision("float8", torch.device("cpu"))


def test_the_average_is_what_is_validated_and_kept(
    tmp_path: Path, train: Train, parts: MakeParts, memory_batches: type
) -> None:
    built = parts()
    result = train(tmp_path, built, epochs=3, recipe=Recipe(ema=0.99))
    kept = load_state(tmp_path / LAST)["stepper"]["average"]["model"]
    assert not torch.equal(kept["head.weight"], state(tmp_path)["head.weight"])
    assert not torch.equal(kept["body.1.running_mean"], state(tmp_path)["body.1.running_mean"])
    assert int(kept["body.1.num_batches_tracked"]) == 15
    if result.best_epoch == 3:
        assert_same(kept, state(tmp_path, BEST))
    load_best(built.model, tmp_path)
    seen = evaluate(built.model, memory_batches(20, 8), built.loss)
    best = result.best
    assert best is not None
    assert (seen.loss, seen.accuracy) == (best.validation_loss, best.validation_accuracy)


def test_the_average_is_the_recursion_of_its_formula(tmp_path: Path, train: Train) -> None:
    built = linear()
    path = [built.model[1].weight.detach().clone()]
    built.optimizer.register_step_post_hook(lambda *_: path.append(built.model[1].weight.detach().clone()))
    train(tmp_path, built, epochs=2, recipe=Recipe(ema=0.4))
    expected = path[0].double()
    for update, weight in enumerate(path[1:], start=1):
        kept = min(0.4, (1 + update) / (10 + update))
        expected = kept * expected + (1 - kept) * weight.double()
    average = load_state(tmp_path / LAST)["stepper"]["average"]["model"]["1.weight"]
    assert torch.allclose(average.double(), expected, atol=1e-7)


def test_patience_ends_a_training_and_says_why(tmp_path: Path, train: Train) -> None:
    options = {"epochs": 9, "recipe": Recipe(patience=2)}
    ranking = EpochRanking("score", measure=Scores(0.1, 0.3, 0.2, 0.25, 0.9))
    result = train(tmp_path, linear(), ranking=ranking, **options)
    assert (result.best_epoch, len(result.history), result.collapsed) == (2, 4, False)
    assert result.stopped == "no improvement of score over epoch 2 (patience 2)"
    assert train(tmp_path, linear(), ranking=EpochRanking("score", measure=Scores()), **options) == result


@pytest.mark.parametrize(
    ("ranking", "best"),
    [
        (EpochRanking("score", measure=Scores(0.1, math.nan, 0.5, 0.2)), 3),
        (EpochRanking("score", lower_is_better=True, measure=Scores(0.4, math.nan, 0.3, 0.5)), 3),
        (EpochRanking("score", measure=Scores(math.nan, math.nan, 0.1, 0.0)), 3),
    ],
    ids=["higher", "lower", "undefined at first"],
)
def test_the_best_epoch_is_chosen_by_the_metric_that_is_asked_for(
    tmp_path: Path, train: Train, ranking: EpochRanking, best: int
) -> None:
    result = train(tmp_path, ranking=ranking)
    assert result.best_epoch == best
    assert result.history[best - 1].metrics["score"] == result.merit[0] * (-1 if ranking.lower_is_better else 1)


def test_by_loss_the_best_epoch_has_the_lowest_validation_loss(tmp_path: Path, train: Train) -> None:
    result = train(tmp_path, linear(), ranking=EpochRanking("loss"), epochs=5)
    losses = [record.validation_loss for record in result.history]
    assert losses[result.best_epoch - 1] == min(losses)


def test_a_schedule_that_waits_for_a_plateau_hears_the_validation_loss_once_an_epoch(
    tmp_path: Path, train: Train, parts: MakeParts
) -> None:
    built = plateau(parts(lr=0.0))
    result = train(tmp_path, built)
    # Nothing is learned at a rate of 0, but batch normalisation still follows the images.
    assert built.scheduler.last_epoch == 4
    assert built.scheduler.best == min(record.validation_loss for record in result.history)


def test_a_plateau_lowers_the_rate(tmp_path: Path, train: Train) -> None:
    flat = replace(plateau(linear(lr=0.8)), loss=lambda logits, labels: (logits * 0).sum())
    result = train(tmp_path, flat)
    assert [record.learning_rate for record in result.history] == [0.8, 0.8, 0.4, 0.2]


class Broken(nn.Module):
    """Its outputs are infinite from a given call in training on."""

    def __init__(self, call: int) -> None:
        super().__init__()
        self.head, self.call, self.calls = nn.Linear(192, 2), call, 0

    def forward(self, images: Tensor) -> Tensor:
        self.calls += self.training
        return self.head(images.flatten(1)) * (math.inf if self.calls >= self.call else 1.0)


def trained(model: nn.Module, loss: Callable[[Tensor, Tensor], Tensor] = nn.functional.cross_entropy) -> Parts:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    return Parts(model, optimizer, torch.optim.lr_scheduler.ConstantLR(optimizer), loss)


def test_a_loss_that_is_not_finite_stops_at_once_with_the_batch_and_advice(tmp_path: Path, train: Train) -> None:
    model = Broken(7)
    result = train(tmp_path, trained(model))
    assert model.calls == 7
    assert result.collapsed_epoch == 2
    assert result.stopped == (
        "the loss was not finite at batch 2 of epoch 2: the model's outputs overflowed; "
        "lower optimizer.lr, warm up, or set train.clip_norm=1"
    )
    last = result.history[-1]
    assert math.isnan(last.validation_loss)
    assert last.metrics == {}
    assert all(torch.isfinite(tensor).all() for folder in (BEST, LAST) for tensor in state(tmp_path, folder).values())
    assert train(tmp_path, trained(Broken(7))).stopped == result.stopped


def test_the_reason_of_a_collapse_tells_images_weights_and_loss_apart(
    tmp_path: Path, train: Train, memory_batches: type
) -> None:
    bad = memory_batches(40, 8)
    bad.images[17] = math.nan
    assert "batch 3 of epoch 1: images contain values" in train(tmp_path / "a", linear(), train_batches=bad).stopped
    runaway = train(tmp_path / "b", linear(lr=1e38), epochs=9).stopped
    assert "lower optimizer.lr" in runaway
    assert "weights overflowed" in runaway or "outputs overflowed" in runaway

    def loss(logits: Tensor, labels: Tensor) -> Tensor:
        return nn.functional.cross_entropy(logits, labels) * (math.nan if logits.requires_grad else 1.0)

    assert "check the loss and its parameters" in train(tmp_path / "c", trained(Broken(99), loss)).stopped


@pytest.mark.parametrize("backend", ["eager", pytest.param("aot_eager", marks=pytest.mark.slow)])
def test_a_model_is_compiled_without_new_names(
    tmp_path: Path, train: Train, monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    made: list[nn.Module] = []
    real = torch.compile

    def traced_only(model: nn.Module) -> object:
        made.append(model)
        return real(model, backend=backend)  # all but the code generator, which takes a minute

    monkeypatch.setattr(torch, "compile", traced_only)
    built = linear()
    train(tmp_path / "compiled", built, recipe=Recipe(compile=True))
    assert made == [built.model]
    train(tmp_path / "plain", linear())
    compiled, plain = state(tmp_path / "compiled"), state(tmp_path / "plain")
    assert compiled.keys() == plain.keys()
    assert all(torch.allclose(compiled[name], plain[name], atol=1e-5) for name in plain)


def test_what_cannot_be_compiled_says_so(tmp_path: Path, train: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_compiler(graph: object, inputs: object) -> object:
        raise RuntimeError("no C++ compiler was found")

    real = torch.compile
    monkeypatch.setattr(torch, "compile", lambda model: real(model, backend=no_compiler))
    with pytest.raises(
        TrainingError, match=r"torch\.compile failed for this model \(.*no C\+\+ compiler.*train.compile=false"
    ):
        train(tmp_path, linear(), recipe=Recipe(compile=True))


def test_another_recipe_is_another_training(tmp_path: Path, train: Train) -> None:
    train(tmp_path, epochs=1)
    with pytest.raises(TrainingError, match=r"another training .*asked for: .*accumulate 2\); delete it"):
        train(tmp_path, epochs=1, recipe=Recipe(accumulate=2))
    with pytest.raises(TrainingError, match="best by loss"):
        train(tmp_path, epochs=1, ranking=EpochRanking("loss"))
