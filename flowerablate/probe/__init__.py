"""Finds, before anything is trained, the questions whose answer is zero because their arms are the same.

Every variant processes the same real images, builds its model, loss, optimizer and schedule, and is compared in what
comes out (:mod:`.pixels`, :mod:`.part_traces`); where two are the same, :mod:`.causes` looks for the place at which the
difference dies.
"""

from .design import Probed, probe_design

__all__ = ["Probed", "probe_design"]
