from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import flowerablate_datasets

from flowerablate import DataContext
from flowerablate.discovery import collect_specs


def test_the_plugin_brings_its_data_sets_and_builds_them(context: DataContext) -> None:
    specs = {spec.name: spec for spec in collect_specs(flowerablate_datasets, "datasets")}
    public = {"chest-xray", "findings", "flowers", "flowers102"}
    assert set(specs) == {"folder", "synthetic-flowers", "table", *public}
    drawn = specs["synthetic-flowers"].build(context, images=10, size=16, seed=0, noise=0.0)
    stored = specs["folder"].build(context, path=str(drawn.paths[0].parent.parent))
    assert replace(stored, left_out=()) == drawn


def test_the_defaults_are_those_that_the_documentation_speaks_of() -> None:
    specs = {spec.name: spec for spec in collect_specs(flowerablate_datasets, "datasets")}
    defaults = {param.name: param.default for param in specs["synthetic-flowers"].params}
    assert defaults == {"images": 1300, "size": 36, "seed": 0, "noise": 1.0}
    assert [param.name for param in specs["folder"].params] == ["path", "level", "classes", "parts", "within"]


def test_listing_the_plugin_imports_nothing_heavy() -> None:
    code = "import sys, flowerablate_datasets; print(sorted({'torch', 'numpy', 'PIL', 'scipy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
