"""Whether the trials of two ledgers are the same to the bit."""

import json
from pathlib import Path


def equal(one: Path, other: Path) -> None:
    """Check that the trials in *one* are in *other* to the bit."""
    for folder in sorted((one / "tiny" / "trials").iterdir()):
        twin = other / "tiny" / "trials" / folder.name
        for name in ("predictions.npz", "best.safetensors"):
            assert (folder / name).read_bytes() == (twin / name).read_bytes(), (folder.name, name)
        mine, its = (json.loads((each / "result.json").read_text()) for each in (folder, twin))
        for key in ("metrics", "validation", "facts", "best_epoch"):
            assert mine[key] == its[key], (folder.name, key)
