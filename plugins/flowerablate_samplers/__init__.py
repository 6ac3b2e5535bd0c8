"""Orders of the training images.

This module holds the hook and the parameters only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import flowerablate as fa

if TYPE_CHECKING:
    from flowerablate.contracts import Register


@fa.hookimpl
def flowerablate_register_sampler(register: Register) -> None:
    """Register shuffled."""
    register(fa.SamplerSpec("shuffled", "Every image once in an epoch, in random order.", build_shuffled))


def build_shuffled(context: fa.SamplerContext) -> Any:
    """Return the keyed order of each epoch."""
    from flowerablate.keyed import permutation

    return lambda epoch: permutation(len(context.labels), context.seed, "order", epoch)
