"""Initial values keyed by name: a pure function of the seed, the parameter's qualified name and its shape.

A constructor usually draws from one sequence of random numbers. One layer more or less then changes the initial values
of all later layers, and a comparison of two models also compares their random numbers. Here each draw gets its own
seed, derived from the name of the parameter that it initialises. Any constructor will do: it is run and watched, not
rewritten.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from ..errors import TrainingError, calling_a_component
from ..keyed import torch_seed

_MAX_PASSES = 6


def build_keyed(build: Callable[[], nn.Module], seed: int) -> nn.Module:
    """Return ``build()``, with every random initial value keyed by (*seed*, name, number of the draw for that name).

    *build* is called several times, usually twice: only the complete module shows which parameter a draw belongs to, so
    the names found by one pass seed the draws of the next, until two passes agree. They agree at once unless the number
    of draws depends on the values drawn. The global random states of torch, NumPy and Python are restored. Raises
    :class:`TrainingError` if no two passes agree, as for a network that draws its structure at random.
    """
    names: list[str] = []
    for _ in range(_MAX_PASSES):
        with _random_states_kept(torch_seed(seed, "init")):
            watch = _Watch(seed, names)
            with watch:
                module = build()
            found = watch.names_of_draws(module)
        if found == names:
            return module
        names = found
    with calling_a_component():
        raise TrainingError(
            "the model draws its own structure at random, so its initial values cannot be keyed by name; "
            "draw from a torch.Generator with a fixed seed instead"
        )


class _Watch(TorchDispatchMode):
    """Seeds each random operation by the name that it is known to initialise, and traces where the values go.

    Every operation below autograd passes through here, and torch tags random operations, so ``normal_``, ``randn``,
    ``bernoulli``, ``randperm`` and future ones are all caught. Values may take detours: ``Parameter(randn(n) * 0.02)``
    or the decomposition in ``orthogonal_``. Therefore each memory block keeps track of the blocks computed from it.
    """

    def __init__(self, seed: int, names: Sequence[str]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._seed = seed
        self._names = names
        self._ordinals: Counter[str] = Counter()
        self._draws: list[list[int]] = []
        self._readers: dict[int, dict[int, None]] = {}
        # Addresses identify the blocks, so none may be freed and reused while we watch.
        self._alive: list[torch.UntypedStorage] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        is_draw = torch.Tag.nondeterministic_seeded in func.tags
        if is_draw:
            self._seed_next_draw()
        result = func(*args, **kwargs)
        written = self._blocks(result)
        if is_draw:
            self._draws.append(written)
        for source in self._blocks((args, kwargs)):
            for target in written:
                if source != target:
                    self._readers.setdefault(source, {})[target] = None
        return result

    def _seed_next_draw(self) -> None:
        number = len(self._draws)
        name = self._names[number] if number < len(self._names) else ""
        seed_torch(torch_seed(self._seed, "init", name, self._ordinals[name]))
        self._ordinals[name] += 1

    def _blocks(self, tree: Any) -> list[int]:
        storages = [leaf.untyped_storage() for leaf in tree_leaves(tree) if isinstance(leaf, torch.Tensor)]
        self._alive += storages
        return [_address(storage) for storage in storages]

    def names_of_draws(self, module: nn.Module) -> list[str]:
        """Return for each draw the first name in *module* that its values reach, or "" if they reach none."""
        names: dict[int, str] = {}
        for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
            if not nn.parameter.is_lazy(tensor):
                names.setdefault(_address(tensor.untyped_storage()), name)
        return [self._reached(blocks, names) for blocks in self._draws]

    def _reached(self, blocks: Sequence[int], names: Mapping[int, str]) -> str:
        seen = set(blocks)
        queue = list(blocks)
        for block in queue:
            if block in names:
                return names[block]
            new = [reader for reader in self._readers.get(block, ()) if reader not in seen]
            seen.update(new)
            queue += new
        return ""


def seed_torch(seed: int) -> None:
    """Seed torch's generators of the CPU and, if CUDA is initialised, of its devices.

    ``torch.manual_seed`` does the same, but while CUDA is not initialised it queues the seed, with a stack trace, for
    later: that costs more than the seeding, and the queued seed would survive the restoring of random states.
    """
    torch.default_generator.manual_seed(seed)
    if _cuda_in_use():
        for generator in torch.cuda.default_generators:
            generator.manual_seed(seed)


@contextmanager
def _random_states_kept(seed: int) -> Iterator[None]:
    """Seed torch, NumPy and Python from *seed*; restore their random states afterwards."""
    python, numpy = random.getstate(), np.random.get_state()
    devices = range(torch.cuda.device_count()) if _cuda_in_use() else ()
    with torch.random.fork_rng(devices=devices):
        seed_torch(seed)
        random.seed(seed)
        np.random.seed(seed % 2**32)
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)


def _cuda_in_use() -> bool:
    in_use: bool = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    return in_use


def _address(storage: torch.UntypedStorage) -> int:
    address: int = storage._cdata
    return address
