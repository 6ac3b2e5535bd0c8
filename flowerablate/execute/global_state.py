"""Compares what a component may change in its process for all that comes after it: settings, functions of libraries."""

from __future__ import annotations

import contextlib
import os
import random
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch

from ..contracts import label_of
from ..errors import PluginError
from ..stats.wording import several
from ..train.device import prepare_process

_MODULES = (
    torch,
    torch.nn,
    torch.nn.functional,
    torch.nn.init,
    torch.nn.utils,
    torch.linalg,
    torch.fft,
    torch.special,
    torch.random,
    torch.autograd,
    torch.optim,
    torch.optim.lr_scheduler,
    torch.utils.data,
    np,
    np.linalg,
    np.fft,
    np.random,
    random,
)
_WRAPPED = torch.optim.Optimizer.step.__name__
"""The method of its class that the first optimizer of a class wraps."""

_OF_THE_COMPILER, _BY_THE_COMPILER = "_init_group", "_torchdynamo_disable"
"""The method of optimizers that the first torch.compile of a process replaces, and the mark of its wrappers."""

_FILTERS = "warnings.filters"
"""No result depends on it, and many libraries change it when they are imported."""


_NAMED = 5
"""How many changes a message names at most."""


def global_state() -> dict[str, Any]:
    """Return the settings of torch, NumPy and this process on which later trials depend, and the functions they call.

    Among these are the methods of tensors, modules and optimizers. Random states are left out: every trial seeds its
    own.
    """
    _load_what_changes_it()
    return dict([*_settings(), *_backends(), *_functions(), *_methods(), *_environment()])


@cache
def _load_what_changes_it() -> None:
    """Load the compiler now, which replaces functions of torch; the first optimizer of a process would."""
    torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)


def changes_between(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return the names of what differs, sorted."""
    return sorted(name for name in {**before, **after} if not _same(before.get(name), after.get(name)))


class Harm(BaseException):
    """A component has changed the process in which variants are prepared; no code of a component catches it."""


class HarmWatch:
    """Notices what the components of *suspects* change in a process that prepares several variants.

    It looks twice, since that takes a while: when all have been built, and by :meth:`look` at the end. *about* is told
    which variants are being prepared, and *threads* is the number that trials compute with.
    """

    def __init__(self, suspects: frozenset[str], about: Callable[[Collection[str]], None], threads: int) -> None:
        self.suspects, self._about, self._threads = suspects, about, threads
        self._seen: set[str] = set()
        self._before: dict[str, Any] | None = None
        self._built = False

    def turn_to(self, changes: Collection[str]) -> None:
        """Variants with these *changes* are looked at next; raise :class:`Harm` if those before did any."""
        if not self._built and not self._seen.isdisjoint(changes):
            self._built = True
            self.look()
        if self._before is None and not self.suspects.isdisjoint(changes):
            self._before = self._now()
        self._seen.update(changes)
        self._about(changes)

    def look(self) -> None:
        """Raise :class:`Harm` if anything has changed."""
        if self._before is None:
            return
        changed = changes_between(self._before, self._now())
        if set(changed) - {_FILTERS}:
            raise Harm(several(changed))

    def _now(self) -> dict[str, Any]:
        found = _as_for_a_trial(self._threads)
        with contextlib.suppress(OSError):  # the folder may have been removed
            found["the working directory"] = str(Path.cwd())
        return found


class StateWatch:
    """Sees to it that nothing changes this process for trials while their variants are prepared in it.

    *threads*: with how many trials compute.
    """

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._turned: Collection[str] = ()
        self._before = _as_for_a_trial(threads)

    def turn_to(self, changes: Collection[str]) -> None:
        """Have variants with these *changes* looked at next; raise :class:`PluginError` if those before changed it."""
        found = [name for name in changes_between(self._before, _as_for_a_trial(self._threads)) if name != _FILTERS]
        if found:
            who = several([label_of(change) for change in self._turned] or ["the study"])
            names = several(found if len(found) <= _NAMED else [*found[:_NAMED], f"{len(found) - _NAMED} more"])
            raise PluginError(
                f"{who} changed {names} when it was prepared, before any trial, which would "
                "affect all trials of this process; start again in a new process, with the executor processes"
            )
        self._turned = changes


def _as_for_a_trial(threads: int) -> dict[str, Any]:
    prepare_process(threads=threads)  # as each trial does: what it puts right harms none
    return global_state()


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
    yield _FILTERS, len(warnings.filters)


def _backends() -> Iterator[tuple[str, Any]]:
    for name, switches in _SWITCHES.items():
        backend = getattr(torch.backends, name, None)
        for switch in switches:
            if backend is not None and hasattr(backend, switch):
                yield f"torch.backends.{name}.{switch}", getattr(backend, switch)
    for name in ("flash_sdp_enabled", "mem_efficient_sdp_enabled", "math_sdp_enabled"):
        if hasattr(torch.backends.cuda, name):
            yield f"torch.backends.cuda.{name}()", getattr(torch.backends.cuda, name)()


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


def _methods() -> Iterator[tuple[str, Any]]:
    for named, found in _classes().items():
        optimizer = issubclass(found, torch.optim.Optimizer)
        for name, value in vars(found).items():
            called = callable(value) or isinstance(value, property | classmethod | staticmethod)
            if called and not (optimizer and name in (_WRAPPED, _OF_THE_COMPILER)):
                yield f"{named}.{name}", value
        if optimizer:
            method = getattr(found, _WRAPPED)
            while getattr(method, "hooked", False) or getattr(method, _BY_THE_COMPILER, False):
                method = method.__wrapped__
            yield f"{named}.{_WRAPPED}", method


@cache
def _classes() -> dict[str, type]:
    """Return the classes whose methods trials call, and those that they inherit from, by name; as they are at first."""
    names: dict[type, str] = {torch.Tensor: "torch.Tensor"}
    for module in _MODULES:
        for name, value in vars(module).items():
            if isinstance(value, type) and not name.startswith("_"):
                names.setdefault(value, f"{module.__name__}.{name}")
    for found in list(names):
        for above in found.__mro__:
            names.setdefault(above, f"{above.__module__}.{above.__qualname__}")
    return {name: found for found, name in names.items() if found.__module__.startswith(("torch", "numpy"))}


def _environment() -> Iterator[tuple[str, Any]]:
    for name, value in os.environ.items():
        if name.startswith(("FLOWERABLATE_", "OMP_", "MKL_", "CUDA_", "CUBLAS_", "TORCH_")):
            yield f"the environment variable {name}", value
