"""Checks of preprocessing steps: native steps, Python steps and steps on whole batches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from ..contracts import BatchOp, NativeOp, PythonOp, StepContext, StepSpec, Value
from ..keyed import key64
from .check_batch_steps import check_batch_op
from .check_draws import KeyedDraws, NoDraws
from .check_settings import build, named, settings, with_features_off, with_other_choices

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    ByteImages: TypeAlias = NDArray[np.uint8]
    OpResult: TypeAlias = NDArray[Any]

_COUNT, _SIDE = 24, 20
_EPOCHS = 8  # tried before a random step whose result never changes fails the check


def check_step(spec: StepSpec, *, channels: int = 3, params: Mapping[str, Value] | None = None) -> None:
    """Build and run *spec* with its defaults, with each feature off and with each other choice of its parameters.

    Checks the dtype and shape of the result; that it depends only on the input (for a random step also on seed, epoch
    and sample, but not on the batch or its order); and that a random step keeps the image size or has a stand-in that
    returns the same size. The native core must accept a native op. A step on whole batches must change images and
    targets in place, and leave probabilities as targets.
    """
    context = StepContext(image_size=16, channels=channels)
    _check_settings(spec, context, settings(spec, params), "", must_vary=spec.random)
    for feature, chosen in with_features_off(spec, params):
        _check_settings(spec, context, chosen, f" with {feature} off", must_vary=False)
    for choice, chosen in with_other_choices(spec, params):
        _check_settings(spec, context, chosen, f" with {choice}", must_vary=False)


def _check_settings(
    spec: StepSpec, context: StepContext, params: Mapping[str, Value], when: str, *, must_vary: bool
) -> None:
    what = named(spec) + when
    op = build(spec, context, params, when)
    if isinstance(op, BatchOp):
        check_batch_op(what, spec, op, context.channels, must_vary=must_vary)
        return
    images = _images(context.channels)
    op = _fitted(op, images)
    result = _check_runs(what, op, images, spec.random)
    if not spec.random:
        return
    if must_vary:
        varied = any(_differ(_run(what, op, images, epoch=epoch), result) for epoch in range(1, _EPOCHS))
        assert varied, (
            f"{what} is declared random, but returns the same result in {_EPOCHS} epochs; declare random=False"
        )
    if spec.stand_in is None:
        assert result.shape[1:3] == images.shape[1:3], (
            f"{what} turns {_SIDE} x {_SIDE} pixels into {result.shape[2]} x {result.shape[1]}; "
            "add a stand_in that does the same when the step is off"
        )
        return
    other = spec.stand_in(context, **params)
    instead = _check_runs(f"stand_in of {what}", other, images, False)
    assert instead.shape == result.shape, (
        f"{what} returns {result.shape[2]} x {result.shape[1]} pixels, but its stand_in "
        f"{instead.shape[2]} x {instead.shape[1]}; they must agree"
    )


def _fitted(op: object, images: ByteImages) -> object:
    """Return *op* with its statistics computed from *images*, which serve as training images."""
    if not isinstance(op, NativeOp):
        return op
    from ..preprocess.fit import moments_of, resolved

    return resolved(op, moments_of([images]))


def _check_runs(what: str, op: object, images: ByteImages, random: bool) -> OpResult:
    """Run *op* in several ways that must give the same result; return the result for the whole batch."""
    import numpy as np

    result = _run(what, op, images, random=random)
    again = _run(what, op, images, random=random)
    assert not _differ(result, again), f"{what} returns two results for the same input, seed and epoch; " + (
        "take every random number from draws.uniform" if random else "declare it with random=True"
    )
    if not random and isinstance(op, NativeOp):
        other = _run(what, op, images, seed=1, epoch=1)
        assert not _differ(result, other), f"{what} depends on the seed; declare it with random=True"
    ids = np.arange(_COUNT)
    order = np.concatenate([ids[_COUNT // 3 :][::-1], ids[: _COUNT // 3]])
    parts = [_run(what, op, images[part], random=random, ids=part) for part in (order[:7], order[7:8], order[8:])]
    assert all(part.shape[1:] == result.shape[1:] for part in parts), f"{what}: the size depends on the batch"
    assert not _differ(np.concatenate(parts), result[order]), (
        f"{what}: the result for an image depends on the other images in its batch; process each separately"
        + (" and use row i of draws.uniform(count) for image i" if random else "")
    )
    return result


def _run(
    what: str, op: object, images: ByteImages, *, random: bool = True, ids: Any = None, seed: int = 0, epoch: int = 0
) -> OpResult:
    import numpy as np

    ids = np.arange(len(images)) if ids is None else ids
    if isinstance(op, NativeOp):
        return _run_native(what, op, images, ids, seed, epoch)
    assert isinstance(op, PythonOp), (
        f"{what}: build must return a NativeOp, a PythonOp or a BatchOp, not {type(op).__name__}"
    )
    draws = KeyedDraws(ids, seed=seed, epoch=epoch) if random else NoDraws()
    result = op.function(images.copy(), draws)
    assert isinstance(result, np.ndarray), f"{what} must return a numpy array, not {type(result).__name__}"
    assert result.dtype == np.uint8, f"{what} must return uint8, not {result.dtype}; round, clip to 0..255 and convert"
    assert result.ndim == 4, f"{what} must return [N, H, W, C], not {result.ndim} dimensions"
    wanted = (len(images), images.shape[3])
    assert (len(result), result.shape[3]) == wanted, (
        f"{what} must keep the number of images and of channels {wanted}, not return {result.shape}"
    )
    assert min(result.shape[1:3]) > 0, f"{what} returns empty images"
    return result


def _run_native(what: str, op: NativeOp, images: ByteImages, ids: Any, seed: int, epoch: int) -> OpResult:
    import numpy as np

    from .. import _native

    count, height, width, channels = images.shape
    params: dict[str, Any] = dict(op.params)
    try:
        chain = _native.Chain([(op.op, params, key64("testing"))], channels)
    except (ValueError, TypeError, KeyError) as error:
        raise AssertionError(f"{what}: the native core refuses {op}: {error}") from error
    high, wide = chain.output_size(height, width)
    result: OpResult = (
        np.empty((count, channels, high, wide), np.float32)
        if op.op in ("normalize", "standardize")
        else np.empty((count, high, wide, channels), np.uint8)
    )
    chain.run(
        np.ascontiguousarray(images).reshape(-1),
        np.arange(count, dtype=np.int64) * (height * width * channels),
        np.full(count, height, np.int32),
        np.full(count, width, np.int32),
        np.arange(count, dtype=np.int64),
        np.asarray(ids, np.uint64),
        result,
        seed=seed,
        epoch=epoch,
    )
    assert np.isfinite(result).all(), f"{what} returns values that are not finite"
    return result if result.dtype == np.uint8 else np.ascontiguousarray(result.transpose(0, 2, 3, 1))


def _images(channels: int) -> ByteImages:
    """Return uint8 [24, 20, 20, channels]: smooth shapes, specks and flat parts, all different."""
    import numpy as np

    generator = np.random.Generator(np.random.Philox(key=7))
    rows, columns = np.mgrid[0:_SIDE, 0:_SIDE]
    phase = generator.uniform(0, 6, (_COUNT, 1, 1, channels))
    waves = 127 + 90 * np.sin((rows + 2 * columns)[None, :, :, None] / 4 + phase)
    specks = generator.random((_COUNT, _SIDE, _SIDE, channels))
    images = np.where(specks > 0.97, 255, np.where(specks < 0.03, 0, waves)).astype(np.uint8)
    images[:, :4, :4] = 200
    return images


def _differ(one: OpResult, other: OpResult) -> bool:
    return one.shape != other.shape or one.tobytes() != other.tobytes()
