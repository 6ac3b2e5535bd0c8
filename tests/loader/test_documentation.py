"""The example of docs/how-to/loader.md runs as it stands."""

import re
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs" / "how-to" / "loader.md"


def test_the_example_of_the_document_runs_and_both_ways_agree():
    (source,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), flags=re.DOTALL)
    names: dict[str, object] = {}
    exec(compile(source, str(DOCUMENT), "exec"), names)
    dataset, loader, batches = names["dataset"], names["loader"], names["batches"]
    dataset.set_epoch(5)
    ours = [images.clone() for images, _ in batches.epoch(5)]
    assert len(ours) == 4
    assert all((mine == theirs).all() for mine, (theirs, _) in zip(ours, loader, strict=True))
