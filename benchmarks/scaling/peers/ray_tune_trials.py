"""Empty trials through Ray Tune, two at once: ``ray_tune_trials.py N``. Each has a process that no other had."""

import logging
import os
import sys
import tempfile
from pathlib import Path

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

import ray
from empty import trial
from ray import tune


def trainable(settings: dict[str, int]) -> None:
    """Run one trial."""
    tune.report({"time": trial(settings["number"])})


if __name__ == "__main__":
    ray.init(
        num_cpus=2,
        logging_level=logging.ERROR,
        log_to_driver=False,
        include_dashboard=False,
        runtime_env={"env_vars": {"PYTHONPATH": str(Path(__file__).resolve().parent)}},
    )
    space = {"number": tune.grid_search(list(range(int(sys.argv[1]))))}
    with tempfile.TemporaryDirectory() as folder:
        tune.Tuner(trainable, param_space=space, run_config=tune.RunConfig(storage_path=folder, verbose=0)).fit()
