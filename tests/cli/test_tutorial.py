"""The commands of the tutorial run in its order, in one folder."""

import re
import shlex
from itertools import pairwise
from pathlib import Path

import pytest

from flowerablate.study.templates import default_study

TUTORIAL = Path(__file__).resolve().parents[2] / "docs" / "tutorial.md"


def small(text):
    """The default study as *text*, with few small images and short trainings."""
    for key, value in (("image_size", 16), ("size", 20), ("epochs", 1), ("seeds", 2)):
        text, found = re.subn(rf"^{key} = \d+", f"{key} = {value}", text, count=1, flags=re.MULTILINE)
        assert found, key
    for line, more in (('use = "synthetic-flowers"', "images = 60"), ("[executor]", 'use = "inline"')):
        assert line in text
        text = text.replace(line, f"{line}\n{more}", 1)
    return text


@pytest.mark.slow
def test_every_command_of_the_tutorial_works_after_those_before_it(command, folder):
    (folder / "study.toml").write_text(small(default_study()))  # what ``run`` takes where no study is named
    blocks = re.findall(r"```bash\n(.*?)```", TUTORIAL.read_text(), flags=re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line.startswith("flowerablate ")]
    assert len(lines) >= 11
    for line in lines:
        words = shlex.split(line)[1:]
        done = command(*words)
        assert done.returncode == 0, (line, done.stderr)
        if words[0] == "init":
            (folder / words[1]).write_text(small((folder / words[1]).read_text()))
        for option, name in pairwise(words):
            assert option not in ("--out", "--sheet") or (folder / name).stat().st_size > 0, line
    assert {path.name for path in folder.glob("runs/*")} == {"default"}
