"""The study of :mod:`script` in the harness, with an empty ledger and an empty cache.

python benchmarks/scaling/in_harness.py PATH --model resnet14 --seeds 6 --until-decided
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "training"))

from study_options import study_options

import flowerablate as fa


def main() -> None:
    """Run the study, print its table to standard error, and its verdicts as JSON."""
    parser = study_options("Run the study in the harness.")
    parser.add_argument("--until-decided", action="store_true")
    options = parser.parse_args()
    # After the arguments: these load torch, which the run's own process needs only for its plan.
    from recipe import Recipe
    from script import OTHER_RATE
    from study import keys_of

    with tempfile.TemporaryDirectory() as folder:
        os.environ["FLOWERABLATE_CACHE"] = f"{folder}/cache"
        recipe = Recipe(options.path, options.model, options.epochs, 0.05, 1, Path(folder))
        keys = {name: value for name, value in keys_of(recipe).items() if name != "ablation.disable"}
        asked = {"disable": ["crop", "flip", "rotation", "light"], "vary": f"optimizer.lr={OTHER_RATE}"}
        amount = {"seeds": options.seeds}
        if options.until_decided:
            amount = {"seeds": 2, "max_seeds": options.seeds, "until_decided": True}
        result = fa.run(fa.Study(keys=keys), runs=f"{folder}/runs", progress=False, **asked, **amount)
        print(result, file=sys.stderr)
        rows = {row.label: {"verdict": str(row.verdict), "n": row.n} for row in result.rows}
        trials = len(list(Path(folder, "runs").rglob("result.json")))
    print(json.dumps({"rows": rows, "trials": trials}))


if __name__ == "__main__":
    main()
