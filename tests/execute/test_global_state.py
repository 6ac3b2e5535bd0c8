"""What a component changes in the process of the run, where trials have none of their own, is named or refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pipelines import BUILDING

import flowerablate as fa
from flowerablate.execute.observer import SilentObserver

FAULTS = """
import sys
import flowerablate as fa

def patch():
    import numpy, torch
    torch.nn.functional.relu = lambda x, inplace=False: x * 0
    numpy.mean = lambda *words, **named: 0.0
    torch.backends.mkldnn.enabled = False

def patch_and_fail():
    patch()
    raise RuntimeError("after the patch")

def patch_deep():
    import numpy, torch
    numpy.linalg.norm = lambda *words, **named: 0.0
    torch.linalg.norm = lambda *words, **named: 0.0
    torch.Tensor.mean = lambda self, *words, **named: self.sum(*words, **named)
    torch.nn.Conv2d.forward = lambda self, images, forward=torch.nn.Conv2d.forward: forward(self, images) * 0.5

DO = {"patch": patch, "patch_and_fail": patch_and_fail, "patch_deep": patch_deep}

def build(context, what):
    import torch

    def loss(logits, targets):
        if torch.is_grad_enabled() and training():
            DO[what]()
        return torch.nn.functional.cross_entropy(logits, targets)

    return loss

def training():
    frame = sys._getframe()
    while frame and frame.f_code.co_name != "run_epoch":
        frame = frame.f_back
    return frame is not None

@fa.hookimpl
def flowerablate_register(register):
    for what in DO:
        register(fa.LossSpec(what, f"Does it: {what}.", lambda context, what=what: build(context, what)))
"""
PATCHED = "numpy.mean, torch.backends.mkldnn.enabled and torch.nn.functional.relu"


class Remembering(SilentObserver):
    def __init__(self):
        self.remarks, self.failed = [], []

    def remarked(self, text):
        self.remarks.append(text)


@pytest.fixture
def mended(monkeypatch):
    """Has all that the faults patch in this process put right afterwards."""
    for place, name in (
        (np, "mean"),
        (np.linalg, "norm"),
        (torch.nn.functional, "relu"),
        (torch.nn.Conv2d, "forward"),
        (torch.Tensor, "mean"),
        (torch.linalg, "norm"),
        (torch.backends.mkldnn, "enabled"),
    ):
        monkeypatch.setattr(place, name, getattr(place, name))


def changed_by(run_tiny, what):
    """What is said of a trial whose loss does *what* in this process, and the run's result."""
    heard = Remembering()
    result = run_tiny(FAULTS, swap=f"loss={what}", executor="inline", jobs=None, observer=heard)
    (said,) = (text for text in heard.remarks if "has changed" in text)
    return said, result


def test_where_isolation_cannot_be_had_a_changed_setting_is_named(run_tiny, mended):
    said, _ = changed_by(run_tiny, "patch")
    assert said.startswith(f"loss=patch seed 0 has changed {PATCHED} for all")


def test_it_is_named_too_if_the_trial_fails_after_it(run_tiny, mended):
    said, result = changed_by(run_tiny, "patch_and_fail")
    assert said.startswith(f"loss=patch_and_fail seed 0 has changed {PATCHED} for all")
    assert [failure.reason for failure in result.failed] == ["RuntimeError: after the patch"]


def test_methods_and_the_modules_below_are_looked_at(run_tiny, mended):
    said, _ = changed_by(run_tiny, "patch_deep")
    assert (
        "has changed numpy.linalg.norm, torch.Tensor.mean, torch.linalg.norm and torch.nn.Conv2d.forward for all"
        in said
    )


def test_what_a_component_changes_when_it_is_built_here_is_refused_before_the_first_trial(run_tiny, mended, tmp_path):
    line = "import numpy, torch; numpy.mean = lambda *words, **named: 0.0; torch.nn.functional.relu = abs; return None"
    message = (
        r"^loss=bad changed numpy.mean and torch.nn.functional.relu when it was prepared, .*the executor processes"
    )
    with pytest.raises(fa.PluginError, match=message):
        run_tiny(BUILDING.replace("BUILD", line), disable="flip", swap="loss=bad", executor="inline", jobs=None)
    assert not list((tmp_path / "runs").rglob("trials/*/result.json"))


def test_components_that_change_nothing_are_not_suspected(run_tiny):
    heard = Remembering()
    swaps = ("loss=focal", "optimizer=adamw", "scheduler=cosine", "sampler=balanced", "model=resnet14")
    harmless = BUILDING.replace(
        "BUILD", "import warnings, torch; warnings.simplefilter('ignore'); return torch.nn.CrossEntropyLoss()"
    )
    result = run_tiny(harmless, swap=[*swaps, "loss=bad"], executor="inline", jobs=None, observer=heard)
    assert result.failed == ()
    assert not [text for text in heard.remarks if "has changed" in text]
