from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from flowerablate.contracts import LossContext
from flowerablate.errors import StudyError

LOSSES = ("cross-entropy", "weighted-cross-entropy", "focal", "cost-matrix", "bce")
SETTINGS: list[tuple[str, dict[str, Any]]] = [
    ("cross-entropy", {"label_smoothing": 0.1}),
    ("weighted-cross-entropy", {"label_smoothing": 0.1, "weights": (1.0, 2.0, 0.5)}),
    ("focal", {"gamma": 0.5, "power": 1.0}),
    ("cost-matrix", {"costs": (0.0, 1.0, 4.0, 1.0, 0.0, 1.0, 9.0, 2.0, 0.5), "cross_entropy": 0.3}),
    ("bce", {"label_smoothing": 0.2, "pos_weight": 3.0}),
]
COUNTS = (8, 3, 1)
Build = Callable[..., Any]


def example() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(12, 3, generator=generator), torch.tensor([0] * 8 + [1] * 3 + [2])


def test_cross_entropy_is_that_of_torch(build: Build) -> None:
    logits, labels = example()
    for smoothing in (0.0, 0.1):
        loss = build("loss", "cross-entropy", LossContext((8, 3, 1)), label_smoothing=smoothing)
        assert torch.equal(loss(logits, labels), functional.cross_entropy(logits, labels, label_smoothing=smoothing))


def test_the_weighted_loss_gives_every_class_the_same_say(build: Build) -> None:
    logits, labels = example()
    loss = build("loss", "weighted-cross-entropy", LossContext((8, 3, 1)))
    by_class = [functional.cross_entropy(logits[labels == k], labels[labels == k]) for k in range(3)]
    assert loss(logits, labels).item() == pytest.approx(torch.stack(by_class).mean().item(), rel=1e-6)


@pytest.mark.parametrize(("name", "changes"), SETTINGS)
def test_the_loss_of_a_set_is_the_mean_of_its_batches(build: Build, name: str, changes: dict[str, Any]) -> None:
    logits, labels = example()
    loss = build("loss", name, LossContext(COUNTS), **changes)
    halves = [loss(logits[part], labels[part]) for part in (slice(0, 6), slice(6, 12))]
    assert loss(logits, labels).item() == pytest.approx(torch.stack(halves).mean().item(), rel=1e-6)


@pytest.mark.parametrize(("name", "changes"), SETTINGS)
def test_the_loss_of_probabilities_is_the_mean_of_the_losses_of_the_classes(
    build: Build, name: str, changes: dict[str, Any]
) -> None:
    logits, labels = example()
    loss = build("loss", name, LossContext(COUNTS), **changes)
    others = (labels + 1) % 3
    mixed = 0.3 * functional.one_hot(labels, 3) + 0.7 * functional.one_hot(others, 3)
    wanted = 0.3 * loss(logits, labels) + 0.7 * loss(logits, others)
    assert loss(logits, mixed).item() == pytest.approx(wanted.item(), rel=1e-5)


def test_the_weighted_loss_without_power_is_the_plain_one(build: Build) -> None:
    logits, labels = example()
    loss = build("loss", "weighted-cross-entropy", LossContext(COUNTS), power=0.0)
    assert torch.allclose(loss(logits, labels), functional.cross_entropy(logits, labels))


def test_a_class_without_images_weighs_nothing(build: Build) -> None:
    loss = build("loss", "weighted-cross-entropy", LossContext((6, 0, 6)))
    assert loss.weights.tolist() == pytest.approx([2 / 3, 0.0, 2 / 3])


def test_weights_that_are_given_multiply_those_by_counts(build: Build) -> None:
    alone = build("loss", "weighted-cross-entropy", LossContext(COUNTS), power=0.0, weights=(1.0, 2.0, 3.0))
    assert alone.weights.tolist() == [1.0, 2.0, 3.0]
    both = build("loss", "focal", LossContext((6, 2)), power=1.0, weights=(2.0, 1.0))
    assert both.weights.tolist() == pytest.approx([2 * 8 / 12, 8 / 4])


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_the_focal_loss_is_what_its_authors_wrote(build: Build, gamma: float) -> None:
    logits, labels = example()
    loss = build("loss", "focal", LossContext(COUNTS), gamma=gamma, weights=(0.5, 1.0, 2.0))
    right = torch.softmax(logits.double(), dim=1)[torch.arange(12), labels]
    alpha = torch.tensor([0.5, 1.0, 2.0])[labels]
    assert loss(logits, labels).item() == pytest.approx((-alpha * (1 - right) ** gamma * right.log()).mean().item())


