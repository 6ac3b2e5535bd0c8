"""Checks of steps that change whole batches and their labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..contracts import BatchOp, StepSpec
from .check_draws import KeyedDraws

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_COUNT, _CLASSES = 24, 3
_EPOCHS = 8  # tried before a step whose result never changes fails the check


def check_batch_op(what: str, spec: StepSpec, op: BatchOp, channels: int, *, must_vary: bool) -> None:
    """Run *op* as a loader runs it.

    Checks that the spec declares a random step without a stand-in; that *op* changes images and targets in place and
    returns None; that all values are finite and each row of targets remains a distribution; that the result depends on
    the input and the draws, not on the memory layout; and that a batch of one image works.
    """
    import numpy as np

    assert spec.random, f"{what} changes whole batches, in training only; declare it with random=True"
    assert spec.stand_in is None, f"{what} changes whole batches, which have no stand_in; leave it out"
    images, targets = _batch(_COUNT, channels)
    result = _run(what, op, images, targets)
    assert _same(result, _run(what, op, images, targets)), (
        f"{what} returns two results for the same input, seed and epoch; take every random number from draws.uniform"
    )
    last = np.ascontiguousarray(images.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    assert _same(result, _run(what, op, last, targets)), (
        f"{what} returns another result for images in channels-last memory; compute each value separately"
    )
    _run(what, op, images[:1], targets[:1])
    if must_vary:
        varied = any(not _same(result, _run(what, op, images, targets, epoch)) for epoch in range(1, _EPOCHS))
        assert varied, f"{what} returns the same result in {_EPOCHS} epochs; make it depend on draws.uniform"


def _run(what: str, op: BatchOp, images: Floats, targets: Floats, epoch: int = 0) -> tuple[Floats, Floats]:
    import numpy as np

    # order="K" keeps the layout, because a loader may pass channels-last memory.
    images, targets = images.copy(order="K"), targets.copy()
    spare = np.full_like(
        images[:1].repeat(2, axis=0), np.nan, order="K"
    )  # nan exposes a step that reads it before writing
    function: Any = op.function
    returned = function(images, targets, KeyedDraws(range(len(images)), epoch=epoch), spare)
    assert returned is None, (
        f"{what} must change images and targets in place and return None, not {type(returned).__name__}"
    )
    assert np.isfinite(images).all(), (
        f"{what} produces values that are not finite; spare is uninitialised, so write it before reading it"
    )
    rows = targets.sum(axis=1)
    good = np.allclose(rows, 1, atol=1e-5) and bool((targets >= 0).all())
    assert good, f"{what} must leave rows of targets that are probabilities and sum to 1, not {float(rows[0]):.4g}"
    return images, targets


def _batch(count: int, channels: int) -> tuple[Floats, Floats]:
    import numpy as np

    generator = np.random.Generator(np.random.Philox(key=11))
    images = generator.standard_normal((count, channels, 10, 12)).astype(np.float32)
    return images, np.eye(_CLASSES, dtype=np.float32)[np.arange(count) % _CLASSES]


def _same(one: tuple[Floats, Floats], other: tuple[Floats, Floats]) -> bool:
    return all(a.tobytes() == b.tobytes() for a, b in zip(one, other, strict=True))
