"""Which test images a component wins and loses, over the replicates whose test split has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..contracts import Contrast
from ..errors import LedgerError, StudyError
from ..ledger import Predictions

DOUBT = 2
"""Replicates without a difference that are added to each image: see :attr:`ImageCount.consistency`."""


@dataclass(frozen=True)
class ImageCount:
    """The predictions of both arms of a contrast for one test image, over *replicates* trainings of each.

    *right_with* and *right_without* count correct predictions; in *won* replicates only the arm with the component was
    correct, in *lost* ones only the other. *gain* is the mean difference of the probability of the true class.
    *answer_with* and *answer_without* are the most frequent predictions of each arm (of equals, the one with the
    highest mean probability).
    """

    key: str
    truth: str
    replicates: int
    right_with: int
    right_without: int
    won: int
    lost: int
    gain: float
    answer_with: str
    answer_without: str

    @property
    def consistency(self) -> float:
        """``(won - lost) / (replicates + DOUBT)``: the mean of +1, 0 and -1 per replicate, shrunk towards 0.

        So one replicate of one (.33) ranks after three of four (.50), and two of two (.50) equal to the latter.
        """
        return (self.won - self.lost) / (self.replicates + DOUBT)


@dataclass(frozen=True)
class ImageWins:
    """The images that a component wins and those that it loses, most consistent first.

    *images* counts all tested images, *replicates* the pairs of trials, *answers* the tested images summed over the
    pairs; *won* and *lost* sum over all images, so that (won - lost) / answers is the difference of the accuracies.
    """

    wins: tuple[ImageCount, ...]
    losses: tuple[ImageCount, ...]
    images: int
    replicates: int
    answers: int
    won: int
    lost: int


def two_arms(contrast: Contrast) -> tuple[str, str]:
    """Return the changes of the variants with and without the component, for a contrast of two variants.

    Other contrasts weigh several variants, so that an image has no single pair of predictions: :class:`StudyError`.
    """
    with_it = [change for change, weight in contrast.weights.items() if weight > 0]
    without = [change for change, weight in contrast.weights.items() if weight < 0]
    if contrast.by_seed or len(with_it) != 1 or len(without) != 1:
        raise StudyError(
            f"{contrast.label!r} ({contrast.kind}) is a sum over several variants, so no image is won or lost by it; "
            "ask for a row that compares two variants: a removal, an addition, a swap or a setting"
        )
    return with_it[0], without[0]


def image_wins(pairs: Iterable[tuple[Predictions, Predictions]]) -> ImageWins:
    """Count over *pairs*: for each replicate the predictions of the arm with the component and of the arm without it.

    The order is by :attr:`ImageCount.consistency`, then by the mean gain of the probability of the true class, then by
    key. An image that both arms predict correctly equally often is neither won nor lost. Raises :class:`LedgerError` if
    two trials disagree about the truth, and :class:`StudyError` without pairs.
    """
    tallies: dict[str, _Tally] = {}
    replicates = 0
    for with_it, without in pairs:
        replicates += 1
        places = {key: place for place, key in enumerate(without.keys)}
        for place, key in enumerate(with_it.keys):
            if key in places:
                tally = tallies.setdefault(key, _Tally(_truth(with_it, place)))
                tally.add(key, with_it, place, without, places[key])
    if not replicates:
        raise StudyError("no replicate has finished in both variants yet; continue with 'flowerablate run'")
    counts = [tally.count(key) for key, tally in tallies.items()]
    return ImageWins(
        wins=tuple(sorted((c for c in counts if c.won > c.lost), key=lambda c: (-c.consistency, -c.gain, c.key))),
        losses=tuple(sorted((c for c in counts if c.won < c.lost), key=lambda c: (c.consistency, c.gain, c.key))),
        images=len(counts),
        replicates=replicates,
        answers=sum(count.replicates for count in counts),
        won=sum(count.won for count in counts),
        lost=sum(count.lost for count in counts),
    )


@dataclass
class _Arm:
    """The predictions of one arm for one image: counts and summed probabilities by class name."""

    votes: dict[str, int] = field(default_factory=dict)
    probabilities: dict[str, float] = field(default_factory=dict)
    right: int = 0

    def add(self, predictions: Predictions, place: int, truth: str) -> bool:
        row = predictions.probabilities[place].astype(np.float64)
        answer = predictions.classes[int(row.argmax())]
        self.votes[answer] = self.votes.get(answer, 0) + 1
        for name, probability in zip(predictions.classes, row, strict=True):
            self.probabilities[name] = self.probabilities.get(name, 0.0) + float(probability)
        self.right += answer == truth
        return answer == truth

    def answer(self) -> str:
        return max(self.votes, key=lambda name: (self.votes[name], self.probabilities[name]))


@dataclass
class _Tally:
    truth: str
    with_it: _Arm = field(default_factory=_Arm)
    without: _Arm = field(default_factory=_Arm)
    replicates: int = 0
    won: int = 0
    lost: int = 0

    def add(self, key: str, one: Predictions, place: int, other: Predictions, other_place: int) -> None:
        if not self.truth == _truth(one, place) == _truth(other, other_place):
            raise LedgerError(f"two trials disagree about the class of {key!r}; the data changed while the study ran")
        right = self.with_it.add(one, place, self.truth)
        right_without = self.without.add(other, other_place, self.truth)
        self.replicates += 1
        self.won += right and not right_without
        self.lost += right_without and not right

    def count(self, key: str) -> ImageCount:
        gain = self.with_it.probabilities[self.truth] - self.without.probabilities[self.truth]
        return ImageCount(
            key=key,
            truth=self.truth,
            replicates=self.replicates,
            right_with=self.with_it.right,
            right_without=self.without.right,
            won=self.won,
            lost=self.lost,
            gain=gain / self.replicates,
            answer_with=self.with_it.answer(),
            answer_without=self.without.answer(),
        )


def _truth(predictions: Predictions, place: int) -> str:
    return predictions.classes[int(predictions.labels[place])]


def confusion(all_predictions: Iterable[Predictions]) -> tuple[tuple[str, ...], list[list[int]]]:
    """Return the classes and how often images of each (row) were predicted as each (column), summed over trials.

    Raises :class:`LedgerError` if the trials differ in their classes, :class:`StudyError` without trials.
    """
    classes: tuple[str, ...] = ()
    counts = np.zeros((0, 0), np.int64)
    for predictions in all_predictions:
        if not classes:
            classes, counts = predictions.classes, np.zeros((len(predictions.classes),) * 2, np.int64)
        if predictions.classes != classes:
            raise LedgerError("the trials were run on data with different classes, so they cannot be added up")
        np.add.at(counts, (predictions.labels, predictions.probabilities.argmax(axis=1)), 1)
    if not classes:
        raise StudyError("no trial has predictions yet; finish a trial with 'flowerablate run'")
    return classes, counts.tolist()


def paired(
    with_it: Mapping[int, Predictions], without: Mapping[int, Predictions]
) -> Sequence[tuple[Predictions, Predictions]]:
    """Return the predictions of both arms on each seed that both have, in the order of the seeds."""
    return [(with_it[seed], without[seed]) for seed in sorted(with_it.keys() & without.keys())]
