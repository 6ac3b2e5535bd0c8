"""Steps that move pixels: resizing, crops, padding, flips and warps, run by the native core.

The default ``size`` 0 of a step means the ``image_size`` of the study.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import flowerablate as fa

from . import sizes, warps

if TYPE_CHECKING:
    from flowerablate.contracts import Register


@fa.hookimpl
def flowerablate_register(register: Register) -> None:
    """Register the geometric steps."""
    for spec in (*sizes.SPECS, *warps.SPECS):
        register(spec)
