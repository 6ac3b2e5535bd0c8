"""What components of one variant raise, before any trial: it costs that variant."""

from __future__ import annotations

import re

import pytest
from pipelines import BUILDING

import flowerablate as fa


@pytest.mark.parametrize("executor", ["processes", "inline"])
@pytest.mark.parametrize(
    "error", ["fa.StudyError('no')", "fa.DataError('no')", "fa.TrainingError('no')", "OSError(28, 'no')"]
)
def test_whatever_a_component_raises_when_it_is_built_costs_its_variant(run_tiny, error, executor):
    jobs = None if executor == "inline" else 2
    result = run_tiny(
        BUILDING.replace("BUILD", f"raise {error}"), disable="flip", swap="loss=bad", executor=executor, jobs=jobs
    )
    (failure,) = result.failed
    assert failure.label == "loss=bad"
    assert failure.reason.endswith("no")
    assert result["-flip"].n == 1


LATER = """
import flowerablate as fa

def build(context):
    calls = []

    def later(images, draws):
        calls.append(1)
        return LATER if len(calls) > 6 else images

    return fa.PythonOp(later)

def fail(images):
    raise OSError(28, "No space left on device")

@fa.hookimpl
def flowerablate_register(register):
    register(fa.StepSpec("later", "Breaks its promise later.", build))
"""


@pytest.mark.parametrize(
    ("returned", "reason"),
    [
        ('images.astype("float32")', "step 'flip' must return uint8"),
        ("images[:, ::2, ::2].copy()", "8x8 pixels"),
        ("fail(images)", r"step 'flip' failed: OSError: \[Errno 28\] No space left on device"),
    ],
)
def test_a_step_that_breaks_its_promise_later_costs_its_variant(run_tiny, returned, reason):
    result = run_tiny(LATER.replace("LATER if", f"{returned} if"), swap="flip=later")
    assert [failure.label for failure in result.failed] == ["flip=later"]
    assert re.search(reason, result.failed[0].reason), result.failed[0].reason


def test_an_error_of_the_study_ends_it_and_names_the_variant(run_tiny):
    with pytest.raises(fa.StudyError, match=r"^last.size=12: the steps return images of 12x12 pixels"):
        run_tiny(disable="flip", vary="last.size=12", **{"steps.last.use": "resize", "steps.last.size": 16})


@pytest.mark.parametrize("raised", ["SystemExit(0)", "KeyboardInterrupt()"])
def test_a_base_that_exits_when_it_is_built_here_is_an_error(run_tiny, raised):
    broken = BUILDING.replace("BUILD", f"raise {raised}")
    with pytest.raises(fa.PluginError, match="the base cannot be built: "):
        run_tiny(broken, **{"loss.use": "bad"}, disable="flip", executor="inline", jobs=None)
