"""Every executor keeps the contract."""

import flowerablate_executors
import pytest

from flowerablate.testing import check_component, check_plugin

PARAMS = {"slurm": {"cluster": "local"}}


@pytest.mark.parametrize("spec", check_plugin(flowerablate_executors), ids=lambda spec: spec.name)
def test_the_executor_keeps_the_contract(spec, tmp_path):
    for module in {"ray": ["ray"], "slurm": ["submitit"]}.get(spec.name, []):
        pytest.importorskip(module)
    check_component(spec, cache=tmp_path, params=PARAMS.get(spec.name))
