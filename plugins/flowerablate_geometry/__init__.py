"""Steps that move pixels: resizing, crops, flips and warps, run by the native core.

Wherever a step has a ``size``, the default 0 stands for the ``image_size`` of the study.
"""

from __future__ import annotations

from flowerablate import hookimpl
from flowerablate.contracts import Register

from . import sizes, warps


@hookimpl
def flowerablate_register(register: Register) -> None:
    """Register the geometric steps."""
    for spec in (*sizes.SPECS, *warps.SPECS):
        register(spec)
