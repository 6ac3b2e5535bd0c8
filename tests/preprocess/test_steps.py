import pytest

from flowerablate.contracts import NativeOp, PythonOp
from flowerablate.errors import StudyError
from flowerablate.preprocess import BuiltStep, stage

RESIZE = BuiltStep("resize", NativeOp("resize"), random=False)
OPEN = BuiltStep("open", NativeOp("morphology"), random=False)
PYTHON = BuiltStep("python", PythonOp(lambda images, draws: images), random=False)
CROP = BuiltStep("crop", NativeOp("random_resized_crop"), random=True, stand_in=NativeOp("center_crop"))
FLIP = BuiltStep("flip", NativeOp("horizontal_flip"), random=True)
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
    with pytest.raises(StudyError, match="'flip' stands behind 'normalize'"):
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
