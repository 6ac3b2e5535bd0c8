"""Trials on a Ray cluster and on Slurm: the bits of inline, also where a node is lost."""

import json
import threading

import pytest
from same_bits import equal

import flowerablate as fa
from flowerablate.execute.observer import SilentObserver

pytestmark = pytest.mark.slow
SLOWLY = """
import os
import sys
import time
import flowerablate as fa

def build(context):
    import torch

    def loss(logits, targets):
        time.sleep(0.1)
        return torch.nn.functional.cross_entropy(logits, targets)

    return loss

def build_exit(context, code):
    import torch

    def loss(logits, targets):
        frame = sys._getframe()
        while frame and frame.f_code.co_name != "run_epoch":
            frame = frame.f_back
        if frame and torch.is_grad_enabled():
            os._exit(code)
        return torch.nn.functional.cross_entropy(logits, targets) * (2 + code)

    return loss

@fa.hookimpl
def flowerablate_register(register):
    register(fa.LossSpec("slow", "Takes a while.", build))
    register(fa.LossSpec("exits", "Ends its process.", build_exit, (fa.Param("code", 0, "exit code", 0, 255),)))
"""

HANG = """

def trains():
    import traceback
    return any(frame.name == "run_epoch" for frame in traceback.extract_stack())

def hang():
    print("about to hang", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def study(tmp_path, images, tiny_study):
    """Run a study of a moment: ``study(**options)``; with a plugin of its own, which a node must be given."""
    yield made(tmp_path, images, tiny_study)
    if not images.exists():
        images.with_name("away").rename(images)


@pytest.fixture(scope="module")
def images(tmp_path_factory, make_images):
    return make_images(tmp_path_factory.mktemp("images") / "here")


def made(folder, images, tiny_study):
    (folder / "flowerablate_local.py").write_text(SLOWLY)
    (folder / "tiny.toml").write_text(tiny_study("crop", "flip"))
    asked = fa.Study.read(folder / "tiny.toml", images).override("loss.use", "slow")

    def run(**options):
        return fa.run(asked, **{"disable": "flip", "seeds": 2, "threads": 1, "progress": False, **options})

    return run


@pytest.fixture(scope="module")
def inline(tmp_path_factory, images, tiny_study):
    """The ledgers of the same study, run in this process."""
    folder = tmp_path_factory.mktemp("inline")
    made(folder, images, tiny_study)(runs=folder / "runs", executor="inline")
    return folder / "runs"


@pytest.fixture
def cluster(tmp_path):
    """A Ray cluster of two nodes whose caches are empty, with room for one trial each."""
    pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    caches = [{"FLOWERABLATE_CACHE": str(tmp_path / name), "RAY_USAGE_STATS_ENABLED": "0"} for name in ("one", "two")]
    cluster = Cluster(True, head_node_args={"num_cpus": 1, "env_vars": caches[0]})
    cluster.second = cluster.add_node(num_cpus=1, env_vars=caches[1])
    yield cluster
    cluster.shutdown()


class WithoutImages(SilentObserver):
    """Takes the images away once two trials are at work, and calls *then*."""

    def __init__(self, folder, then):
        self.folder, self.then = folder, then
        self.started, self.at_work = [], set()

    def trial_started(self, trial):
        self.started.append(trial.id)

    def step_done(self, trial, epoch, step, steps):
        self.at_work.add(trial.id)
        if len(self.at_work) == 2 and self.folder.exists():
            self.folder.rename(self.folder.with_name("away"))
            threading.Thread(target=self.then).start()


@pytest.mark.parametrize("lost", [False, True], ids=["both nodes", "a node is lost"])
def test_nodes_of_a_ray_cluster_need_no_images_and_one_may_be_lost(study, cluster, tmp_path, images, inline, lost):
    then = (lambda: cluster.remove_node(cluster.second, allow_graceful=False)) if lost else lambda: None
    watch = WithoutImages(images, then)
    result = study(runs=tmp_path / "ray", executor=f"ray,address={cluster.address}", observer=watch)
    assert len(watch.started) - len(set(watch.started)) == lost, "the trial of the lost node runs again"
    assert result.failed == ()
    equal(inline, tmp_path / "ray")
    for cache in ("one", "two"):
        assert list((tmp_path / cache / "packed").iterdir()), "each node was sent the packed images"
    assert not list((tmp_path / "one" / "jobs").iterdir()), "nothing of a job stays on its node"


def test_ray_is_started_on_this_machine_if_there_is_no_cluster(study, tmp_path, inline):
    pytest.importorskip("ray")
    study(runs=tmp_path / "ray", executor="ray")
    equal(inline, tmp_path / "ray")


def test_a_trial_that_ray_stops_for_its_time_has_its_log_here(tmp_path, images, tiny_study):
    pytest.importorskip("ray")
    hang = SLOWLY.replace("time.sleep(0.1)", "trains() and hang()") + HANG
    made(tmp_path, images, tiny_study)
    (tmp_path / "flowerablate_local.py").write_text(hang)
    asked = fa.Study.read(tmp_path / "tiny.toml", images)
    given = {"swap": "loss=slow", "seeds": 1, "threads": 1, "executor": "ray", "trial_timeout": "8s"}
    result = fa.run(asked, runs=tmp_path / "ray", progress=False, **given)
    (failure,) = result.failed
    stopped = "it exceeded its time limit of 8 s and was stopped"
    assert failure.reason == f"{stopped}; the last line of its log: about to hang"
    folder = tmp_path / "ray" / "tiny" / "trials" / failure.trial_id
    assert "about to hang" in (folder / "log.txt").read_text()
    assert "about to hang" in json.loads((folder / "failure.json").read_text())["traceback"]


def test_slurm_in_the_mode_that_submitit_plays_on_one_machine(study, tmp_path, inline):
    pytest.importorskip("submitit")
    study(runs=tmp_path / "slurm", executor="slurm,cluster=local", jobs=2)
    equal(inline, tmp_path / "slurm")


@pytest.mark.parametrize(("library", "executor"), [("ray", "ray"), ("submitit", "slurm,cluster=local")])
def test_an_exit_code_that_a_component_chose_says_nothing_of_the_trial(study, tmp_path, library, executor):
    pytest.importorskip(library)
    codes = (74, 75, 76, 255)
    swap = [f"loss=exits,code={code}" for code in codes]
    result = study(runs=tmp_path / library, executor=executor, jobs=2, seeds=1, swap=swap)
    reasons = {failure.reason.partition(";")[0] for failure in result.failed}
    assert reasons == {f"its process ended with exit code {code}" for code in codes}
    assert (result["-flip"].n, result.elsewhere, result.left) == (1, 0, 0)
