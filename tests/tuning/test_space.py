import pytest

from flowerablate.errors import StudyError
from flowerablate.tuning.space import DEFAULT, read_space


def dimensions(texts, base, assembler):
    return {dimension.name: dimension for dimension in read_space(texts, base, assembler.lookup).dimensions}


def test_a_name_alone_is_the_space_that_its_component_declares(base, assembler):
    (lr,) = dimensions(["optimizer.lr"], base, assembler).values()
    assert (lr.low, lr.high, lr.log, lr.whole) == (1e-6, 10.0, True, False)
    (skip,) = dimensions(["model.skip"], base, assembler).values()
    assert skip.values == (False, True)
    (shape,) = dimensions(["morphology.shape"], base, assembler).values()
    assert "ellipse" in shape.values


def test_without_a_name_the_rate_and_the_decay_of_the_optimizer_are_searched(base, assembler):
    assert tuple(dimensions([], base, assembler)) == DEFAULT


def test_a_logarithmic_space_that_is_declared_from_zero_begins_just_above(base, assembler):
    (decay,) = dimensions(["optimizer.weight_decay"], base, assembler).values()
    assert (decay.low, decay.high, decay.log) == (1e-6, 1.0, True)


def test_ranges_and_lists_narrow_what_is_declared(base, assembler):
    found = dimensions(
        ["optimizer.lr=0.01:0.3", "model.width=16,32", "train.batch_size=8:64:log", "crop.scale=[0.5,1.0],[0.2,1.0]"],
        base,
        assembler,
    )
    assert (found["optimizer.lr"].low, found["optimizer.lr"].high, found["optimizer.lr"].log) == (0.01, 0.3, True)
    assert found["model.width"].values == (16, 32)
    assert (found["train.batch_size"].whole, found["train.batch_size"].log) == (True, True)
    assert found["crop.scale"].values == ((0.5, 1.0), (0.2, 1.0))
    assert found["crop.scale"].read("[0.2, 1.0]") == (0.2, 1.0)


def test_a_whole_place_is_all_that_has_a_range_and_one_named_beside_it_keeps_its_own(base, assembler):
    space = read_space(["train.clip_norm=0.1:5", "optimizer", "train", "optimizer.lr=0.01:0.3"], base, assembler.lookup)
    found = {dimension.key: dimension for dimension in space.dimensions}
    assert {"optimizer.lr", "optimizer.momentum", "optimizer.weight_decay", "train.ema"} <= set(found)
    assert found["optimizer.lr"].high == 0.3
    assert "train.epochs" in space.left_out
    assert "train.clip_norm" not in space.left_out


def test_what_depends_on_a_component_is_searched_where_it_stands(base, assembler):
    space = read_space(["optimizer.beta1", "optimizer=nesterov,adamw", "optimizer.lr"], base, assembler.lookup)
    names = [dimension.name for dimension in space.dimensions]
    assert names == ["optimizer", "optimizer.beta1 (adamw)", "optimizer.lr (nesterov)", "optimizer.lr (adamw)"]

    chosen = {"optimizer": "adamw", "optimizer.beta1 (adamw)": 0.8, "optimizer.lr (adamw)": 0.002}
    values = space.values(lambda dimension: chosen[dimension.name])
    assert values == {"optimizer": "adamw", "optimizer.beta1": 0.8, "optimizer.lr": 0.002}
    tuned = space.pipeline(base, values, assembler.lookup).components["optimizer"]
    assert (tuned.use, tuned.params["lr"], tuned.params["beta1"]) == ("adamw", 0.002, 0.8)
    assert tuned.params["weight_decay"] == 0.01  # adamw's own default, not the base's

    kept = space.values(lambda dimension: {"optimizer": "nesterov", "optimizer.lr (nesterov)": 0.3}[dimension.name])
    assert space.pipeline(base, kept, assembler.lookup) == base.with_params("optimizer", lr=0.3)


def test_a_step_can_be_chosen_too(base, assembler):
    space = read_space(["morphology=morphology,dilate"], base, assembler.lookup)
    steps = space.pipeline(base, {"morphology": "dilate"}, assembler.lookup).steps
    assert [step.use for step in steps if step.name == "morphology"] == ["dilate"]


def test_the_base_is_a_point_of_the_space_or_is_outside(base, assembler):
    inside = read_space(["optimizer=nesterov,adamw", "optimizer.lr", "model.width"], base, assembler.lookup)
    assert inside.point_of(base) == {"optimizer": "nesterov", "optimizer.lr (nesterov)": 0.1, "model.width": 16}
    assert read_space(["optimizer.lr=0.2:0.3"], base, assembler.lookup).point_of(base) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("optimizer.lrr", "'lr'"),
        ("optimiser.lr", "'optimizer'"),
        ("optimiser", "'optimizer'"),
        ("optimizer.lr=0.01:20", "1e-06 to 10"),
        ("optimizer.lr=0.3:0.01", "lower bound"),
        ("optimizer.weight_decay=0:0.1", "above 0"),
        ("optimizer.lr=0.1", "leaves nothing to choose"),
        ("optimizer.lr=0.1,20", "1e-06 to 10"),
        ("optimizer=adamw", "leaves nothing to choose"),
        ("optimizer=adamw,adamm", "'adam'"),
        ("train.epochs", "train.epochs=1:20"),
        ("crop.scale", "values, such as crop.scale=[0.35, 1.0],..."),
        ("model.skip=0:1", "has no range"),
        ("morphology.shape=cross,elipse", "'ellipse'"),
        ("loss.x.y", "loss.x.y"),
    ],
)
def test_what_cannot_be_searched_is_refused_with_the_cure(text, told, base, assembler):
    with pytest.raises(StudyError, match=r".+") as refused:
        read_space([text], base, assembler.lookup)
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)
