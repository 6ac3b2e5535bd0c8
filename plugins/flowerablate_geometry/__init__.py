"""Steps that move pixels: resizing, crops, padding, flips and warps, run by the native core.

The default ``size`` 0 of a step means the ``image_size`` of the study.
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
