import pytest

from flowerablate.contracts import BatchOp, NativeOp, PythonOp
from flowerablate.errors import PluginError, StudyError
from flowerablate.preprocess import BuiltStep, stage

RESIZE = BuiltStep("resize", NativeOp("resize"), random=False)
OPEN = BuiltStep("open", NativeOp("morphology"), random=False)
PYTHON = BuiltStep("python", PythonOp(lambda images, draws: images), random=False)
CROP = BuiltStep("crop", NativeOp("random_resized_crop"), random=True, stand_in=NativeOp("center_crop"))
FLIP = BuiltStep("flip", NativeOp("horizontal_flip"), random=True)
MIX = BuiltStep("mix", BatchOp(lambda images, targets, draws, spare: None), random=True)
NORMALIZE = BuiltStep("normalize", NativeOp("normalize"), random=False)


def off(step: BuiltStep) -> BuiltStep:
    return BuiltStep(step.name, step.op, step.random, step.stand_in, enabled=False)


def names(ops):
    return [named.name for named in ops]


def stages_of(*steps):
    stages = stage(steps)
    return names(stages.prefix), names(stages.train), names(stages.evaluate)


def test_the_deterministic_beginning_runs_once():
    assert stages_of(RESIZE, OPEN, FLIP, NORMALIZE) == (["resize", "open"], ["flip", "normalize"], ["normalize"])


def test_a_deterministic_step_behind_a_random_one_runs_each_epoch():
    assert stages_of(RESIZE, FLIP, OPEN) == (["resize"], ["flip", "open"], ["open"])


def test_a_step_that_writes_floats_never_runs_ahead():
    assert stages_of(RESIZE, NORMALIZE) == (["resize"], ["normalize"], ["normalize"])


def test_a_step_behind_the_one_that_writes_floats_is_refused():
    with pytest.raises(StudyError, match="'flip' comes after 'normalize'"):
        stage([RESIZE, NORMALIZE, FLIP])
    stage([RESIZE, NORMALIZE, off(FLIP)])


def test_a_python_step_may_run_ahead():
    assert stages_of(RESIZE, PYTHON, FLIP)[0] == ["resize", "python"]


def test_a_random_step_leaves_its_stand_in_in_evaluation():
    stages = stage([RESIZE, CROP, FLIP])
    assert [named.op.op for named in stages.train] == ["random_resized_crop", "horizontal_flip"]
    assert [named.op.op for named in stages.evaluate] == ["center_crop"]


def test_a_removed_step_leaves_its_stand_in_which_may_run_ahead():
    stages = stage([RESIZE, off(CROP), OPEN, FLIP])
    assert [named.op.op for named in stages.prefix] == ["resize", "center_crop", "morphology"]
    assert names(stages.train) == ["flip"]


def test_a_removed_step_without_stand_in_is_gone():
    assert stages_of(RESIZE, off(OPEN), off(FLIP)) == (["resize"], [], [])


def test_a_step_on_whole_batches_acts_in_training_behind_all_others():
    stages = stage([RESIZE, FLIP, NORMALIZE, MIX])
    assert names(stages.train) == ["flip", "normalize"]
    assert names(stages.batch) == ["mix"]
    assert names(stages.evaluate) == ["normalize"]


def test_several_steps_on_whole_batches_keep_their_order():
    other = BuiltStep("other", MIX.op, random=True)
    assert names(stage([NORMALIZE, MIX, other]).batch) == ["mix", "other"]
    assert names(stage([NORMALIZE, off(MIX), other]).batch) == ["other"]


def test_a_step_behind_one_on_whole_batches_is_refused():
    with pytest.raises(StudyError, match="'flip' comes after 'mix'"):
        stage([RESIZE, MIX, FLIP])
    stage([RESIZE, off(MIX), FLIP])


@pytest.mark.parametrize("fields", [{"random": False}, {"random": True, "stand_in": NativeOp("resize")}])
def test_a_step_on_whole_batches_is_random_and_has_no_stand_in(fields):
    with pytest.raises(PluginError, match="must have random=True and no stand_in"):
        stage([BuiltStep("mix", MIX.op, **fields)])
