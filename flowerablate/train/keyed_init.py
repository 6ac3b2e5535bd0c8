"""Initial values that are keyed by name: a pure function of the seed, the parameter's qualified name and its shape.

A constructor draws from one sequence of random numbers, so that with a layer more or less all later layers begin
elsewhere, and a comparison of the two models compares their luck too. Here each draw gets a seed of its own, made from
the name of the parameter into which it flows. The constructor may be anyone's: it is run and watched, not rewritten.
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

from ..errors import TrainingError
from ..keyed import torch_seed

_MAX_PASSES = 6


def build_keyed(build: Callable[[], nn.Module], seed: int) -> nn.Module:
    """Return ``build()``, with every random initial value keyed by (*seed*, name, number of the draw for that name).

    *build* is called several times, as a rule twice: which parameter a draw belongs to is only known when the module
    is complete, so the names found by one pass seed the draws of the next, until they agree. They agree at once unless
    the number of draws depends on what was drawn. The global random states of torch, NumPy and Python are left as they
    were. Raises :class:`TrainingError` where no agreement is reached, as for a network whose structure is drawn anew.
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
    raise TrainingError(
        "the model draws its own structure at random, so its initial values cannot be keyed by name; "
        "draw from a torch.Generator with a fixed seed instead"
    )


class _Watch(TorchDispatchMode):
    """Seeds each random operation for the name it is known to serve, and follows where the values go.

    Every operation below autograd passes here, so ``normal_``, ``randn``, ``bernoulli``, ``randperm`` and those to come
    are all caught by torch's own tag for random operations. Values may take detours: ``Parameter(randn(n) * 0.02)`` or
    the decomposition in ``orthogonal_``. So for each memory block it is kept which blocks it was computed from.
    """

    def __init__(self, seed: int, names: Sequence[str]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._seed = seed
        self._names = names
        self._ordinals: Counter[str] = Counter()
        self._draws: list[list[int]] = []
        self._readers: dict[int, dict[int, None]] = {}
        # Addresses name the blocks, so none may be freed and given out again while we watch.
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
        """Return for each draw the name in *module* that its values reach first, or "" where they reach none."""
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
    """Seed torch's generators of the CPU and of those CUDA devices that are in use.

    ``torch.manual_seed`` does the same, but where CUDA is not in use it notes the seed, with a stack trace, for when it
    will be; that costs more than the seeding and would outlast the restoring of random states.
    """
    torch.default_generator.manual_seed(seed)
    if _cuda_in_use():
        for generator in torch.cuda.default_generators:
            generator.manual_seed(seed)


@contextmanager
def _random_states_kept(seed: int) -> Iterator[None]:
    """Seed torch, NumPy and Python from *seed* for the time being."""
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
