"""The study as a script written by hand: one trial after another, torchvision's transforms, two workers.

python benchmarks/scaling/script.py PATH --model resnet14 --seeds 6
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "training"))

from plain import STEPS, train
from recipe import Recipe
from study_options import study_options

OTHER_RATE = 0.02
"""The learning rate of the variant in which it is another one."""


def main() -> None:
    """Train all trials, and print the accuracy of each as a line of JSON."""
    options = study_options("Run the study by hand.").parse_args()
    for seed in range(options.seeds):
        base = Recipe(options.path, options.model, options.epochs, 0.05, seed, Path())
        for name in ("", *STEPS):
            print(json.dumps({"variant": name, **asdict(train(base, name))}), flush=True)
        print(json.dumps({"variant": "lr", **asdict(train(replace(base, lr=OTHER_RATE)))}), flush=True)


if __name__ == "__main__":
    main()
