"""What checks the code has one version, wherever it is run."""

import re
import sys
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]


def test_pre_commit_installs_the_tools_that_the_extra_for_developers_pins():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pinned = {tool for tool in project["optional-dependencies"]["dev"] if "==" in tool}
    hooks = (ROOT / ".pre-commit-config.yaml").read_text()
    installed = re.findall(r"additional_dependencies: \[(.*)\]", hooks)
    assert len(installed) == hooks.count("language: python") > 0
    assert set(installed) == pinned
