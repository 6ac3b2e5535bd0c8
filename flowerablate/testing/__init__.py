"""Conformance suites for plugin authors: run them in your own tests.

Each check raises :class:`AssertionError` with a message that says what to fix. A complete test of a plugin is::

    import my_plugin
    from flowerablate.testing import check_component, check_plugin

    def test_the_plugin_keeps_the_contract(tmp_path):
        for spec in check_plugin(my_plugin):
            check_component(spec, cache=tmp_path)

Importing this module loads neither torch nor the native core; the checks that need them import them.
"""

from .check_columns import check_column
from .check_components import check_component
from .check_datasets import check_dataset
from .check_draws import KeyedDraws, NoDraws
from .check_executors import check_executor
from .check_measures import check_measure
from .check_metrics import check_metric
from .check_models import check_model
from .check_samplers import check_sampler
from .check_steps import check_step
from .check_trackers import check_tracker
from .check_training import check_loss, check_optimizer, check_scheduler
from .plugin import check_plugin

__all__ = [
    "KeyedDraws",
    "NoDraws",
    "check_column",
    "check_component",
    "check_dataset",
    "check_executor",
    "check_loss",
    "check_measure",
    "check_metric",
    "check_model",
    "check_optimizer",
    "check_plugin",
    "check_sampler",
    "check_scheduler",
    "check_step",
    "check_tracker",
]
