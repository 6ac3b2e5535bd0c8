import numpy as np
import pytest

from flowerablate.contracts import NativeOp, PythonOp
from flowerablate.data.store import PackedImages
from flowerablate.errors import PluginError, StudyError
from flowerablate.preprocess import Preprocess
from flowerablate.preprocess.steps import NamedOp

IDS = np.arange(1, 9, dtype=np.uint64) * 7919


@pytest.fixture
def images() -> PackedImages:
    pixels = np.random.default_rng(0).integers(0, 256, (8, 12, 10, 3), dtype=np.uint8)
    return PackedImages(
        pixels.reshape(-1),
        np.arange(8, dtype=np.int64) * 360,
        np.full(8, 12, np.int32),
        np.full(8, 10, np.int32),
        3,
    )


def native(name, native_op, **params):
    return NamedOp(name, NativeOp(native_op, params))


def flip(name="flip"):
    return native(name, "horizontal_flip", probability=0.5)


def light(name="light"):
    return native(name, "brightness_contrast", brightness=0.3, contrast=0.3, probability=1.0)


def python(function, name="python"):
    return NamedOp(name, PythonOp(function))


def run(chain, images, chosen=range(8), *, seed=1, epoch=2, threads=0):
    chosen = np.array(chosen, dtype=np.int64)
    out = np.empty((len(chosen), 12, 10, 3), np.uint8)
    Preprocess(chain, 3).run(images, chosen, IDS[chosen], out, seed=seed, epoch=epoch, threads=threads)
    return out


def test_an_empty_chain_copies(images):
    assert np.array_equal(run([], images), images.pixels.reshape(8, 12, 10, 3))


def test_a_python_op_stands_between_native_ones(images):
    seen = []

    def invert(batch, draws):
        seen.append((batch.shape, batch.dtype))
        return 255 - batch

    mixed = run([flip(), python(invert), light()], images)
    apart = 255 - run([flip()], images)
    packed = PackedImages(apart.reshape(-1), images.offsets, images.heights, images.widths, 3)
    assert seen == [((8, 12, 10, 3), np.uint8)] * 2  # its first batch is processed twice
    assert np.array_equal(mixed, run([light()], packed))


def test_an_empty_batch_asks_nothing_of_a_python_op(images):
    for chain in ([python(lambda batch, draws: batch[:1]), flip()], [flip(), python(lambda batch, draws: batch[:1])]):
        assert run(chain, images, []).shape == (0, 12, 10, 3)


def test_a_python_op_may_come_first_and_last(images):
    twice = run([python(lambda batch, draws: 255 - batch), python(lambda batch, draws: batch // 2, "half")], images)
    assert np.array_equal(twice, (255 - images.pixels.reshape(8, 12, 10, 3)) // 2)


def test_python_draws_depend_on_seed_epoch_sample_and_step_only(images):
    drawn = {}

    def note(key):
        def function(batch, draws):
            drawn[key] = np.concatenate([draws.uniform(2), draws.uniform(1)], axis=1)
            return batch

        return function

    run([python(note("whole"), "a")], images)
    run([flip("before"), python(note("part"), "a")], images, [5, 2])
    run([python(note("other step"), "b")], images)
    run([python(note("other epoch"), "a")], images, epoch=3)
    run([python(note("other seed"), "a")], images, seed=2)
    assert np.array_equal(drawn["part"], drawn["whole"][[5, 2]])
    assert np.all((drawn["whole"] >= 0) & (drawn["whole"] < 1))
    for key in ("other step", "other epoch", "other seed"):
        assert not np.any(drawn[key] == drawn["whole"])


def test_removing_a_random_step_leaves_the_draws_of_all_others(images):
    whole, without = [], []

    def spy(found):
        def function(batch, draws):
            found.append(draws.uniform(3))
            return batch

        return function

    run([flip(), light(), python(spy(whole), "spy")], images)
    run([light(), python(spy(without), "spy")], images)
    assert np.array_equal(whole[0], without[0])
    flipped = run([flip(), light()], images)
    alone = run([light()], images)
    mirrored = [np.array_equal(flipped[i], alone[i, :, ::-1]) for i in range(8)]
    same = [np.array_equal(flipped[i], alone[i]) for i in range(8)]
    assert all(a or b for a, b in zip(mirrored, same, strict=True))
    assert any(mirrored)
    assert any(same)


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_results_do_not_depend_on_threads_or_batches(images, threads):
    chain = [
        flip(),
        python(lambda batch, draws: batch + (draws.uniform(1) * 9).astype(np.uint8)[:, :, None, None]),
        light(),
    ]
    whole = run(chain, images)
    parts = np.concatenate([run(chain, images, part, threads=threads) for part in ([0, 1, 2], [3], [4, 5, 6, 7])])
    assert np.array_equal(parts, whole)


def test_one_image_is_prepared_alone(images):
    chain = Preprocess([native("resize", "resize", size=6, fit="cover", antialias=True)], 3)
    assert chain.run_one(images.image(0)).shape == (6, 6, 3)
    assert chain.output_size(12, 10) == (6, 6)


def test_a_python_op_that_draws_elsewhere_is_refused_at_its_first_batch(images):
    random = np.random.default_rng(1)
    noisy = python(lambda batch, draws: batch ^ random.integers(0, 2, batch.shape, np.uint8), "noisy")
    with pytest.raises(StudyError, match="step 'noisy' returns other images for the same images and draws"):
        run([noisy], images)
    keyed = python(lambda batch, draws: batch ^ (draws.uniform(1) < 0.5).astype(np.uint8)[:, :, None, None])
    assert np.array_equal(run([keyed], images), run([keyed], images))


def test_a_python_op_that_returns_its_own_buffer_is_found_out_too(images):
    random, buffer = np.random.default_rng(1), np.empty((8, 12, 10, 3), np.uint8)

    def noise(batch, draws):
        buffer[:] = random.integers(0, 256, batch.shape, np.uint8)
        return buffer

    with pytest.raises(StudyError, match="returns other images"):
        run([python(noise)], images)


def test_an_exception_of_a_python_op_names_the_step(images):
    with pytest.raises(PluginError, match="step 'broken' failed: ZeroDivisionError: "):
        run([python(lambda batch, draws: 1 // 0, "broken")], images)


def test_the_size_after_a_python_op_is_found_out(images):
    assert Preprocess([python(lambda batch, draws: batch[:, ::2, ::2])], 3).output_size(12, 10) == (6, 5)


@pytest.mark.parametrize(
    "function",
    [
        lambda batch, draws: batch.astype(np.float32),
        lambda batch, draws: batch[:3],
        lambda batch, draws: batch[..., 0],
        lambda batch, draws: None,
    ],
    ids=["float", "fewer", "no channels", "nothing"],
)
def test_a_python_op_that_breaks_its_contract_is_named(images, function):
    with pytest.raises(StudyError, match="step 'mine' must return uint8"):
        run([python(function, "mine")], images)


def test_a_native_op_that_is_refused_is_named_with_its_step():
    with pytest.raises(StudyError, match=r"clean.*size"):
        Preprocess([native("clean", "morphology", op="open", size=99, shape="rectangle")], 3)
