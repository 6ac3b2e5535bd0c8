"""Losses that torch does not provide in the required form.

Each computes the loss of an image for every class that could be the true one. The loss of a batch is the mean over
images; class probabilities weight the losses of the classes. The mean over a data set therefore does not depend on the
batches, and one-hot rows give the same loss as their classes.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from flowerablate import StudyError


class ClassLoss(nn.Module):
    """The mean over images of :meth:`each` at the true class."""

    def each(self, logits: Tensor) -> Tensor:
        """Return the loss of each image with these *logits* [N, K] if its class is k, [N, K]."""
        raise NotImplementedError

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the scalar loss of *logits* [N, K] for *targets*, int64 [N] or probabilities float32 [N, K]."""
        each = self.each(logits)
        if targets.ndim == 2:
            return (targets * each).sum(dim=1).mean()
        return each.gather(1, targets[:, None]).mean()


class WeightedCrossEntropy(ClassLoss):
    """The mean of ``weight[target] * cross-entropy`` over the images, with the weights of :func:`class_weights`.

    The mean is over images; that of torch's ``weight`` argument is over the sum of the weights in the batch.
    """

    def __init__(
        self, class_counts: Sequence[int], *, label_smoothing: float, power: float, weights: Sequence[float] = (1.0,)
    ) -> None:
        super().__init__()
        self.label_smoothing = label_smoothing
        self.weights: Tensor
        self.register_buffer("weights", class_weights(class_counts, power, weights))

    def each(self, logits: Tensor) -> Tensor:
        """Return ``weight[k]`` times the smoothed cross-entropy for class k, [N, K]."""
        surprise = -functional.log_softmax(logits, dim=1)
        smoothed = (1 - self.label_smoothing) * surprise + self.label_smoothing * surprise.mean(dim=1, keepdim=True)
        return self.weights * smoothed


class Focal(ClassLoss):
    """``-alpha[k] (1 - p_k) ** gamma log p_k`` with p the softmax, for the true class k.

    Lin et al. 2017, «Focal Loss for Dense Object Detection», equation 5, with the softmax in place of the sigmoid, as
    is usual if an image has one class; alpha are the :func:`class_weights`.
    """

    def __init__(
        self, class_counts: Sequence[int], *, gamma: float, power: float, weights: Sequence[float] = (1.0,)
    ) -> None:
        super().__init__()
        self.gamma = gamma
        self.weights: Tensor
        self.register_buffer("weights", class_weights(class_counts, power, weights))

    def each(self, logits: Tensor) -> Tensor:
        """Return the focal loss for class k, [N, K]."""
        log_p = functional.log_softmax(logits, dim=1)
        if not self.gamma:
            return -self.weights * log_p
        # For gamma < 1 the slope of x ** gamma is infinite at 0, so 1 - p stays above 0.
        unsure = (-torch.expm1(log_p)).clamp_min(torch.finfo(log_p.dtype).tiny)
        return -self.weights * unsure**self.gamma * log_p


class CostMatrix(ClassLoss):
    """``sum_j costs[k, j] p_j + cross_entropy * -log p_k`` with p the softmax, for the true class k.

    The first term is the expected cost of an answer drawn from p (Elkan 2001, «The Foundations of Cost-Sensitive
    Learning», there with rows and columns exchanged). On its own it has almost no gradient where a network is
    confidently wrong, because the softmax is flat there; it is therefore added to cross-entropy (Galdran et al. 2020,
    «Cost-Sensitive Regularization for Diabetic Retinopathy Grading from Eye Fundus Images»).

    *costs* are K * K numbers, one row for each true class, or one number for all errors. Raises :class:`StudyError`
    for any other number of costs, or if an error costs less than the right answer in a row, as in a matrix whose rows
    are the predicted classes.
    """

    def __init__(self, classes: int, *, costs: Sequence[float], cross_entropy: float) -> None:
        super().__init__()
        if len(costs) == 1:
            matrix = costs[0] * (1 - torch.eye(classes))
        elif len(costs) == classes**2:
            matrix = torch.tensor(costs, dtype=torch.float32).reshape(classes, classes)
        else:
            raise StudyError(
                f"loss.costs must be {classes**2} numbers, {classes} for each of the {classes} true classes, or "
                f"one number, not {len(costs)}"
            )
        for row, right in enumerate(matrix.diagonal().tolist()):
            cheapest = float(matrix[row].min())
            if cheapest < right:
                raise StudyError(
                    f"loss.costs: in row {row} an error costs {cheapest:g} but the right answer {right:g}; "
                    "rows are true classes, columns predicted classes"
                )
        if not (cross_entropy or matrix.any()):
            raise StudyError("loss.costs and loss.cross_entropy are all 0, so nothing is learned; set one of them")
        self.cross_entropy = cross_entropy
        self.costs: Tensor
        self.register_buffer("costs", matrix)

    def each(self, logits: Tensor) -> Tensor:
        """Return expected cost plus cross-entropy for class k, [N, K]."""
        log_p = functional.log_softmax(logits, dim=1)
        expected = log_p.exp() @ self.costs.T.to(log_p.dtype)
        return expected - self.cross_entropy * log_p


class OneVersusRest(ClassLoss):
    """The mean over classes of the binary cross-entropy of their sigmoids, with the one-hot label as target.

    With smoothing s the targets are ``1 - s + s / K`` for the true class and ``s / K`` for the others; *pos_weight*
    multiplies the loss of a target of 1, as in ``torch.nn.BCEWithLogitsLoss`` (used by Wightman et al. 2021, «ResNet
    strikes back»).
    """

    def __init__(self, *, label_smoothing: float, pos_weight: float) -> None:
        super().__init__()
        self.label_smoothing = label_smoothing
        self.pos_weight = pos_weight

    def each(self, logits: Tensor) -> Tensor:
        """Return the mean of the K binary losses if class k is the true one, [N, K]."""
        yes, no = -self.pos_weight * functional.logsigmoid(logits), -functional.logsigmoid(-logits)
        other = self.label_smoothing / logits.shape[1]
        rest = other * yes + (1 - other) * no
        # The target of the true class is higher than that of the others by 1 - s.
        return rest.mean(dim=1, keepdim=True) + (1 - self.label_smoothing) * (yes - no) / logits.shape[1]


def class_weights(class_counts: Sequence[int], power: float, weights: Sequence[float]) -> Tensor:
    """Return ``weights[k] * (N / (K n_k)) ** power``, float32 [K], with n_k of N training images in class k of K.

    With *power* 1 and without *weights* their mean over the images is 1, and each class has the same sum; this is
    scikit-learn's ``class_weight="balanced"``. A class without images gets weight 0. Raises :class:`StudyError` unless
    *weights* are one number for each class or one number for all, or if every image gets weight 0.
    """
    classes, total = len(class_counts), sum(class_counts)
    if len(weights) not in (1, classes):
        raise StudyError(
            f"loss.weights must be {classes} numbers, one for each class, or one number, not {list(weights)}"
        )
    further = tuple(weights) * classes if len(weights) == 1 else tuple(weights)
    each = [
        weight * (total / (classes * count)) ** power if count else 0.0
        for weight, count in zip(further, class_counts, strict=True)
    ]
    if not any(each):
        raise StudyError("loss.weights give every image weight 0; give a class with images a weight above 0")
    return torch.tensor(each, dtype=torch.float32)
