"""Loads what every trial needs, once, in the process from which those of trials are forked: torch and the plugins.

Nothing is computed here that would start a thread: a fork must find no other.
"""

import contextlib
import gc
import pkgutil
import sys
from importlib import import_module

from ..contracts import OWN_DISTRIBUTION, SPECS, MeasureSpec, MetricSpec
from ..discovery import discover
from ..train.threads import wait_politely

wait_politely()  # before torch is imported by what follows

import torch  # noqa: E402

from . import preparing, trial_job  # noqa: E402, F401

for _plugin in discover(strict=False).plugins:
    _in_trials = any(SPECS[slot].in_pipeline or SPECS[slot] in (MetricSpec, MeasureSpec) for slot in _plugin.components)
    if _plugin.owner.distribution == OWN_DISTRIBUTION and _in_trials:
        _package = sys.modules[f"{OWN_DISTRIBUTION}_{_plugin.owner.plugin}"]
        for _module in pkgutil.iter_modules(_package.__path__, f"{_package.__name__}."):
            with contextlib.suppress(ImportError):  # a library that is not installed
                import_module(_module.name)

torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)  # the first optimizer of a process loads the compiler

gc.collect()
gc.freeze()  # a collection in a forked process must not touch, and so copy, the memory that it shares
