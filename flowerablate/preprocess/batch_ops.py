"""Runs the ops that act on a whole batch and its labels, after the chain that made the images."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ..contracts import BatchOp
from ..errors import StudyError
from .chain import StepDraws, naming_the_step, stream_key
from .steps import NamedOp


class BatchOps:
    """The batch ops of a pipeline in order; *classes*: number of classes of the labels."""

    def __init__(self, ops: Sequence[NamedOp], classes: int) -> None:
        self.classes = classes
        self._ops: list[tuple[str, BatchOp]] = []
        for named in ops:
            assert isinstance(named.op, BatchOp)
            self._ops.append((named.name, named.op))
        self._numbers = np.arange(classes, dtype=np.int64)

    def run(
        self,
        images: NDArray[np.float32],
        labels: NDArray[np.int64],
        ids: NDArray[np.uint64],
        targets: NDArray[np.float32],
        spare: NDArray[np.float32],
        *,
        seed: int,
        epoch: int,
    ) -> None:
        """Mix *images*, float32 [B, C, H, W], in place, and write the *targets*, float32 [B, classes], of *labels* [B].

        *spare* [2, C, H, W] is scratch; *ids* [B], *seed* and *epoch* key the draws. Raises :class:`StudyError` if a
        step returns a value instead of changing its arguments in place.
        """
        np.equal(labels[:, None], self._numbers, out=targets, casting="unsafe")
        for name, op in self._ops:
            function: Callable[..., object] = op.function
            with naming_the_step(name):
                result = function(images, targets, StepDraws(seed, stream_key(name), epoch, ids), spare)
            if result is not None:
                got = type(result).__name__
                raise StudyError(f"step {name!r} must change images and targets in place and return None, not {got}")