def test_the_focal_loss_has_finite_slopes_where_an_image_is_surely_right(build: Build) -> None:
    logits = torch.tensor([[200.0, 0.0], [0.0, 200.0]], requires_grad=True)
    build("loss", "focal", LossContext((1, 1)), gamma=0.1)(logits, torch.tensor([0, 0])).backward()
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()


def test_the_focal_loss_for_two_classes_is_that_of_torchvision(build: Build) -> None:
    from torchvision.ops import sigmoid_focal_loss

    logits, labels = example()
    logits, labels = logits[:, :2], labels.clamp_max(1)
    theirs = sigmoid_focal_loss(logits[:, 1] - logits[:, 0], labels.float(), alpha=-1, gamma=2, reduction="mean")
    assert build("loss", "focal", LossContext((8, 4)))(logits, labels).item() == pytest.approx(theirs.item())


def test_the_cost_matrix_gives_the_expected_cost_of_an_answer(build: Build) -> None:
    logits, labels = example()
    costs = torch.tensor([[0.0, 1.0, 2.0], [3.0, 0.0, 4.0], [5.0, 6.0, 0.0]])
    flat = tuple(costs.flatten().tolist())
    loss = build("loss", "cost-matrix", LossContext(COUNTS), costs=flat, cross_entropy=0.0)
    answers = torch.softmax(logits, dim=1)
    wanted = sum(float(costs[labels[i], j] * answers[i, j]) for i in range(12) for j in range(3)) / 12
    assert loss(logits, labels).item() == pytest.approx(wanted, rel=1e-6)
    added = build("loss", "cost-matrix", LossContext(COUNTS), costs=flat, cross_entropy=0.5)
    both = wanted + 0.5 * functional.cross_entropy(logits, labels).item()
    assert added(logits, labels).item() == pytest.approx(both, rel=1e-6)


def test_one_cost_is_that_of_every_error(build: Build) -> None:
    loss = build("loss", "cost-matrix", LossContext((1, 1, 1)), costs=(2.0,))
    assert loss.costs.tolist() == [[0, 2, 2], [2, 0, 2], [2, 2, 0]]


def test_what_is_dear_is_avoided(build: Build) -> None:
    """A network without eyes learns how often to say what: a costly miss makes it say the second class."""
    answers = {}
    for costs in ((0.0, 1.0, 1.0, 0.0), (0.0, 1.0, 20.0, 0.0)):
        logits = torch.zeros(1, 2, requires_grad=True)
        loss = build("loss", "cost-matrix", LossContext((70, 30)), costs=costs, cross_entropy=0.1)
        optimizer = torch.optim.SGD([logits], lr=0.5)
        for _ in range(200):
            optimizer.zero_grad()
            loss(logits.expand(10, 2), torch.tensor([0] * 7 + [1] * 3)).backward()
            optimizer.step()
        answers[costs[2]] = int(logits.argmax())
    assert answers == {1.0: 0, 20.0: 1}


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        (
            "cost-matrix",
            {"costs": (0.0, 1.0, 5.0)},
            "must be 4 numbers, 2 for each of the 2 true classes",
        ),
        ("cost-matrix", {"costs": (1.0, 0.0, 0.0, 1.0)}, "in row 0 an error costs 0 but the right answer 1"),
        ("cost-matrix", {"costs": (0.0,), "cross_entropy": 0.0}, "so nothing is learned"),
        ("focal", {"weights": (1.0, 2.0, 3.0)}, "must be 2 numbers, one for each class, or one number"),
        ("weighted-cross-entropy", {"weights": (0.0,)}, "give every image weight 0"),
    ],
)
def test_settings_that_cannot_be_are_refused(build: Build, name: str, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(StudyError, match=message):
        build("loss", name, LossContext((4, 4)), **changes)


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_bce_is_that_of_torch_on_one_hot_labels(build: Build, smoothing: float) -> None:
    logits, labels = example()
    targets = functional.one_hot(labels, 3) * (1 - smoothing) + smoothing / 3
    theirs = nn.BCEWithLogitsLoss(pos_weight=torch.full((3,), 2.5))(logits, targets)
    loss = build("loss", "bce", LossContext(COUNTS), label_smoothing=smoothing, pos_weight=2.5)
    assert loss(logits, labels).item() == pytest.approx(theirs.item(), rel=1e-5)


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_takes_mixed_labels(registry: Any, name: str) -> None:
    assert registry.find("loss", name).spec.soft_targets
