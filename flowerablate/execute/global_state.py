"""Compares what a component may change in its process for all that comes after it: settings, functions of libraries."""

from __future__ import annotations

import os
import random
import warnings
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

import numpy as np
import torch

_MODULES = (torch, torch.nn, torch.nn.functional, torch.nn.init, torch.optim, torch.utils.data, np, np.random)


def global_state() -> dict[str, Any]:
    """Return the settings of torch, NumPy and this process on which later trials depend, and the functions they call.

    Random states are not among them: every trial seeds its own.
    """
    return dict([*_settings(), *_backends(), *_functions(), *_environment()])


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return the names of what differs, sorted."""
    return sorted(name for name in {**before, **after} if not _same(before.get(name), after.get(name)))


def _same(one: Any, other: Any) -> bool:
    return one is other or (type(one) is type(other) and isinstance(one, _PLAIN) and one == other)


_PLAIN = (bool, int, float, str, bytes, tuple, type(None), torch.dtype, torch.device)


def _settings() -> Iterator[tuple[str, Any]]:
    yield "torch.get_default_dtype()", torch.get_default_dtype()
    yield "torch.get_default_device()", str(torch.get_default_device())
    yield "torch.get_num_threads()", torch.get_num_threads()
    yield "torch.is_grad_enabled()", torch.is_grad_enabled()
    yield "torch.is_anomaly_enabled()", torch.is_anomaly_enabled()
    yield "torch.get_deterministic_debug_mode()", torch.get_deterministic_debug_mode()
    yield "torch.get_float32_matmul_precision()", torch.get_float32_matmul_precision()
    yield "numpy.geterr()", tuple(sorted(np.geterr().items()))
    yield "warnings.filters", len(warnings.filters)
    yield "random.random", random.random


def _backends() -> Iterator[tuple[str, Any]]:
    for name, switches in _SWITCHES.items():
        backend = getattr(torch.backends, name, None)
        for switch in switches:
            if backend is not None and hasattr(backend, switch):
                yield f"torch.backends.{name}.{switch}", getattr(backend, switch)


_SWITCHES = {
    "mkldnn": ("enabled", "deterministic", "allow_tf32"),
    "cudnn": ("enabled", "benchmark", "deterministic", "allow_tf32"),
    "opt_einsum": ("enabled", "strategy"),
}


def _functions() -> Iterator[tuple[str, Any]]:
    for module in _MODULES:
        for name, value in vars(module).items():
            if callable(value) and not name.startswith("_") and not isinstance(value, ModuleType):
                yield f"{module.__name__}.{name}", value


def _environment() -> Iterator[tuple[str, Any]]:
    for name, value in os.environ.items():
        if name.startswith(("FLOWERABLATE_", "OMP_", "MKL_", "CUDA_", "CUBLAS_", "TORCH_")):
            yield f"the environment variable {name}", value
